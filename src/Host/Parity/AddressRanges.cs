namespace Sim.Host.Parity;

/// <summary>
/// Which addresses of a program are mapped, and where Linux 6.1 puts a new private anonymous mapping: as high as it can below the base
/// (mm/mmap.c: vm_unmapped_area, top down; mm/mremap.c: grow in place if what follows is free, else move).
/// </summary>
/// <param name="mmapBase">The end of the space for mappings.</param>
internal sealed class AddressRanges(ulong mmapBase)
{
    /// <summary>vm.mmap_min_addr.</summary>
    private const ulong LeastAddress = 64 << 10;

    private readonly List<(ulong Start, ulong End)> _ranges = [];

    /// <summary>The ranges in order; neighbours that touch are one.</summary>
    public IReadOnlyList<(ulong Start, ulong End)> All => _ranges;

    /// <summary>Whether no address of a range is mapped.</summary>
    public bool IsFree(ulong start, ulong end) => start < end && !_ranges.Exists(r => r.Start < end && start < r.End);

    /// <summary>Maps a range.</summary>
    public void Add(ulong start, ulong end)
    {
        if (start >= end)
        {
            return;
        }
        int first = _ranges.FindIndex(r => r.End >= start);
        first = first < 0 ? _ranges.Count : first;
        int count = 0;
        while (first + count < _ranges.Count && _ranges[first + count].Start <= end)
        {
            (ulong oldStart, ulong oldEnd) = _ranges[first + count++];
            (start, end) = (Math.Min(start, oldStart), Math.Max(end, oldEnd));
        }
        _ranges.RemoveRange(first, count);
        _ranges.Insert(first, (start, end));
    }

    /// <summary>Unmaps a range.</summary>
    public void Remove(ulong start, ulong end)
    {
        for (int i = _ranges.Count - 1; i >= 0; i--)
        {
            (ulong oldStart, ulong oldEnd) = _ranges[i];
            if (oldStart >= end || start >= oldEnd)
            {
                continue;
            }
            _ranges.RemoveAt(i);
            if (end < oldEnd)
            {
                _ranges.Insert(i, (end, oldEnd));
            }
            if (oldStart < start)
            {
                _ranges.Insert(i, (oldStart, start));
            }
        }
    }

    /// <summary>Maps a range where there is room.</summary>
    /// <returns>Its start, or null.</returns>
    public ulong? Map(ulong lengthBytes)
    {
        ulong end = mmapBase;
        for (int i = _ranges.Count - 1; i >= 0 && end >= lengthBytes; i--)
        {
            if (_ranges[i].Start >= mmapBase)
            {
                continue;
            }
            if (_ranges[i].End <= end && end - _ranges[i].End >= lengthBytes)
            {
                break;
            }
            end = _ranges[i].Start;
        }
        if (end < lengthBytes + LeastAddress || !IsFree(end - lengthBytes, end))
        {
            return null;
        }
        Add(end - lengthBytes, end);
        return end - lengthBytes;
    }

    /// <summary>Changes a mapping's length, moving it if need be.</summary>
    /// <returns>Its start, or null.</returns>
    public ulong? Remap(ulong start, ulong oldLengthBytes, ulong newLengthBytes)
    {
        if (newLengthBytes <= oldLengthBytes)
        {
            Remove(start + newLengthBytes, start + oldLengthBytes);
            return start;
        }
        if (start + newLengthBytes <= mmapBase && IsFree(start + oldLengthBytes, start + newLengthBytes))
        {
            Add(start, start + newLengthBytes);
            return start;
        }
        ulong? moved = Map(newLengthBytes);
        if (moved is not null)
        {
            Remove(start, start + oldLengthBytes);
        }
        return moved;
    }
}
