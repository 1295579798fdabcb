using System.Runtime.CompilerServices;

namespace Parquet.Encodings;

/// <summary>Packs values of a fixed width one behind the other, least significant bit first (Encodings.md, RLE and DELTA_BINARY_PACKED).</summary>
internal static unsafe class BitPacker
{
    /// <summary>Bytes that <see cref="Pack"/> may write beyond the packed values.</summary>
    public const int Slack = 16;

    /// <summary>
    /// Packs <paramref name="count"/> values (a multiple of 8), each below 2^<paramref name="width"/>, and returns the end.
    /// Several values are joined in a register before each store, so that narrow widths cost a fraction of a store a value.
    /// </summary>
    public static byte* Pack(ulong* values, int count, int width, byte* target)
    {
        ulong* end = values + count;
        ulong pending = 0;
        int pendingBits = 0;
        if (width == 0)
        {
            return target;
        }

        if (width <= 14)
        {
            for (; values < end; values += 4)
            {
                ulong four = values[0] | (values[1] << width) | (values[2] << (2 * width)) | (values[3] << (3 * width));
                target = Append(target, ref pending, ref pendingBits, four, 4 * width);
            }
        }
        else if (width <= 28)
        {
            for (; values < end; values += 2)
            {
                target = Append(target, ref pending, ref pendingBits, values[0] | (values[1] << width), 2 * width);
            }
        }
        else if (width <= 56)
        {
            for (; values < end; values++)
            {
                target = Append(target, ref pending, ref pendingBits, *values, width);
            }
        }
        else
        {
            for (; values < end; values++)
            {
                target = Append(target, ref pending, ref pendingBits, (uint)*values, 32);
                target = Append(target, ref pending, ref pendingBits, *values >> 32, width - 32);
            }
        }

        return target;
    }

    /// <summary>Appends at most 56 bits to at most 7 pending ones, stores a word and advances over its full bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* Append(byte* target, ref ulong pending, ref int pendingBits, ulong bits, int count)
    {
        pending |= bits << pendingBits;
        pendingBits += count;
        *(ulong*)target = pending;
        target += pendingBits >> 3;
        pending >>= pendingBits & ~7;
        pendingBits &= 7;
        return target;
    }
}
