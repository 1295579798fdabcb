using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace MessagePack;

public static partial class MessagePackPrimitives
{
    /// <summary>Writes <c>nil</c>.</summary>
    public static bool TryWriteNil(Span<byte> destination, out int bytesWritten) =>
        TryCopy([MessagePackCode.Nil], destination, out bytesWritten);

    /// <summary>Writes a boolean.</summary>
    public static bool TryWrite(Span<byte> destination, bool value, out int bytesWritten) =>
        TryCopy([value ? MessagePackCode.True : MessagePackCode.False], destination, out bytesWritten);

    /// <summary>Writes the shortest encoding of an integer.</summary>
    public static bool TryWrite(Span<byte> destination, byte value, out int bytesWritten) => TryWrite(destination, (ulong)value, out bytesWritten);

    /// <inheritdoc cref="TryWrite(Span{byte}, byte, out int)"/>
    public static bool TryWrite(Span<byte> destination, ushort value, out int bytesWritten) => TryWrite(destination, (ulong)value, out bytesWritten);

    /// <inheritdoc cref="TryWrite(Span{byte}, byte, out int)"/>
    public static bool TryWrite(Span<byte> destination, uint value, out int bytesWritten) => TryWrite(destination, (ulong)value, out bytesWritten);

    /// <inheritdoc cref="TryWrite(Span{byte}, byte, out int)"/>
    public static bool TryWrite(Span<byte> destination, sbyte value, out int bytesWritten) => TryWrite(destination, (long)value, out bytesWritten);

    /// <inheritdoc cref="TryWrite(Span{byte}, byte, out int)"/>
    public static bool TryWrite(Span<byte> destination, short value, out int bytesWritten) => TryWrite(destination, (long)value, out bytesWritten);

    /// <inheritdoc cref="TryWrite(Span{byte}, byte, out int)"/>
    public static bool TryWrite(Span<byte> destination, int value, out int bytesWritten) => TryWrite(destination, (long)value, out bytesWritten);

    /// <summary>Writes a UTF-16 code unit as an integer.</summary>
    public static bool TryWrite(Span<byte> destination, char value, out int bytesWritten) => TryWrite(destination, (ulong)value, out bytesWritten);

    /// <inheritdoc cref="TryWrite(Span{byte}, byte, out int)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryWrite(Span<byte> destination, ulong value, out int bytesWritten)
    {
        if (value <= MessagePackCode.MaxFixInt && !destination.IsEmpty)
        {
            destination[0] = (byte)value;
            bytesWritten = 1;
            return true;
        }

        return TryWriteWide(destination, value, out bytesWritten);
    }

    /// <inheritdoc cref="TryWrite(Span{byte}, byte, out int)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryWrite(Span<byte> destination, long value, out int bytesWritten)
    {
        if ((ulong)value <= MessagePackCode.MaxFixInt && !destination.IsEmpty)
        {
            destination[0] = (byte)value;
            bytesWritten = 1;
            return true;
        }

        return TryWriteWide(destination, value, out bytesWritten);
    }

    /// <summary>Writes an unsigned integer as <c>uint 8</c>, however small.</summary>
    public static bool TryWriteUInt8(Span<byte> destination, byte value, out int bytesWritten) =>
        TryWriteFixed(destination, MessagePackCode.UInt8, value, sizeof(byte), out bytesWritten);

    /// <summary>Writes an unsigned integer as <c>uint 16</c>, however small.</summary>
    public static bool TryWriteUInt16(Span<byte> destination, ushort value, out int bytesWritten) =>
        TryWriteFixed(destination, MessagePackCode.UInt16, value, sizeof(ushort), out bytesWritten);

    /// <summary>Writes an unsigned integer as <c>uint 32</c>, however small.</summary>
    public static bool TryWriteUInt32(Span<byte> destination, uint value, out int bytesWritten) =>
        TryWriteFixed(destination, MessagePackCode.UInt32, value, sizeof(uint), out bytesWritten);

    /// <summary>Writes an unsigned integer as <c>uint 64</c>, however small.</summary>
    public static bool TryWriteUInt64(Span<byte> destination, ulong value, out int bytesWritten) =>
        TryWriteFixed(destination, MessagePackCode.UInt64, value, sizeof(ulong), out bytesWritten);

    /// <summary>Writes a signed integer as <c>int 8</c>, however small.</summary>
    public static bool TryWriteInt8(Span<byte> destination, sbyte value, out int bytesWritten) =>
        TryWriteFixed(destination, MessagePackCode.Int8, (ulong)value, sizeof(sbyte), out bytesWritten);

