using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Parquet.Encodings;
using Parquet.Meta;

namespace Parquet.Pages;

/// <summary>Encodes a column of numbers or booleans into the pages of a chunk. One is used for all columns of a file; its buffers are kept.</summary>
internal sealed class ColumnEncoder(PageCompressor compressor)
{
    private readonly ByteBuffer _page = new();
    private ChunkBuilder _best = new(compressor);
    private ChunkBuilder _candidate = new(compressor);
    private NumberDictionary<int>? _ints;
    private NumberDictionary<long>? _longs;

    /// <summary>Encodes the values of the rows that have one. The result is valid until the next call.</summary>
    public ChunkBuilder Encode<T>(ReadOnlySpan<T> values, Presence presence, EncodingHint hint, out ColumnStatistics statistics)
        where T : unmanaged
    {
        statistics = NumberRange.StatisticsOf(values, presence.RowCount - values.Length);
        bool isInteger = typeof(T) == typeof(int) || typeof(T) == typeof(long);
        switch (hint)
        {
            case EncodingHint.DeltaBinaryPacked when isInteger:
                _best.Clear();
                WritePages(_best, values, presence, ValueEncoding.DeltaBinaryPacked);
                break;
            case EncodingHint.Dictionary when typeof(T) != typeof(bool):
                int? distinct = EncodeSmallest(values, presence, isInteger);
                statistics = statistics with { DistinctCount = distinct };
                break;
            default:
                _best.Clear();
                WritePages(_best, values, presence, ValueEncoding.Plain);
                break;
        }

        return _best;
    }

    /// <summary>Tries dictionary, delta and, where these save less than half, PLAIN. Returns the number of distinct values if it is known.</summary>
    private int? EncodeSmallest<T>(ReadOnlySpan<T> values, Presence presence, bool isInteger)
        where T : unmanaged
    {
        _best.Clear();
        int? distinct = typeof(T) == typeof(int)
            ? TryDictionary(_ints ??= new(), MemoryMarshal.Cast<T, int>(values), presence)
            : TryDictionary(_longs ??= new(), MemoryMarshal.Cast<T, long>(values), presence);
        if (isInteger)
        {
            Try(values, presence, ValueEncoding.DeltaBinaryPacked);
        }

        if (_best.Length == 0 || _best.Length > (long)values.Length * Unsafe.SizeOf<T>() / 2)
        {
            Try(values, presence, ValueEncoding.Plain);
        }

        return distinct;
    }

    private void Try<T>(ReadOnlySpan<T> values, Presence presence, ValueEncoding encoding)
        where T : unmanaged
    {
        _candidate.Clear();
        WritePages(_candidate, values, presence, encoding);
        if (_best.Length == 0 || _candidate.Length < _best.Length)
        {
            (_best, _candidate) = (_candidate, _best);
        }
    }

    private int? TryDictionary<T>(NumberDictionary<T> dictionary, ReadOnlySpan<T> values, Presence presence)
        where T : unmanaged, IBinaryInteger<T>
    {
        // Beyond a quarter of the values the entries cost more than their indices can save.
        if (!dictionary.TryBuild(values, Math.Max(1, values.Length / 4)))
        {
            return null;
        }

        _page.Clear();
        PlainEncoding.Encode(dictionary.Entries, _page);
        _best.AppendDictionaryPage(_page, dictionary.Count);
        WriteIndexPages(_best, dictionary.Indices(values.Length), HybridEncoder.WidthOf(dictionary.Count), presence);
        return dictionary.Count;
    }

    /// <summary>Writes data pages of indices into a dictionary page already written.</summary>
    public void WriteIndexPages(ChunkBuilder chunk, ReadOnlySpan<int> indices, int width, Presence presence)
    {
        int row = 0;
        do
        {
            int rows = BeginPage(presence, row, out int count);
            _page.Write((byte)width);
            HybridEncoder.Encode(indices[..count], width, _page);
            chunk.AppendDataPage(_page, rows, ValueEncoding.RleDictionary);
            indices = indices[count..];
            row += rows;
        }
        while (row < presence.RowCount);
    }

    private void WritePages<T>(ChunkBuilder chunk, ReadOnlySpan<T> values, Presence presence, ValueEncoding encoding)
        where T : unmanaged
    {
        // A chunk without rows has one page, empty.
        int row = 0;
        do
        {
            int rows = BeginPage(presence, row, out int count);
            if (encoding == ValueEncoding.DeltaBinaryPacked)
            {
                DeltaBinaryPackedEncoder.Encode(values[..count], _page);
            }
            else
            {
                PlainEncoding.Encode(values[..count], _page);
            }

            chunk.AppendDataPage(_page, rows, encoding);
            values = values[count..];
            row += rows;
        }
        while (row < presence.RowCount);
    }

    private int BeginPage(Presence presence, int row, out int valueCount)
    {
        int rows = Math.Min(PageLimits.RowsPerPage, presence.RowCount - row);
        valueCount = presence.CountValues(row, rows);
        _page.Clear();
        presence.WriteLevels(row, rows, _page);
        return rows;
    }
}
