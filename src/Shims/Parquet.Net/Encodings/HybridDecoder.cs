namespace Parquet.Encodings;

/// <summary>Reads the RLE / bit-packing hybrid; see <see cref="HybridEncoder"/>.</summary>
internal static unsafe class HybridDecoder
{
    /// <summary>Fills <paramref name="values"/> from the start of the input. Bytes behind the last value are left over.</summary>
    /// <exception cref="ParquetException">The bytes are damaged or hold fewer values.</exception>
    public static void Decode(ReadOnlySpan<byte> input, int width, Span<int> values)
    {
        if (width is < 0 or > 31)
        {
            throw new ParquetException($"Damaged Parquet page: index width {width}.");
        }

        var reader = new EncodedReader(input);
        while (!values.IsEmpty)
        {
            ulong header = reader.Varint();
            ulong length = header >> 1;
            if (length is 0 or > int.MaxValue)
            {
                throw new ParquetException($"Damaged Parquet page: a run of {length}.");
            }

            int count;
            if ((header & 1) == 0)
            {
                ReadOnlySpan<byte> bytes = reader.Take((width + 7) / 8);
                int value = 0;
                for (int i = 0; i < bytes.Length; i++)
                {
                    value |= bytes[i] << (8 * i);
                }

                count = (int)Math.Min(length, (ulong)values.Length);
                values[..count].Fill(value);
            }
            else
            {
                // The last group is padded; more groups than there are values to come would not be read by anyone.
                count = (int)Math.Min(length * 8, (ulong)values.Length);
                ReadPacked(ref reader, length, width, values[..count]);
            }

            values = values[count..];
        }
    }

    private static void ReadPacked(ref EncodedReader reader, ulong groups, int width, Span<int> values)
    {
        ReadOnlySpan<byte> packed = reader.Take((long)groups * width);
        ulong* unpacked = stackalloc ulong[BitUnpacker.MaxCount];
        for (int done = 0; done < values.Length; done += BitUnpacker.MaxCount)
        {
            int count = Math.Min(BitUnpacker.MaxCount, values.Length - done);
            BitUnpacker.Unpack(packed[(done / 8 * width)..], count, width, unpacked);
            for (int i = 0; i < count; i++)
            {
                values[done + i] = (int)unpacked[i];
            }
        }
    }
}
