using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace MessagePack;

public static partial class MessagePackPrimitives
{
    /// <summary>Writes the header of an array; its <paramref name="count"/> elements follow.</summary>
    public static bool TryWriteArrayHeader(Span<byte> destination, uint count, out int bytesWritten)
    {
        Span<byte> scratch = stackalloc byte[MaxNumberSize];
        int length = EncodeArrayHeader(ref MemoryMarshal.GetReference(scratch), count);
        return TryCopy(scratch[..length], destination, out bytesWritten);
    }

    /// <summary>Writes the header of a map; <paramref name="count"/> pairs of key and value follow.</summary>
    public static bool TryWriteMapHeader(Span<byte> destination, uint count, out int bytesWritten)
    {
        Span<byte> scratch = stackalloc byte[MaxNumberSize];
        int length = EncodeMapHeader(ref MemoryMarshal.GetReference(scratch), count);
        return TryCopy(scratch[..length], destination, out bytesWritten);
    }

    /// <summary>Writes the header of binary data; <paramref name="length"/> bytes follow.</summary>
    public static bool TryWriteBinHeader(Span<byte> destination, uint length, out int bytesWritten)
    {
        Span<byte> scratch = stackalloc byte[MaxNumberSize];
        int headerLength = EncodeBinHeader(ref MemoryMarshal.GetReference(scratch), length);
        return TryCopy(scratch[..headerLength], destination, out bytesWritten);
    }

    /// <summary>Writes the header of a string; <paramref name="byteCount"/> bytes of UTF-8 follow.</summary>
    public static bool TryWriteStringHeader(Span<byte> destination, uint byteCount, out int bytesWritten)
    {
        Span<byte> scratch = stackalloc byte[MaxNumberSize];
        int length = EncodeStringHeader(ref MemoryMarshal.GetReference(scratch), byteCount);
        return TryCopy(scratch[..length], destination, out bytesWritten);
    }

    /// <summary>Writes the header of an extension; as many bytes as it says follow.</summary>
    public static bool TryWriteExtensionFormatHeader(Span<byte> destination, ExtensionHeader extensionHeader, out int bytesWritten)
    {
        Span<byte> scratch = stackalloc byte[MaxNumberSize];
        int length = EncodeExtensionHeader(ref MemoryMarshal.GetReference(scratch), extensionHeader);
        return TryCopy(scratch[..length], destination, out bytesWritten);
    }

    /// <summary>Writes a header to where nine bytes may be overwritten; returns how many of them it has.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int EncodeArrayHeader(ref byte destination, uint count)
    {
        if (count <= MessagePackCode.MaxFixArray - MessagePackCode.MinFixArray)
        {
            destination = (byte)(MessagePackCode.MinFixArray | count);
            return 1;
        }

        return EncodeWideCount(ref destination, MessagePackCode.Array16, count);
    }

    /// <inheritdoc cref="EncodeArrayHeader"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int EncodeMapHeader(ref byte destination, uint count)
    {
        if (count <= MessagePackCode.MaxFixMap - MessagePackCode.MinFixMap)
        {
            destination = (byte)(MessagePackCode.MinFixMap | count);
            return 1;
        }

        return EncodeWideCount(ref destination, MessagePackCode.Map16, count);
    }

    /// <inheritdoc cref="EncodeArrayHeader"/>
    internal static int EncodeBinHeader(ref byte destination, uint length) => EncodeWideLength(ref destination, MessagePackCode.Bin8, length);

    /// <inheritdoc cref="EncodeArrayHeader"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int EncodeStringHeader(ref byte destination, uint byteCount)
    {
        if (byteCount <= MessagePackCode.MaxFixStr - MessagePackCode.MinFixStr)
        {
            destination = (byte)(MessagePackCode.MinFixStr | byteCount);
            return 1;
        }

        return EncodeWideLength(ref destination, MessagePackCode.Str8, byteCount);
    }

    /// <inheritdoc cref="EncodeArrayHeader"/>
    internal static int EncodeExtensionHeader(ref byte destination, ExtensionHeader header)
    {
        uint length = header.Length;
        int size;
        if (length is >= 1 and <= 16 && BitOperations.IsPow2(length))
        {
            destination = (byte)(MessagePackCode.FixExt1 + BitOperations.Log2(length));
            size = 1;
        }
        else
        {
            size = EncodeWideLength(ref destination, MessagePackCode.Ext8, length);
        }

        Unsafe.Add(ref destination, size) = (byte)header.TypeCode;
        return size + 1;
    }

    /// <summary>The 16- and 32-bit forms, whose codes are neighbours.</summary>
    private static int EncodeWideCount(ref byte destination, byte code16, uint count) => count <= ushort.MaxValue
        ? EncodeFixed(ref destination, code16, count, sizeof(ushort))
        : EncodeFixed(ref destination, (byte)(code16 + 1), count, sizeof(uint));

    /// <summary>The 8-, 16- and 32-bit forms, whose codes are neighbours.</summary>
    private static int EncodeWideLength(ref byte destination, byte code8, uint length) => length <= byte.MaxValue
        ? EncodeFixed(ref destination, code8, length, sizeof(byte))
        : EncodeWideCount(ref destination, (byte)(code8 + 1), length);
}
