using System.Runtime.CompilerServices;

namespace Parquet.Encodings;

/// <summary>Reads DELTA_BINARY_PACKED with any block layout the format allows. Nothing is allocated.</summary>
internal static unsafe class DeltaBinaryPackedDecoder
{
    /// <typeparam name="T"><see cref="int"/> or <see cref="long"/>.</typeparam>
    /// <exception cref="ParquetException">The bytes are damaged or do not hold exactly as many values as are wanted.</exception>
    public static void Decode<T>(ReadOnlySpan<byte> input, Span<T> values)
        where T : unmanaged
    {
        var reader = new EncodedReader(input);
        ulong blockLength = reader.Varint();
        ulong miniblockCount = reader.Varint();
        ulong count = reader.Varint();
        long value = reader.ZigZag();
        bool plausible = blockLength is > 0 and <= int.MaxValue && blockLength % 128 == 0
            && miniblockCount is > 0 and <= int.MaxValue && blockLength % miniblockCount == 0 && blockLength / miniblockCount % 32 == 0;
        if (!plausible || count != (ulong)values.Length)
        {
            throw new ParquetException(
                $"Damaged Parquet page: delta blocks of {blockLength} in {miniblockCount} parts hold {count} values, {values.Length} wanted.");
        }

        if (values.IsEmpty)
        {
            return;
        }

        values[0] = Narrow<T>(value);
        int miniblockLength = (int)(blockLength / miniblockCount);
        ulong* excess = stackalloc ulong[BitUnpacker.MaxCount];
        for (int done = 1; done < values.Length;)
        {
            long least = reader.ZigZag();
            ReadOnlySpan<byte> widths = reader.Take((int)miniblockCount);
            for (int m = 0; m < widths.Length && done < values.Length; m++)
            {
                int width = widths[m];
                if (width > 64)
                {
                    throw new ParquetException($"Damaged Parquet page: delta width {width}.");
                }

                ReadOnlySpan<byte> packed = reader.Take((long)miniblockLength * width / 8);
                for (int i = 0; i < miniblockLength && done < values.Length; i += BitUnpacker.MaxCount)
                {
                    BitUnpacker.Unpack(packed.Slice(i / 8 * width, BitUnpacker.MaxCount / 8 * width), BitUnpacker.MaxCount, width, excess);
                    int part = Math.Min(BitUnpacker.MaxCount, values.Length - done);
                    for (int j = 0; j < part; j++)
                    {
                        value = unchecked(value + least + (long)excess[j]);
                        values[done++] = Narrow<T>(value);
                    }
                }
            }
        }
    }

    /// <summary>Sums of 32-bit values wrap at 32 bits, which taking the low half does.</summary>
    private static T Narrow<T>(long value)
        where T : unmanaged =>
        typeof(T) == typeof(int) ? Unsafe.BitCast<int, T>(unchecked((int)value)) : Unsafe.BitCast<long, T>(value);
}
