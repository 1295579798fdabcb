using Sim.Kernel.Zones;

namespace Sim.Kernel.Boot;

/// <summary>A range of physical addresses.</summary>
/// <param name="Base">First byte.</param>
/// <param name="Size">Bytes, at least 1.</param>
public readonly record struct MemblockRegion(long Base, long Size)
{
    /// <summary>One past the last byte.</summary>
    public long End => Base + Size;
}

/// <summary>
/// The allocator that the kernel has before it has one: the memory there is and the parts of it that are taken, to the
/// byte; what is left of the one without the other goes to the buddy lists (mm/memblock.c). Memory on one node, without
/// flags. Not thread-safe.
/// </summary>
public sealed class Memblock
{
    /// <summary>All memory (<c>memblock.memory</c>).</summary>
    public MemblockRegions Memory { get; } = new();

    /// <summary>What is taken of it, and of addresses without memory (<c>memblock.reserved</c>).</summary>
    public MemblockRegions Reserved { get; } = new();

    /// <summary>Search upwards; the kernel searches downwards unless it may be moved at run time (<c>memblock_set_bottom_up</c>).</summary>
    public bool BottomUp { get; set; }

    /// <summary>End of the memory that a request without a limit of its own may get (<c>memblock_set_current_limit</c>).</summary>
    public long CurrentLimit { get; set; } = long.MaxValue;

    /// <summary>Takes a free range and returns its first byte, or -1 when none serves (<c>memblock_alloc_internal</c>).</summary>
    /// <param name="size">Bytes.</param>
    /// <param name="align">A power of two.</param>
    /// <param name="min">Lowest address; given up when nothing above serves.</param>
    /// <param name="max">One past the highest address; 0 for <see cref="CurrentLimit"/>.</param>
    public long Alloc(long size, long align, long min = 0, long max = 0)
    {
        max = max == 0 ? CurrentLimit : Math.Min(max, CurrentLimit);
        long found = Find(size, align, min, max);
        if (found < 0 && min > 0)
        {
            found = Find(size, align, 0, max);
        }
        if (found >= 0)
        {
            Reserved.Add(found, size);
        }
        return found;
    }

    /// <summary>The first byte of a free range, or -1 (<c>memblock_find_in_range_node</c>). The first page is never found.</summary>
    public long Find(long size, long align, long min, long max)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        ArgumentOutOfRangeException.ThrowIfNotEqual(align & (align - 1), 0);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(align);
        min = Math.Max(min, Page.Size);
        max = Math.Max(max, min);
        IEnumerable<MemblockRegion> free = Free();
        foreach (MemblockRegion range in BottomUp ? free : free.Reverse())
        {
            long from = Math.Clamp(range.Base, min, max), to = Math.Clamp(range.End, min, max);
            if (to - from < size)
            {
                continue;
            }
            long candidate = BottomUp ? from + (-from & (align - 1)) : (to - size) & -align;
            if (candidate >= from && candidate <= to - size)
            {
                return candidate;
            }
        }
        return -1;
    }

    /// <summary>Memory that is not taken, in order of address (<c>for_each_free_mem_range</c>).</summary>
    public IReadOnlyList<MemblockRegion> Free()
    {
        var free = new List<MemblockRegion>();
        int taken = 0;
        foreach (MemblockRegion memory in Memory)
        {
            long at = memory.Base;
            while (taken > 0 && Reserved[taken - 1].End > at)
            {
                taken--;
            }
            for (; taken < Reserved.Count && Reserved[taken].Base < memory.End; taken++)
            {
                if (Reserved[taken].Base > at)
                {
                    free.Add(new MemblockRegion(at, Reserved[taken].Base - at));
                }
                at = Math.Max(at, Reserved[taken].End);
            }
            if (at < memory.End)
            {
                free.Add(new MemblockRegion(at, memory.End - at));
            }
        }
        return free;
    }

    /// <summary>
    /// The whole frames that are free, cut where a zone or the permanently mapped memory ends, in order of address: what
    /// memblock_free_all hands over (<c>__free_memory_core</c>).
    /// </summary>
    /// <param name="ends">Ends of zones, as pfns.</param>
    public IReadOnlyList<PageRange> FreePages(IEnumerable<long> ends)
    {
        long[] cuts = [.. ends];
        var pages = new List<PageRange>();
        foreach (MemblockRegion range in Free())
        {
            long start = (range.Base + Page.Size - 1) >> Page.Shift, end = range.End >> Page.Shift;
            foreach (long cut in cuts)
            {
                if (cut > start && cut < end)
                {
                    pages.Add(new PageRange(start, cut));
                    start = cut;
                }
            }
            if (start < end)
            {
                pages.Add(new PageRange(start, end));
            }
        }
        return pages;
    }
}