    /// <summary>Writes a signed integer as <c>int 16</c>, however small.</summary>
    public static bool TryWriteInt16(Span<byte> destination, short value, out int bytesWritten) =>
        TryWriteFixed(destination, MessagePackCode.Int16, (ulong)value, sizeof(short), out bytesWritten);

    /// <summary>Writes a signed integer as <c>int 32</c>, however small.</summary>
    public static bool TryWriteInt32(Span<byte> destination, int value, out int bytesWritten) =>
        TryWriteFixed(destination, MessagePackCode.Int32, (ulong)value, sizeof(int), out bytesWritten);

    /// <summary>Writes a signed integer as <c>int 64</c>, however small.</summary>
    public static bool TryWriteInt64(Span<byte> destination, long value, out int bytesWritten) =>
        TryWriteFixed(destination, MessagePackCode.Int64, (ulong)value, sizeof(long), out bytesWritten);

    /// <summary>Writes a number as <c>float 32</c>, bit for bit.</summary>
    public static bool TryWrite(Span<byte> destination, float value, out int bytesWritten) =>
        TryWriteFixed(destination, MessagePackCode.Float32, BitConverter.SingleToUInt32Bits(value), sizeof(float), out bytesWritten);

    /// <summary>Writes a number as <c>float 64</c>, bit for bit.</summary>
    public static bool TryWrite(Span<byte> destination, double value, out int bytesWritten) =>
        TryWriteFixed(destination, MessagePackCode.Float64, BitConverter.DoubleToUInt64Bits(value), sizeof(double), out bytesWritten);

    /// <summary>Writes the shortest encoding of an integer to where nine bytes may be overwritten; returns how many of them it has.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int Encode(ref byte destination, ulong value)
    {
        if (value <= MessagePackCode.MaxFixInt)
        {
            destination = (byte)value;
            return 1;
        }

        // The index of the highest bit, in bytes, picks one of the widths 1, 2, 4 and 8 without a branch.
        int log2Width = 32 - BitOperations.LeadingZeroCount((uint)BitOperations.Log2(value) >> 3);
        int width = 1 << log2Width;
        Put(ref destination, MessagePackCode.UInt8 + log2Width, value << (64 - (8 * width)));
        return 1 + width;
    }

    /// <inheritdoc cref="Encode(ref byte, ulong)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int Encode(ref byte destination, long value)
    {
        if (value >= 0)
        {
            return Encode(ref destination, (ulong)value);
        }

        if (value >= MinNegativeFixInt)
        {
            destination = (byte)value;
            return 1;
        }

        // A sign bit is needed above the highest bit that differs from it.
        int log2Width = 32 - BitOperations.LeadingZeroCount((uint)(BitOperations.Log2((ulong)~value) + 1) >> 3);
        int width = 1 << log2Width;
        Put(ref destination, MessagePackCode.Int8 + log2Width, (ulong)value << (64 - (8 * width)));
        return 1 + width;
    }

    /// <summary>Writes a code and an integer of a fixed width to where nine bytes may be overwritten; returns how many of them it has.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int EncodeFixed(ref byte destination, byte code, ulong value, int width)
    {
        Put(ref destination, code, value << (64 - (8 * width)));
        return 1 + width;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool TryWriteWide(Span<byte> destination, ulong value, out int bytesWritten)
    {
        if (destination.Length >= MaxNumberSize)
        {
            bytesWritten = Encode(ref MemoryMarshal.GetReference(destination), value);
            return true;
        }

        Span<byte> scratch = stackalloc byte[MaxNumberSize];
        int length = Encode(ref MemoryMarshal.GetReference(scratch), value);
        return TryCopy(scratch[..length], destination, out bytesWritten);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool TryWriteWide(Span<byte> destination, long value, out int bytesWritten)
    {
        if (destination.Length >= MaxNumberSize)
        {
            bytesWritten = Encode(ref MemoryMarshal.GetReference(destination), value);
            return true;
        }

        Span<byte> scratch = stackalloc byte[MaxNumberSize];
        int length = Encode(ref MemoryMarshal.GetReference(scratch), value);
        return TryCopy(scratch[..length], destination, out bytesWritten);
    }

    private static bool TryWriteFixed(Span<byte> destination, byte code, ulong value, int width, out int bytesWritten)
    {
        if (destination.Length >= MaxNumberSize)
        {
            bytesWritten = EncodeFixed(ref MemoryMarshal.GetReference(destination), code, value, width);
            return true;
        }

        Span<byte> scratch = stackalloc byte[MaxNumberSize];
        int length = EncodeFixed(ref MemoryMarshal.GetReference(scratch), code, value, width);
        return TryCopy(scratch[..length], destination, out bytesWritten);
    }
}
