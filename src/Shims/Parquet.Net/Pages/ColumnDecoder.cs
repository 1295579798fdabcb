using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Parquet.Encodings;
using Parquet.Meta;

namespace Parquet.Pages;

/// <summary>Decodes a column chunk into values, densely: rows that are null take no place.</summary>
internal static class ColumnDecoder
{
    /// <summary>Decodes numbers or booleans and returns how many values there are.</summary>
    /// <param name="chunk">A reader at the chunk's start.</param>
    /// <param name="values">Room for one value per row.</param>
    /// <param name="levels">See <see cref="ChunkReader.NextPage"/>.</param>
    public static int Decode<T>(ChunkReader chunk, Span<T> values, Span<int> levels)
        where T : unmanaged
    {
        T[] dictionary = [];
        int[] indices = [];
        int done = 0;
        while (chunk.NextPage(levels))
        {
            ReadOnlySpan<byte> input = chunk.Values.Span;
            if (chunk.IsDictionary)
            {
                RequirePlain(chunk);
                dictionary = new T[EntryCount(chunk, Unsafe.SizeOf<T>())];
                PlainEncoding.Decode(input, dictionary.AsSpan());
                continue;
            }

            Span<T> page = values.Slice(done, chunk.ValueCount);
            switch (chunk.Encoding)
            {
                case ValueEncoding.Plain:
                    PlainEncoding.Decode(input, page);
                    break;
                case ValueEncoding.DeltaBinaryPacked when typeof(T) == typeof(int) || typeof(T) == typeof(long):
                    DeltaBinaryPackedDecoder.Decode(input, page);
                    break;
                case ValueEncoding.RleDictionary or ValueEncoding.PlainDictionary:
                    LookUp(ReadIndices(input, page.Length, ref indices), dictionary, page);
                    break;
                default:
                    throw Unsupported(chunk.Encoding);
            }

            done += page.Length;
            levels = levels.IsEmpty ? levels : levels[chunk.RowCount..];
        }

        return done;
    }

    /// <summary>Decodes strings; equal strings from a dictionary are the same object.</summary>
    /// <inheritdoc cref="Decode{T}(ChunkReader, Span{T}, Span{int})"/>
    public static int Decode(ChunkReader chunk, Span<string?> values, Span<int> levels)
    {
        string?[] dictionary = [];
        int[] indices = [];
        int done = 0;
        while (chunk.NextPage(levels))
        {
            ReadOnlySpan<byte> input = chunk.Values.Span;
            if (chunk.IsDictionary)
            {
                RequirePlain(chunk);
                dictionary = new string?[EntryCount(chunk, sizeof(int))];
                ReadStrings(input, dictionary);
                continue;
            }

            Span<string?> page = values.Slice(done, chunk.ValueCount);
            switch (chunk.Encoding)
            {
                case ValueEncoding.Plain:
                    ReadStrings(input, page);
                    break;
                case ValueEncoding.RleDictionary or ValueEncoding.PlainDictionary:
                    LookUp(ReadIndices(input, page.Length, ref indices), dictionary, page);
                    break;
                default:
                    throw Unsupported(chunk.Encoding);
            }

            done += page.Length;
            levels = levels.IsEmpty ? levels : levels[chunk.RowCount..];
        }

        return done;
    }

    /// <summary>Entries of a dictionary page, checked against its bytes before room is made for them.</summary>
    private static int EntryCount(ChunkReader chunk, int minEntryLength) =>
        (long)chunk.ValueCount * minEntryLength <= chunk.Values.Length
            ? chunk.ValueCount
            : throw new ParquetException($"Damaged Parquet page: a dictionary of {chunk.ValueCount} entries in {chunk.Values.Length} bytes.");

    private static void RequirePlain(ChunkReader chunk)
    {
        if (chunk.Encoding is not (ValueEncoding.Plain or ValueEncoding.PlainDictionary))
        {
            throw Unsupported(chunk.Encoding);
        }
    }

    private static Span<int> ReadIndices(ReadOnlySpan<byte> input, int count, ref int[] indices)
    {
        if (count == 0)
        {
            return [];
        }

        if (indices.Length < count)
        {
            indices = new int[count];
        }

        int width = new EncodedReader(input).Take(1)[0];
        HybridDecoder.Decode(input[1..], width, indices.AsSpan(0, count));
        return indices.AsSpan(0, count);
    }

    private static void LookUp<T>(ReadOnlySpan<int> indices, ReadOnlySpan<T> dictionary, Span<T> values)
    {
        for (int i = 0; i < indices.Length; i++)
        {
            int index = indices[i];
            if ((uint)index >= (uint)dictionary.Length)
            {
                throw new ParquetException($"Damaged Parquet page: index {index} into a dictionary of {dictionary.Length}.");
            }

            values[i] = dictionary[index];
        }
    }

    private static void ReadStrings(ReadOnlySpan<byte> input, Span<string?> values)
    {
        var reader = new EncodedReader(input);
        for (int i = 0; i < values.Length; i++)
        {
            int length = MemoryMarshal.Read<int>(reader.Take(sizeof(int)));
            values[i] = Encoding.UTF8.GetString(reader.Take(length));
        }
    }

    private static ParquetException Unsupported(ValueEncoding encoding) => new($"Encoding {encoding} ({(int)encoding}) is not supported for this column.");
}
