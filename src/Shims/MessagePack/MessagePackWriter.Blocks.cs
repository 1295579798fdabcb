using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;

namespace MessagePack;

public ref partial struct MessagePackWriter
{
    /// <summary>Every UTF-16 code unit becomes at most three bytes, so a string of up to this many has a header of one byte.</summary>
    private const int MaxShortStringChars = 10;

    /// <summary>Writes the header of an array; the caller writes its <paramref name="count"/> elements.</summary>
    public void WriteArrayHeader(int count) => WriteArrayHeader(checked((uint)count));

    /// <inheritdoc cref="WriteArrayHeader(int)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteArrayHeader(uint count)
    {
        ref byte destination = ref Reserve(MessagePackPrimitives.MaxNumberSize);
        used += MessagePackPrimitives.EncodeArrayHeader(ref destination, count);
    }

    /// <summary>Writes the header of a map; the caller writes <paramref name="count"/> keys, each followed by its value.</summary>
    public void WriteMapHeader(int count) => WriteMapHeader(checked((uint)count));

    /// <inheritdoc cref="WriteMapHeader(int)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteMapHeader(uint count)
    {
        ref byte destination = ref Reserve(MessagePackPrimitives.MaxNumberSize);
        used += MessagePackPrimitives.EncodeMapHeader(ref destination, count);
    }

    /// <summary>Writes binary data, or <c>nil</c> for null.</summary>
    public void Write(byte[]? src)
    {
        if (src is null)
        {
            WriteNil();
            return;
        }

        Write(src.AsSpan());
    }

    /// <summary>Writes binary data.</summary>
    public void Write(scoped ReadOnlySpan<byte> src)
    {
        WriteBinHeader(src.Length);
        Append(src);
    }

    /// <inheritdoc cref="Write(ReadOnlySpan{byte})"/>
    public void Write(in ReadOnlySequence<byte> src)
    {
        WriteBinHeader(checked((int)src.Length));
        WriteRaw(src);
    }

    /// <summary>Writes the header of binary data; the caller writes its <paramref name="length"/> bytes.</summary>
    public void WriteBinHeader(int length)
    {
        ref byte destination = ref Reserve(MessagePackPrimitives.MaxNumberSize);
        used += MessagePackPrimitives.EncodeBinHeader(ref destination, checked((uint)length));
    }

    /// <summary>Writes a string that is UTF-8 already.</summary>
    public void WriteString(ReadOnlySpan<byte> utf8stringBytes)
    {
        WriteStringHeader(utf8stringBytes.Length);
        Append(utf8stringBytes);
    }

    /// <inheritdoc cref="WriteString(ReadOnlySpan{byte})"/>
    public void WriteString(in ReadOnlySequence<byte> utf8stringBytes)
    {
        WriteStringHeader(checked((int)utf8stringBytes.Length));
        WriteRaw(utf8stringBytes);
    }

    /// <summary>Writes the header of a string; the caller writes its <paramref name="byteCount"/> bytes of UTF-8.</summary>
    public void WriteStringHeader(int byteCount)
    {
        ref byte destination = ref Reserve(MessagePackPrimitives.MaxNumberSize);
        used += MessagePackPrimitives.EncodeStringHeader(ref destination, checked((uint)byteCount));
    }

    /// <summary>Writes a string, or <c>nil</c> for null. A surrogate without its pair is written as U+FFFD.</summary>
    public void Write(string? value)
    {
        if (value is null)
        {
            WriteNil();
            return;
        }

        Write(value.AsSpan());
    }

    /// <inheritdoc cref="Write(string)"/>
    public void Write(scoped ReadOnlySpan<char> value)
    {
        if (value.Length <= MaxShortStringChars)
        {
            Reserve(1 + (3 * MaxShortStringChars));
            int shortCount = Encoding.UTF8.GetBytes(value, span[(used + 1)..]);
            span[used] = (byte)(MessagePackCode.MinFixStr | shortCount);
            used += 1 + shortCount;
            return;
        }

        int byteCount = Encoding.UTF8.GetByteCount(value);
        WriteStringHeader(byteCount);
        Reserve(byteCount);
        used += Encoding.UTF8.GetBytes(value, span[used..]);
    }

    /// <summary>Writes the header of an extension; the caller writes as many bytes as it says.</summary>
    public void WriteExtensionFormatHeader(ExtensionHeader extensionHeader)
    {
        ref byte destination = ref Reserve(MessagePackPrimitives.MaxNumberSize);
        used += MessagePackPrimitives.EncodeExtensionHeader(ref destination, extensionHeader);
    }

    /// <summary>Writes an extension.</summary>
    public void WriteExtensionFormat(ExtensionResult extensionData)
    {
        WriteExtensionFormatHeader(new ExtensionHeader(extensionData.TypeCode, checked((uint)extensionData.Data.Length)));
        WriteRaw(extensionData.Data);
    }
}
