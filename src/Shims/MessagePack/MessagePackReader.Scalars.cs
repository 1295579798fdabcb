using System.Runtime.CompilerServices;
using static MessagePack.MessagePackPrimitives;

namespace MessagePack;

public ref partial struct MessagePackReader
{
    /// <summary>Reads <c>nil</c>.</summary>
    public Nil ReadNil()
    {
        if (!TryReadNil())
        {
            Throw.UnexpectedCode(NextCode, "nil", Consumed);
        }

        return Nil.Default;
    }

    /// <summary>Reads the next value if it is <c>nil</c>, and says whether it was.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryReadNil()
    {
        if (NextCode != MessagePackCode.Nil)
        {
            return false;
        }

        index++;
        return true;
    }

    /// <summary>Reads a boolean.</summary>
    public bool ReadBoolean()
    {
        byte code = NextCode;
        if (code is not (MessagePackCode.True or MessagePackCode.False))
        {
            Throw.UnexpectedCode(code, "a boolean", Consumed);
        }

        index++;
        return code == MessagePackCode.True;
    }

    /// <summary>Reads an integer of any encoding.</summary>
    /// <exception cref="OverflowException">It is outside the range of the type asked for.</exception>
    public byte ReadByte() => (byte)ReadUnsigned(byte.MaxValue);

    /// <inheritdoc cref="ReadByte"/>
    public ushort ReadUInt16() => (ushort)ReadUnsigned(ushort.MaxValue);

    /// <inheritdoc cref="ReadByte"/>
    public uint ReadUInt32() => (uint)ReadUnsigned(uint.MaxValue);

    /// <inheritdoc cref="ReadByte"/>
    public ulong ReadUInt64() => ReadUnsigned(ulong.MaxValue);

    /// <inheritdoc cref="ReadByte"/>
    public sbyte ReadSByte() => (sbyte)ReadSigned(sbyte.MinValue, sbyte.MaxValue);

    /// <inheritdoc cref="ReadByte"/>
    public short ReadInt16() => (short)ReadSigned(short.MinValue, short.MaxValue);

    /// <inheritdoc cref="ReadByte"/>
    public int ReadInt32() => (int)ReadSigned(int.MinValue, int.MaxValue);

    /// <inheritdoc cref="ReadByte"/>
    public long ReadInt64() => ReadSigned(long.MinValue, long.MaxValue);

    /// <summary>Reads an integer of 0 to 65,535 as a UTF-16 code unit.</summary>
    /// <exception cref="OverflowException">It is outside that range.</exception>
    public char ReadChar() => (char)ReadUnsigned(char.MaxValue);

    /// <summary>Reads a number of any encoding, rounded to single precision.</summary>
    [SkipLocalsInit]
    public float ReadSingle()
    {
        DecodeResult result = TryReadSingle(Ahead(stackalloc byte[MaxNumberSize]), out float value, out int size);
        Accept(result, size, "a number");
        return value;
    }

    /// <summary>Reads a number of any encoding, rounded to double precision.</summary>
    [SkipLocalsInit]
    public double ReadDouble()
    {
        DecodeResult result = TryReadDouble(Ahead(stackalloc byte[MaxNumberSize]), out double value, out int size);
        Accept(result, size, "a number");
        return value;
    }

    /// <summary>Reads a timestamp as an instant of kind UTC; nanoseconds below a tick of 100 ns are dropped.</summary>
    /// <exception cref="MessagePackSerializationException">It is no timestamp, or not one of the years 1 to 9999.</exception>
    [SkipLocalsInit]
    public DateTime ReadDateTime()
    {
        DecodeResult result = TryReadDateTime(Ahead(stackalloc byte[MaxTimestampSize]), out DateTime value, out int size);
        Accept(result, size, "a timestamp");
        return value;
    }

    /// <inheritdoc cref="ReadDateTime()"/>
    /// <remarks>Reads what follows a header that the caller has read.</remarks>
    [SkipLocalsInit]
    public DateTime ReadDateTime(ExtensionHeader header)
    {
        DecodeResult result = TryReadDateTime(Ahead(stackalloc byte[MaxTimestampSize]), header, out DateTime value, out int size);
        if (result == DecodeResult.TokenMismatch)
        {
            throw new MessagePackSerializationException(
                $"An extension of type {header.TypeCode} and {header.Length} bytes, before byte {Consumed}, is no timestamp.");
        }

        Accept(result, size, "a timestamp");
        return value;
    }

    /// <summary>Reads an integer; the one-byte form, which every type can hold, without a call.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ulong ReadUnsigned(ulong max)
    {
        int at = index;
        if (at < span.Length && span[at] <= MessagePackCode.MaxFixInt)
        {
            index = at + 1;
            return span[at];
        }

        return ReadWideUnsigned(max);
    }

    /// <inheritdoc cref="ReadUnsigned"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private long ReadSigned(long min, long max)
    {
        int at = index;
        if (at < span.Length && span[at] <= MessagePackCode.MaxFixInt)
        {
            index = at + 1;
            return span[at];
        }

        return ReadWideSigned(min, max);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    [SkipLocalsInit]
    private ulong ReadWideUnsigned(ulong max)
    {
        DecodeResult result = DecodeInteger(Ahead(stackalloc byte[MaxNumberSize]), out ulong bits, out bool isSigned, out int size);
        if ((isSigned && (long)bits < 0) || bits > max)
        {
            Throw.Overflow(Consumed);
        }

        Accept(result, size, "an integer");
        return bits;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    [SkipLocalsInit]
    private long ReadWideSigned(long min, long max)
    {
        DecodeResult result = DecodeInteger(Ahead(stackalloc byte[MaxNumberSize]), out ulong bits, out bool isSigned, out int size);
        long value = (long)bits;
        if ((!isSigned && value < 0) || value < min || value > max)
        {
            Throw.Overflow(Consumed);
        }

        Accept(result, size, "an integer");
        return value;
    }

    /// <summary>Passes over what was decoded, or throws what says why it was not.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Accept(DecodeResult result, int size, string expected)
    {
        if (result != DecodeResult.Success)
        {
            Refuse(result, expected);
        }

        Advance(size);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Refuse(DecodeResult result, string expected)
    {
        if (result == DecodeResult.TokenMismatch)
        {
            Throw.UnexpectedCode(NextCode, expected, Consumed);
        }

        Throw.EndOfData(Consumed);
    }
}
