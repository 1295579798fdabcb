using System.Runtime.CompilerServices;

namespace MessagePack;

public static partial class MessagePackPrimitives
{
    /// <summary>Reads <c>nil</c>.</summary>
    public static DecodeResult TryReadNil(ReadOnlySpan<byte> source, out int tokenSize)
    {
        tokenSize = 1;
        return source.IsEmpty ? DecodeResult.EmptyBuffer
            : source[0] == MessagePackCode.Nil ? DecodeResult.Success
            : DecodeResult.TokenMismatch;
    }

    /// <summary>Reads a boolean.</summary>
    public static DecodeResult TryReadBool(ReadOnlySpan<byte> source, out bool value, out int tokenSize)
    {
        tokenSize = 1;
        value = !source.IsEmpty && source[0] == MessagePackCode.True;
        return source.IsEmpty ? DecodeResult.EmptyBuffer
            : value || source[0] == MessagePackCode.False ? DecodeResult.Success
            : DecodeResult.TokenMismatch;
    }

    /// <summary>Reads an integer of any encoding.</summary>
    /// <exception cref="OverflowException">It is outside the range of the type asked for.</exception>
    public static DecodeResult TryReadByte(ReadOnlySpan<byte> source, out byte value, out int tokenSize)
    {
        DecodeResult result = TryReadUInt64(source, out ulong wide, out tokenSize);
        value = checked((byte)wide);
        return result;
    }

    /// <inheritdoc cref="TryReadByte"/>
    public static DecodeResult TryReadUInt16(ReadOnlySpan<byte> source, out ushort value, out int tokenSize)
    {
        DecodeResult result = TryReadUInt64(source, out ulong wide, out tokenSize);
        value = checked((ushort)wide);
        return result;
    }

    /// <inheritdoc cref="TryReadByte"/>
    public static DecodeResult TryReadUInt32(ReadOnlySpan<byte> source, out uint value, out int tokenSize)
    {
        DecodeResult result = TryReadUInt64(source, out ulong wide, out tokenSize);
        value = checked((uint)wide);
        return result;
    }

    /// <inheritdoc cref="TryReadByte"/>
    public static DecodeResult TryReadSByte(ReadOnlySpan<byte> source, out sbyte value, out int tokenSize)
    {
        DecodeResult result = TryReadInt64(source, out long wide, out tokenSize);
        value = checked((sbyte)wide);
        return result;
    }

    /// <inheritdoc cref="TryReadByte"/>
    public static DecodeResult TryReadInt16(ReadOnlySpan<byte> source, out short value, out int tokenSize)
    {
        DecodeResult result = TryReadInt64(source, out long wide, out tokenSize);
        value = checked((short)wide);
        return result;
    }

    /// <inheritdoc cref="TryReadByte"/>
    public static DecodeResult TryReadInt32(ReadOnlySpan<byte> source, out int value, out int tokenSize)
    {
        DecodeResult result = TryReadInt64(source, out long wide, out tokenSize);
        value = checked((int)wide);
        return result;
    }

    /// <summary>Reads an integer of 0 to 65,535 as a UTF-16 code unit.</summary>
    /// <exception cref="OverflowException">It is outside that range.</exception>
    public static DecodeResult TryReadChar(ReadOnlySpan<byte> source, out char value, out int tokenSize)
    {
        DecodeResult result = TryReadUInt16(source, out ushort unit, out tokenSize);
        value = (char)unit;
        return result;
    }

    /// <inheritdoc cref="TryReadByte"/>
    public static DecodeResult TryReadUInt64(ReadOnlySpan<byte> source, out ulong value, out int tokenSize)
    {
        DecodeResult result = DecodeInteger(source, out value, out bool isSigned, out tokenSize);
        if (isSigned)
        {
            value = checked((ulong)(long)value);
        }

        return result;
    }

