using Sim.Kernel.Zones;

namespace Sim.Kernel.Boot;

/// <summary>
/// How x86-64 maps all memory at boot, and what its tables cost: from the top of memory downwards in growing steps, so that
/// tables can lie in what is mapped already, the first of them in the early heap (<c>init_mem_mapping</c>, <c>alloc_low_pages</c>,
/// arch/x86/mm/init.c). Large pages have 2 MiB.
/// </summary>
internal sealed class DirectMap(Memblock memblock, MemoryMap map, PageRange heap)
{
    /// <summary>Tables that the early heap holds (INIT_PGD_PAGE_COUNT with KASLR built in).</summary>
    internal const int HeapTables = 12;

    private const long Mib = 1L << 20, LargePage = 2 * Mib;

    /// <summary>The tables there are, by level and what they map.</summary>
    private readonly HashSet<(int Shift, long Index)> _tables = [];
    private readonly List<long> _fromMemory = [];
    private long _minMapped, _maxMapped = Mib;
    private int _inHeap;

    /// <summary>Addresses of the tables that memblock gave.</summary>
    public IReadOnlyList<long> Build()
    {
        long end = map.EndPfn << Page.Shift;
        MapRange(0, Mib, Mib);
        // A free large page, looked for and let go, says where to begin; what lies above it comes last.
        long first = memblock.Find(LargePage, LargePage, Mib, end);
        long realEnd = first < 0 ? end : first + LargePage;
        long step = LargePage, mapped = 0;
        (_minMapped, _maxMapped) = (realEnd, 0);
        for (long last = realEnd; last > Mib;)
        {
            long start = last > step ? Math.Max((last - 1) & -step, Mib) : Mib;
            mapped += MapRange(start, last, last);
            last = start;
            _minMapped = start;
            if (mapped >= step)
            {
                // One less than the levels' difference in shift: a step must not need more tables than are mapped.
                step <<= 8;
            }
        }
        MapRange(realEnd, end, end);
        return _fromMemory;
    }

    /// <summary>Maps the memory in a range and returns its bytes.</summary>
    private long MapRange(long from, long to, long limit)
    {
        long mapped = 0;
        foreach (PageRange usable in map.Usable)
        {
            // Below 1 MiB everything is mapped, holes too.
            long start = from == 0 ? 0 : Math.Max(usable.StartPfn << Page.Shift, from);
            long end = from == 0 ? limit : Math.Min(usable.EndPfn << Page.Shift, to);
            if (start >= end)
            {
                continue;
            }
            bool useHeap = Math.Max(start, (heap.StartPfn + _inHeap) << Page.Shift) >= Math.Min(end, heap.EndPfn << Page.Shift);
            for (long at = start; at < end; at = (at | (LargePage - 1)) + 1)
            {
                Need(39, at, useHeap);
                Need(30, at, useHeap);
                if (at % LargePage != 0 || at + LargePage > end)
                {
                    Need(21, at, useHeap);
                }
            }
            _maxMapped = Math.Max(_maxMapped, end);
            mapped += end - start;
            if (from == 0)
            {
                break;
            }
        }
        return mapped;
    }

    private void Need(int shift, long address, bool useHeap)
    {
        if (!_tables.Add((shift, address >> shift)))
        {
            return;
        }
        if (useHeap && _inHeap < HeapTables)
        {
            _inHeap++;
            return;
        }
        long table = memblock.Alloc(Page.Size, Page.Size, _minMapped, Math.Max(_maxMapped, _minMapped));
        if (table >= 0)
        {
            _fromMemory.Add(table);
        }
    }
}
