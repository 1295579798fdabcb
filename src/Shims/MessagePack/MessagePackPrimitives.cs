using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace MessagePack;

/// <summary>
/// Encodes and decodes single MessagePack values, and the headers of composed ones, in spans. Nothing here allocates or keeps state.
/// </summary>
/// <remarks>
/// A <c>TryWrite</c> returns false when the destination is too small; <c>bytesWritten</c> is then what it should have held.
/// A <c>TryRead</c> says by <see cref="DecodeResult"/> how it went; <c>tokenSize</c> is the number of bytes read, or the least that are needed.
/// Format: the MessagePack specification, github.com/msgpack/msgpack, spec.md.
/// </remarks>
public static partial class MessagePackPrimitives
{
    /// <summary>The longest encoding of a number: a code and eight bytes.</summary>
    internal const int MaxNumberSize = 9;

    /// <summary>The least integer that is a code by itself.</summary>
    internal const int MinNegativeFixInt = -32;

    /// <summary>The longest header: a code, four bytes of length and, for an extension, its type.</summary>
    internal const int MaxHeaderSize = 6;

    /// <summary>The longest timestamp: a header of three bytes and twelve bytes.</summary>
    internal const int MaxTimestampSize = 15;

    /// <summary>How a <c>TryRead</c> went.</summary>
    public enum DecodeResult
    {
        /// <summary>The value was read.</summary>
        Success,

        /// <summary>The next value is of another kind.</summary>
        TokenMismatch,

        /// <summary>There are no bytes at all.</summary>
        EmptyBuffer,

        /// <summary>The value is of the right kind, but not all of its bytes are there.</summary>
        InsufficientBuffer,
    }

    /// <summary>Writes a code and, big-endian behind it, the upper bytes of <paramref name="payload"/>: always nine bytes, whatever the caller counts.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(ref byte destination, int code, ulong payload)
    {
        destination = (byte)code;
        if (BitConverter.IsLittleEndian)
        {
            payload = BinaryPrimitives.ReverseEndianness(payload);
        }

        Unsafe.WriteUnaligned(ref Unsafe.Add(ref destination, 1), payload);
    }

    /// <summary>Reads the big-endian integer of <paramref name="width"/> bytes behind the code, into the upper bytes of the result.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Payload(ReadOnlySpan<byte> token, int width)
    {
        if (token.Length >= MaxNumberSize)
        {
            ulong payload = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref MemoryMarshal.GetReference(token), 1));
            return BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(payload) : payload;
        }

        return PayloadNearEnd(token, width);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong PayloadNearEnd(ReadOnlySpan<byte> token, int width)
    {
        ulong payload = 0;
        for (int i = 1; i <= width; i++)
        {
            payload |= (ulong)token[i] << (64 - (8 * i));
        }

        return payload;
    }

    /// <summary>Copies an encoding made elsewhere to a destination that may be too small for it.</summary>
    private static bool TryCopy(ReadOnlySpan<byte> encoding, Span<byte> destination, out int bytesWritten)
    {
        bytesWritten = encoding.Length;
        return encoding.TryCopyTo(destination);
    }
}
