using System.Collections;

namespace Sim.Kernel.Boot;

/// <summary>
/// A set of byte addresses as ranges: sorted, disjoint, with a gap between any two (<c>struct memblock_type</c>). Ranges
/// that overlap or touch become one.
/// </summary>
public sealed class MemblockRegions : IReadOnlyList<MemblockRegion>
{
    private readonly List<MemblockRegion> _regions = [];

    /// <inheritdoc/>
    public int Count => _regions.Count;

    /// <summary>Bytes in all ranges.</summary>
    public long TotalSize => _regions.Sum(r => r.Size);

    /// <inheritdoc/>
    public MemblockRegion this[int index] => _regions[index];

    /// <summary>Adds a range, whatever of it is there already (<c>memblock_add_range</c>).</summary>
    public void Add(long start, long size)
    {
        long end = End(start, size);
        if (end == start)
        {
            return;
        }
        int first = FirstEndingAt(start);
        int last = first;
        for (; last < _regions.Count && _regions[last].Base <= end; last++)
        {
            start = Math.Min(start, _regions[last].Base);
            end = Math.Max(end, _regions[last].End);
        }
        _regions.RemoveRange(first, last - first);
        _regions.Insert(first, new MemblockRegion(start, end - start));
    }

    /// <summary>Takes a range out, whatever of it is there (<c>memblock_remove_range</c>).</summary>
    public void Remove(long start, long size)
    {
        long end = End(start, size);
        int first = FirstEndingAt(start + 1);
        int last = first;
        var rest = new List<MemblockRegion>(2);
        for (; end > start && last < _regions.Count && _regions[last].Base < end; last++)
        {
            MemblockRegion region = _regions[last];
            if (region.Base < start)
            {
                rest.Add(new MemblockRegion(region.Base, start - region.Base));
            }
            if (region.End > end)
            {
                rest.Add(new MemblockRegion(end, region.End - end));
            }
        }
        _regions.RemoveRange(first, last - first);
        _regions.InsertRange(first, rest);
    }

    /// <summary>True when every byte of the range is there.</summary>
    public bool Contains(long start, long size)
    {
        int at = FirstEndingAt(start + 1);
        return size <= 0 || (at < _regions.Count && _regions[at].Base <= start && _regions[at].End - size >= start);
    }

    /// <summary>Empties the set.</summary>
    public void Clear() => _regions.Clear();

    /// <inheritdoc/>
    public IEnumerator<MemblockRegion> GetEnumerator() => _regions.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Index of the first range whose end is at or above an address.</summary>
    private int FirstEndingAt(long address)
    {
        int low = 0, high = _regions.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_regions[middle].End >= address)
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }
        return low;
    }

    private static long End(long start, long size)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        // A range that would run past the last address ends there (memblock_cap_size).
        return size > long.MaxValue - start ? long.MaxValue : start + size;
    }
}
