using System.Runtime.CompilerServices;

namespace MessagePack;

public ref partial struct MessagePackWriter
{
    /// <summary>Writes <c>nil</c>.</summary>
    public void WriteNil() => WriteByte(MessagePackCode.Nil);

    /// <summary>Writes a boolean.</summary>
    public void Write(bool value) => WriteByte(value ? MessagePackCode.True : MessagePackCode.False);

    /// <summary>Writes an integer in its shortest form; one that is not negative as an unsigned one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write(byte value) => Write((ulong)value);

    /// <inheritdoc cref="Write(byte)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write(ushort value) => Write((ulong)value);

    /// <inheritdoc cref="Write(byte)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write(uint value) => Write((ulong)value);

    /// <inheritdoc cref="Write(byte)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write(sbyte value) => Write((long)value);

    /// <inheritdoc cref="Write(byte)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write(short value) => Write((long)value);

    /// <inheritdoc cref="Write(byte)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write(int value) => Write((long)value);

    /// <summary>Writes a UTF-16 code unit as an integer.</summary>
    public void Write(char value) => Write((ulong)value);

    /// <inheritdoc cref="Write(byte)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write(ulong value)
    {
        if (value <= MessagePackCode.MaxFixInt && used < span.Length)
        {
            span[used++] = (byte)value;
            return;
        }

        WriteWide(value);
    }

    /// <inheritdoc cref="Write(byte)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write(long value)
    {
        if ((ulong)value <= MessagePackCode.MaxFixInt && used < span.Length)
        {
            span[used++] = (byte)value;
            return;
        }

        WriteWide(value);
    }

    /// <summary>Writes an unsigned integer as <c>uint 8</c>, however small.</summary>
    public void WriteUInt8(byte value) => WriteFixed(MessagePackCode.UInt8, value, sizeof(byte));

    /// <summary>Writes an unsigned integer as <c>uint 16</c>, however small.</summary>
    public void WriteUInt16(ushort value) => WriteFixed(MessagePackCode.UInt16, value, sizeof(ushort));

    /// <summary>Writes an unsigned integer as <c>uint 32</c>, however small.</summary>
    public void WriteUInt32(uint value) => WriteFixed(MessagePackCode.UInt32, value, sizeof(uint));

    /// <summary>Writes an unsigned integer as <c>uint 64</c>, however small.</summary>
    public void WriteUInt64(ulong value) => WriteFixed(MessagePackCode.UInt64, value, sizeof(ulong));

    /// <summary>Writes a signed integer as <c>int 8</c>, however small.</summary>
    public void WriteInt8(sbyte value) => WriteFixed(MessagePackCode.Int8, (ulong)value, sizeof(sbyte));

    /// <summary>Writes a signed integer as <c>int 16</c>, however small.</summary>
    public void WriteInt16(short value) => WriteFixed(MessagePackCode.Int16, (ulong)value, sizeof(short));

    /// <summary>Writes a signed integer as <c>int 32</c>, however small.</summary>
    public void WriteInt32(int value) => WriteFixed(MessagePackCode.Int32, (ulong)value, sizeof(int));

    /// <summary>Writes a signed integer as <c>int 64</c>, however small.</summary>
    public void WriteInt64(long value) => WriteFixed(MessagePackCode.Int64, (ulong)value, sizeof(long));

    /// <summary>Writes a number as <c>float 32</c>, bit for bit.</summary>
    public void Write(float value) => WriteFixed(MessagePackCode.Float32, BitConverter.SingleToUInt32Bits(value), sizeof(float));

    /// <summary>Writes a number as <c>float 64</c>, bit for bit.</summary>
    public void Write(double value) => WriteFixed(MessagePackCode.Float64, BitConverter.DoubleToUInt64Bits(value), sizeof(double));

    /// <summary>
    /// Writes an instant as the shortest timestamp that holds it. A local time is converted to UTC; one of unspecified kind is taken as UTC.
    /// </summary>
    public void Write(DateTime dateTime)
    {
        Reserve(MessagePackPrimitives.MaxTimestampSize);
        MessagePackPrimitives.TryWrite(span[used..], dateTime, out int written);
        used += written;
    }

    /// <summary>The number of bytes of an integer's shortest form: 1, 2, 3, 5 or 9.</summary>
    public static int GetEncodedLength(long value) => value switch
    {
        >= 0 => GetEncodedLength((ulong)value),
        >= MessagePackPrimitives.MinNegativeFixInt => 1,
        >= sbyte.MinValue => 2,
        >= short.MinValue => 3,
        >= int.MinValue => 5,
        _ => 9,
    };

    /// <inheritdoc cref="GetEncodedLength(long)"/>
    public static int GetEncodedLength(ulong value) => value switch
    {
        <= MessagePackCode.MaxFixInt => 1,
        <= byte.MaxValue => 2,
        <= ushort.MaxValue => 3,
        <= uint.MaxValue => 5,
        _ => 9,
    };

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void WriteWide(ulong value)
    {
        ref byte destination = ref Reserve(MessagePackPrimitives.MaxNumberSize);
        used += MessagePackPrimitives.Encode(ref destination, value);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void WriteWide(long value)
    {
        ref byte destination = ref Reserve(MessagePackPrimitives.MaxNumberSize);
        used += MessagePackPrimitives.Encode(ref destination, value);
    }

    private void WriteFixed(byte code, ulong value, int width)
    {
        ref byte destination = ref Reserve(MessagePackPrimitives.MaxNumberSize);
        used += MessagePackPrimitives.EncodeFixed(ref destination, code, value, width);
    }

    private void WriteByte(byte value)
    {
        Reserve(1) = value;
        used++;
    }
}
