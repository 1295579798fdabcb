using System.Text;
using Parquet.Encodings;
using Parquet.Meta;

namespace Parquet.Pages;

/// <summary>Encodes a column of strings: a dictionary where values repeat, PLAIN elsewhere. Buffers are kept from column to column.</summary>
internal sealed class StringColumnEncoder(PageCompressor compressor, ColumnEncoder indexEncoder)
{
    private readonly ByteBuffer _page = new();
    private readonly ByteBuffer _levels = new();
    private readonly ChunkBuilder _chunk = new(compressor);
    private readonly StringDictionary _dictionary = new();
    private readonly StringRange _range = new();

    /// <summary>Encodes the strings of the rows that have one. The result is valid until the next call.</summary>
    /// <param name="dictionaryThreshold">See <see cref="ParquetOptions.DictionaryEncodingThreshold"/>.</param>
    public ChunkBuilder Encode(ReadOnlySpan<string> values, Presence presence, double dictionaryThreshold, out ColumnStatistics statistics)
    {
        _chunk.Clear();
        _range.Clear();
        int limit = (int)Math.Clamp(values.Length * dictionaryThreshold, 0, values.Length);
        long? distinct = null;
        if (limit > 0 && _dictionary.TryBuild(values, limit) && TryWriteDictionary())
        {
            distinct = _dictionary.Entries.Length;
            indexEncoder.WriteIndexPages(_chunk, _dictionary.Indices(values.Length), HybridEncoder.WidthOf((int)distinct), presence);
        }
        else
        {
            _range.Clear();
            WritePlainPages(values, presence);
        }

        statistics = _range.ToStatistics(presence.RowCount - values.Length, distinct);
        return _chunk;
    }

    /// <summary>Writes the dictionary page, unless it would be larger than a page may be.</summary>
    private bool TryWriteDictionary()
    {
        _page.Clear();
        foreach (string entry in _dictionary.Entries)
        {
            AppendString(entry);
            if (_page.Length > PageLimits.MaxPageLength)
            {
                return false;
            }
        }

        _chunk.AppendDictionaryPage(_page, _dictionary.Entries.Length);
        return true;
    }

    private void WritePlainPages(ReadOnlySpan<string> values, Presence presence)
    {
        int row = 0;
        int value = 0;
        do
        {
            int start = row;
            _page.Clear();
            while (row < presence.RowCount && row - start < PageLimits.RowsPerPage && _page.Length < PageLimits.StringPageLength)
            {
                if (presence.HasValue(row))
                {
                    AppendString(values[value++]);
                }

                row++;
            }

            // Levels stand before the values, but how many there are is known only now.
            _levels.Clear();
            presence.WriteLevels(start, row - start, _levels);
            if (_levels.Length > 0)
            {
                _levels.Write(_page.Written);
            }

            _chunk.AppendDataPage(_levels.Length > 0 ? _levels : _page, row - start, ValueEncoding.Plain);
        }
        while (row < presence.RowCount);
    }

    /// <summary>Appends length and UTF-8 bytes.</summary>
    private void AppendString(string value)
    {
        Span<byte> target = _page.Reserve(sizeof(int) + Encoding.UTF8.GetMaxByteCount(value.Length));
        int length = Encoding.UTF8.GetBytes(value, target[sizeof(int)..]);
        BitConverter.TryWriteBytes(target, length);
        _page.Advance(sizeof(int) + length);
        _range.Add(target.Slice(sizeof(int), length));
    }
}