    /// <inheritdoc cref="TryReadByte"/>
    public static DecodeResult TryReadInt64(ReadOnlySpan<byte> source, out long value, out int tokenSize)
    {
        DecodeResult result = DecodeInteger(source, out ulong bits, out bool isSigned, out tokenSize);
        value = isSigned ? (long)bits : checked((long)bits);
        return result;
    }

    /// <summary>Reads a number of any encoding, rounded to single precision.</summary>
    public static DecodeResult TryReadSingle(ReadOnlySpan<byte> source, out float value, out int tokenSize)
    {
        if (!source.IsEmpty && source[0] is MessagePackCode.Float32 or MessagePackCode.Float64)
        {
            // A float 32 must not pass through a double: that would quieten a signalling NaN.
            DecodeResult floatResult = DecodeFloat(source, out ulong bits, out bool isSingle, out tokenSize);
            value = isSingle ? BitConverter.UInt32BitsToSingle((uint)bits) : (float)BitConverter.UInt64BitsToDouble(bits);
            return floatResult;
        }

        DecodeResult result = DecodeInteger(source, out ulong integer, out bool isSigned, out tokenSize);
        value = isSigned ? (long)integer : integer;
        return result;
    }

    /// <summary>Reads a number of any encoding, rounded to double precision.</summary>
    public static DecodeResult TryReadDouble(ReadOnlySpan<byte> source, out double value, out int tokenSize)
    {
        if (!source.IsEmpty && source[0] is MessagePackCode.Float32 or MessagePackCode.Float64)
        {
            DecodeResult floatResult = DecodeFloat(source, out ulong bits, out bool isSingle, out tokenSize);
            value = isSingle ? BitConverter.UInt32BitsToSingle((uint)bits) : BitConverter.UInt64BitsToDouble(bits);
            return floatResult;
        }

        DecodeResult result = DecodeInteger(source, out ulong integer, out bool isSigned, out tokenSize);
        value = isSigned ? (long)integer : integer;
        return result;
    }

    /// <summary>
    /// Reads an integer of any encoding as 64 bits: two's complement where <paramref name="isSigned"/>, else unsigned.
    /// All bits are 0 unless it succeeds.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static DecodeResult DecodeInteger(ReadOnlySpan<byte> source, out ulong bits, out bool isSigned, out int tokenSize)
    {
        bits = 0;
        isSigned = false;
        tokenSize = 1;
        if (source.IsEmpty)
        {
            return DecodeResult.EmptyBuffer;
        }

        // Read as a signed byte, the two fixint ranges are one and hold the value itself.
        sbyte fixInt = (sbyte)source[0];
        if (fixInt >= MinNegativeFixInt)
        {
            bits = (ulong)fixInt;
            isSigned = true;
            return DecodeResult.Success;
        }

        // 0xcc to 0xd3: four unsigned widths, then four signed ones.
        uint format = (uint)source[0] - MessagePackCode.UInt8;
        if (format > MessagePackCode.Int64 - MessagePackCode.UInt8)
        {
            return DecodeResult.TokenMismatch;
        }

        int width = 1 << (int)(format & 3);
        tokenSize = 1 + width;
        if (source.Length < tokenSize)
        {
            return DecodeResult.InsufficientBuffer;
        }

        ulong payload = Payload(source, width);
        int unused = 64 - (8 * width);
        isSigned = format > 3;
        bits = isSigned ? (ulong)((long)payload >> unused) : payload >> unused;
        return DecodeResult.Success;
    }

    private static DecodeResult DecodeFloat(ReadOnlySpan<byte> source, out ulong bits, out bool isSingle, out int tokenSize)
    {
        isSingle = source[0] == MessagePackCode.Float32;
        int width = isSingle ? sizeof(float) : sizeof(double);
        tokenSize = 1 + width;
        if (source.Length < tokenSize)
        {
            bits = 0;
            return DecodeResult.InsufficientBuffer;
        }

        bits = Payload(source, width) >> (64 - (8 * width));
        return DecodeResult.Success;
    }
}
