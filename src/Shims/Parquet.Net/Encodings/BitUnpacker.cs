namespace Parquet.Encodings;

/// <summary>Reverse of <see cref="BitPacker"/>.</summary>
internal static unsafe class BitUnpacker
{
    /// <summary>Values unpacked in one call.</summary>
    public const int MaxCount = 32;

    /// <summary>Unpacks <paramref name="count"/> ≤ 32 values of <paramref name="width"/> ≤ 64 bits; <paramref name="packed"/> must hold them.</summary>
    public static void Unpack(ReadOnlySpan<byte> packed, int count, int width, ulong* values)
    {
        // A copy with room behind it, so that whole words can be loaded anywhere.
        byte* bytes = stackalloc byte[(MaxCount * 8) + 16];
        packed[..(((count * width) + 7) / 8)].CopyTo(new Span<byte>(bytes, MaxCount * 8));
        ulong mask = width == 64 ? ulong.MaxValue : (1UL << width) - 1;
        for (int i = 0, bit = 0; i < count; i++, bit += width)
        {
            byte* at = bytes + (bit >> 3);
            int shift = bit & 7;
            ulong value = *(ulong*)at >> shift;
            if (shift + width > 64)
            {
                value |= (ulong)at[8] << (64 - shift);
            }

            values[i] = value & mask;
        }
    }
}
