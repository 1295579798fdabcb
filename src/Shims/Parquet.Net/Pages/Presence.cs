using System.Runtime.InteropServices;
using Parquet.Encodings;

namespace Parquet.Pages;

/// <summary>Which rows of a column have a value: all (required column, or an optional one without nulls), or those flagged.</summary>
/// <param name="rowCount">Rows, nulls included.</param>
/// <param name="optional">Whether pages carry definition levels.</param>
/// <param name="levels">Per row 1 (value) or 0 (null); empty if all rows have a value.</param>
internal readonly ref struct Presence(int rowCount, bool optional, ReadOnlySpan<int> levels)
{
    private readonly ReadOnlySpan<int> _levels = levels;

    public int RowCount { get; } = rowCount;

    public bool Optional { get; } = optional;

    /// <summary>Values among some rows.</summary>
    public int CountValues(int row, int count)
    {
        if (_levels.IsEmpty)
        {
            return count;
        }

        int values = 0;
        foreach (int level in _levels.Slice(row, count))
        {
            values += level;
        }

        return values;
    }

    public bool HasValue(int row) => _levels.IsEmpty || _levels[row] != 0;

    /// <summary>Writes the levels of some rows as a data page of version 1 begins with: their length, then the hybrid at width 1.</summary>
    public void WriteLevels(int row, int count, ByteBuffer page)
    {
        if (!Optional)
        {
            return;
        }

        int start = page.Length;
        page.Write([0, 0, 0, 0]);
        if (!_levels.IsEmpty)
        {
            HybridEncoder.Encode(_levels.Slice(row, count), 1, page);
        }
        else if (count > 0)
        {
            page.WriteVarint((uint)count << 1);
            page.Write(1);
        }

        int length = page.Length - start - sizeof(int);
        MemoryMarshal.Write(page.Patch(start, sizeof(int)), in length);
    }
}
