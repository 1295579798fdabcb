using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;
using static MessagePack.MessagePackPrimitives;

namespace MessagePack;

public ref partial struct MessagePackReader
{
    /// <summary>Reads the header of an array: the number of elements that follow.</summary>
    /// <exception cref="EndOfStreamException">Fewer bytes follow than it has elements, of at least one byte each.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int ReadArrayHeader()
    {
        if (index < span.Length && (span[index] & 0xf0) == MessagePackCode.MinFixArray)
        {
            int count = span[index] & 0x0f;
            Require(1, count);
            index++;
            return count;
        }

        return ReadWideArrayHeader();
    }

    /// <summary>Reads the header of an array if all of it is there, and says whether it was; what follows is not looked at.</summary>
    /// <exception cref="OverflowException">It has more than 2³¹ − 1 elements.</exception>
    [SkipLocalsInit]
    public bool TryReadArrayHeader(out int count)
    {
        DecodeResult result = MessagePackPrimitives.TryReadArrayHeader(Ahead(stackalloc byte[MaxHeaderSize]), out uint wide, out int size);
        count = checked((int)wide);
        return TryAccept(result, size, "an array");
    }

    /// <summary>Reads the header of a map: the number of pairs that follow.</summary>
    /// <exception cref="EndOfStreamException">Fewer bytes follow than it has pairs, of at least two bytes each.</exception>
    [SkipLocalsInit]
    public int ReadMapHeader()
    {
        DecodeResult result = MessagePackPrimitives.TryReadMapHeader(Ahead(stackalloc byte[MaxHeaderSize]), out uint count, out int size);
        return AcceptCount(result, size, count, 2, "a map");
    }

    /// <summary>Reads the header of a map if all of it is there, and says whether it was; what follows is not looked at.</summary>
    /// <exception cref="OverflowException">It has more than 2³¹ − 1 pairs.</exception>
    [SkipLocalsInit]
    public bool TryReadMapHeader(out int count)
    {
        DecodeResult result = MessagePackPrimitives.TryReadMapHeader(Ahead(stackalloc byte[MaxHeaderSize]), out uint wide, out int size);
        count = checked((int)wide);
        return TryAccept(result, size, "a map");
    }

    /// <summary>Reads binary data, or a string as its bytes; null for <c>nil</c>. The result is a slice of what the reader was given.</summary>
    public ReadOnlySequence<byte>? ReadBytes()
    {
        if (TryReadNil())
        {
            return null;
        }

        int headerSize = PeekBlock(acceptBinary: true, "binary data", out uint byteCount);
        Advance(headerSize);
        return Take(byteCount);
    }

    /// <summary>Reads a string as its bytes of UTF-8; null for <c>nil</c>. The result is a slice of what the reader was given.</summary>
    public ReadOnlySequence<byte>? ReadStringSequence()
    {
        if (TryReadNil())
        {
            return null;
        }

        int headerSize = PeekBlock(acceptBinary: false, "a string", out uint byteCount);
        Advance(headerSize);
        return Take(byteCount);
    }

    /// <summary>
    /// Reads a string as its bytes of UTF-8 if they lie in one segment. Returns false, and reads nothing, if they do not or for <c>nil</c>:
    /// <see cref="ReadStringSequence"/> reads those.
    /// </summary>
    public bool TryReadStringSpan(out ReadOnlySpan<byte> span)
    {
        span = default;
        if (IsNil)
        {
            return false;
        }

        int headerSize = PeekBlock(acceptBinary: false, "a string", out uint byteCount);
        if (headerSize + (long)byteCount > this.span.Length - index)
        {
            // The header may end its segment and the string begin, whole, the next one.
            MessagePackReader ahead = this;
            ahead.Advance(headerSize);
            if (byteCount > 0 && ahead.index == ahead.span.Length)
            {
                ahead.EnterNextSpan();
            }

            if (byteCount > ahead.span.Length - ahead.index)
            {
                return false;
            }

            this = ahead;
            headerSize = 0;
        }

        span = this.span.Slice(index + headerSize, (int)byteCount);
        index += headerSize + (int)byteCount;
        return true;
    }

    /// <summary>Reads a string; null for <c>nil</c>. Bytes that are not UTF-8 become U+FFFD.</summary>
    public string? ReadString()
    {
        if (TryReadNil())
        {
            return null;
        }

        int headerSize = PeekBlock(acceptBinary: false, "a string", out uint byteCount);
        if (byteCount > int.MaxValue)
        {
            Throw.TooLong("string", byteCount, Consumed);
        }

        if (headerSize + (long)byteCount <= span.Length - index)
        {
            string value = Encoding.UTF8.GetString(span.Slice(index + headerSize, (int)byteCount));
            index += headerSize + (int)byteCount;
            return value;
        }

        Advance(headerSize);
        return Encoding.UTF8.GetString(Take(byteCount));
    }

    /// <summary>Reads the header of an extension.</summary>
    /// <exception cref="EndOfStreamException">Fewer bytes follow than it says.</exception>
    [SkipLocalsInit]
    public ExtensionHeader ReadExtensionFormatHeader()
    {
        DecodeResult result = TryReadExtensionHeader(Ahead(stackalloc byte[MaxHeaderSize]), out ExtensionHeader header, out int size);
        if (result != DecodeResult.Success)
        {
            Refuse(result, "an extension");
        }

        Require(size, header.Length);
        Advance(size);
        return header;
    }

    /// <summary>Reads the header of an extension if all of it is there, and says whether it was; what follows is not looked at.</summary>
    [SkipLocalsInit]
    public bool TryReadExtensionFormatHeader(out ExtensionHeader extensionHeader)
    {
        DecodeResult result = TryReadExtensionHeader(Ahead(stackalloc byte[MaxHeaderSize]), out extensionHeader, out int size);
        return TryAccept(result, size, "an extension");
    }

    /// <summary>Reads an extension. Its data is a slice of what the reader was given.</summary>
    public ExtensionResult ReadExtensionFormat()
    {
        ExtensionHeader header = ReadExtensionFormatHeader();
        return new ExtensionResult(header.TypeCode, Take(header.Length));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    [SkipLocalsInit]
    private int ReadWideArrayHeader()
    {
        DecodeResult result = MessagePackPrimitives.TryReadArrayHeader(Ahead(stackalloc byte[MaxHeaderSize]), out uint count, out int size);
        return AcceptCount(result, size, count, 1, "an array");
    }

    private int AcceptCount(DecodeResult result, int size, uint count, int leastBytesEach, string expected)
    {
        if (result != DecodeResult.Success)
        {
            Refuse(result, expected);
        }

        Require(size, (long)count * leastBytesEach);
        int narrow = checked((int)count);
        Advance(size);
        return narrow;
    }

    private bool TryAccept(DecodeResult result, int size, string expected)
    {
        if (result == DecodeResult.TokenMismatch)
        {
            Refuse(result, expected);
        }

        if (result != DecodeResult.Success)
        {
            return false;
        }

        Advance(size);
        return true;
    }

    /// <summary>Looks at the header of a string or, if accepted, of binary data, all of which is there; returns the size of the header.</summary>
    [SkipLocalsInit]
    private readonly int PeekBlock(bool acceptBinary, string expected, out uint byteCount)
    {
        ReadOnlySpan<byte> ahead = Ahead(stackalloc byte[MaxHeaderSize]);
        DecodeResult result = TryReadStringHeader(ahead, out byteCount, out int size);
        if (result == DecodeResult.TokenMismatch && acceptBinary)
        {
            result = TryReadBinHeader(ahead, out byteCount, out size);
        }

        if (result == DecodeResult.TokenMismatch)
        {
            Throw.UnexpectedCode(ahead[0], expected, Consumed);
        }

        if (result != DecodeResult.Success)
        {
            Throw.EndOfData(Consumed);
        }

        Require(size, byteCount);
        return size;
    }

    /// <summary>The next bytes, known to be there, as a slice.</summary>
    private ReadOnlySequence<byte> Take(long byteCount)
    {
        ReadOnlySequence<byte> taken = sequence.Slice(Position, byteCount);
        Advance(byteCount);
        return taken;
    }
}
