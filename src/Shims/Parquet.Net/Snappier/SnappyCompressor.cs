using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Snappier;

/// <summary>
/// Greedy matching within fragments of 64 KiB, each with a fresh table of the last position of every hash of four bytes.
/// Where nothing matches for a while, the search advances in growing steps.
/// </summary>
internal static unsafe class SnappyCompressor
{
    private const int FragmentLength = 1 << 16;
    private const int MaxTableBits = 14;
    private const int MinTableBits = 8;

    /// <summary>No match starts in a fragment's last bytes, so that the search may load 8 bytes anywhere it looks.</summary>
    private const int SearchMargin = 16;

    /// <summary>Output must have room for <see cref="Snappy.GetMaxCompressedLength"/> bytes.</summary>
    [SkipLocalsInit]
    public static int Compress(ReadOnlySpan<byte> input, Span<byte> output)
    {
        ushort* table = stackalloc ushort[1 << MaxTableBits];
        fixed (byte* start = &MemoryMarshal.GetReference(input))
        fixed (byte* target = &MemoryMarshal.GetReference(output))
        {
            byte* written = WriteLength(target, (uint)input.Length);
            for (int offset = 0; offset < input.Length; offset += FragmentLength)
            {
                written = CompressFragment(start + offset, Math.Min(FragmentLength, input.Length - offset), written, table);
            }

            return (int)(written - target);
        }
    }

    private static byte* WriteLength(byte* target, uint length)
    {
        while (length >= 0x80)
        {
            *target++ = (byte)(length | 0x80);
            length >>= 7;
        }

        *target++ = (byte)length;
        return target;
    }

    private static byte* CompressFragment(byte* fragment, int length, byte* target, ushort* table)
    {
        byte* end = fragment + length;
        byte* literal = fragment;
        if (length > SearchMargin)
        {
            int tableBits = Math.Clamp(BitOperations.Log2((uint)length - 1) + 1, MinTableBits, MaxTableBits);
            int shift = 32 - tableBits;
            new Span<ushort>(table, 1 << tableBits).Clear();
            byte* searchEnd = end - SearchMargin;
            byte* position = fragment + 1;
            while (true)
            {
                byte* candidate = FindMatch(fragment, ref position, searchEnd, table, shift);
                if (candidate == null)
                {
                    break;
                }

                target = WriteLiteral(target, literal, (int)(position - literal));
                do
                {
                    int matched = 4 + CommonLength(candidate + 4, position + 4, end);
                    target = WriteCopy(target, (int)(position - candidate), matched);
                    position += matched;
                    literal = position;
                    if (position >= searchEnd)
                    {
                        return WriteLastLiteral(target, literal, end);
                    }

                    // The bytes just before are a likely start of the next match; then try right here, without a literal between.
                    ulong around = *(ulong*)(position - 1);
                    table[Hash((uint)around, shift)] = (ushort)(position - 1 - fragment);
                    ref ushort slot = ref table[Hash((uint)(around >> 8), shift)];
                    candidate = fragment + slot;
                    slot = (ushort)(position - fragment);
                }
                while (*(uint*)candidate == *(uint*)position);
                position++;
            }
        }

        return WriteLastLiteral(target, literal, end);
    }

    /// <summary>Advances to the next position whose four bytes occurred before and returns where; null if there is none before the end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* FindMatch(byte* fragment, ref byte* position, byte* searchEnd, ushort* table, int shift)
    {
        byte* current = position;
        uint misses = 32;
        while (current < searchEnd)
        {
            uint word = *(uint*)current;
            ref ushort slot = ref table[Hash(word, shift)];
            byte* candidate = fragment + slot;
            slot = (ushort)(current - fragment);
            if (*(uint*)candidate == word)
            {
                position = current;
                return candidate;
            }

            current += misses >> 5;
            misses++;
        }

        return null;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Hash(uint word, int shift) => (word * 0x9E3779B1u) >> shift;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int CommonLength(byte* earlier, byte* later, byte* end)
    {
        byte* start = later;
        while (later + 8 <= end)
        {
            ulong difference = *(ulong*)earlier ^ *(ulong*)later;
            if (difference != 0)
            {
                return (int)(later - start) + (BitOperations.TrailingZeroCount(difference) >> 3);
            }

            later += 8;
            earlier += 8;
        }

        while (later < end && *earlier == *later)
        {
            later++;
            earlier++;
        }

        return (int)(later - start);
    }

    private static byte* WriteLastLiteral(byte* target, byte* literal, byte* end) =>
        literal == end ? target : WriteLiteral(target, literal, (int)(end - literal));

    private static byte* WriteLiteral(byte* target, byte* literal, int length)
    {
        int code = length - 1;
        if (code < 60)
        {
            *target++ = (byte)(code << 2);
        }
        else if (code < 256)
        {
            *target++ = 60 << 2;
            *target++ = (byte)code;
        }
        else
        {
            *target++ = 61 << 2;
            *(ushort*)target = (ushort)code;
            target += 2;
        }

        Buffer.MemoryCopy(literal, target, length, length);
        return target + length;
    }

    private static byte* WriteCopy(byte* target, int offset, int length)
    {
        // A copy holds at most 64 bytes; a rest below 4 would not fit the short form, hence 60 before the last when needed.
        while (length > 64)
        {
            int part = length >= 68 ? 64 : 60;
            target = WriteLongCopy(target, offset, part);
            length -= part;
        }

        if (length >= 12 || offset >= 2048)
        {
            return WriteLongCopy(target, offset, length);
        }

        *target++ = (byte)(1 | ((length - 4) << 2) | ((offset >> 8) << 5));
        *target++ = (byte)offset;
        return target;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* WriteLongCopy(byte* target, int offset, int length)
    {
        *target = (byte)(2 | ((length - 1) << 2));
        *(ushort*)(target + 1) = (ushort)offset;
        return target + 3;
    }
}
