using Sim.Engine.Events;
using Sim.Kernel.Mm;

namespace Sim.Kernel.Highmem;

/// <summary>
/// Temporary mappings of high memory: permanent ones, which any task may hold and which are flushed all at once, and fixed
/// addresses, of which each CPU has a stack (mm/highmem.c, Linux 6.1). Sourced state. Not in the state hash before the first one.
/// </summary>
public sealed class HighmemState :
    IApply<KmapMap>, IApply<KmapGet>, IApply<KmapPut>, IApply<KmapFlush>, IApply<FixmapSet>
{
    private readonly AddressSpaces _spaces;
    private readonly int[] _counts;
    private readonly long[] _pages, _fixed;
    private readonly long _lowmemEndPfn;

    /// <param name="layout">Where mappings are.</param>
    /// <param name="spaces">The page tables.</param>
    /// <param name="cpus">Number of CPUs.</param>
    /// <param name="lowmemEndPfn">End of the memory that needs no such mapping.</param>
    public HighmemState(KernelLayout layout, AddressSpaces spaces, int cpus, long lowmemEndPfn)
    {
        Layout = layout;
        _spaces = spaces;
        _lowmemEndPfn = lowmemEndPfn;
        _counts = new int[layout.PkmapSlots];
        _pages = new long[layout.PkmapSlots];
        _pages.AsSpan().Fill(-1);
        _fixed = new long[layout.IsLong ? 0 : KernelLayout.FixKmapBegin + (KernelLayout.KmapLocalDepth * cpus)];
        _fixed.AsSpan().Fill(-1);
    }

    /// <summary>Where mappings are.</summary>
    public KernelLayout Layout { get; }

    /// <summary>The permanent mapping made last (<c>last_pkmap_nr</c>).</summary>
    public int LastSlot { get; private set; }

    /// <summary>Permanent mappings made.</summary>
    public long Maps { get; private set; }

    /// <summary>Uses of a mapping that was there already.</summary>
    public long Reuses { get; private set; }

    /// <summary>Flushes of permanent mappings.</summary>
    public long Flushes { get; private set; }

    /// <summary>Fixed addresses given to frames.</summary>
    public long FixedMaps { get; private set; }

    /// <summary>True for a frame that the direct map does not have (<c>PageHighMem</c>).</summary>
    public bool IsHigh(long pfn) => !Layout.IsLong && pfn >= _lowmemEndPfn;

    /// <summary>
    /// Users of a permanent mapping and one more (<c>pkmap_count</c>): 0 for a mapping that is free, 1 for one without a user that
    /// CPUs may still have translations of.
    /// </summary>
    public int Count(int slot) => _counts[slot];

    /// <summary>The page of a permanent mapping; -1 for none.</summary>
    public long Page(int slot) => _pages[slot];

    /// <summary>The permanent mapping of a page; -1 for none (<c>page_address</c>).</summary>
    public int SlotOf(long pfn) => _pages.AsSpan().IndexOf(pfn);

    /// <summary>The frame at a fixed address; -1 for none.</summary>
    public long Fixed(int index) => _fixed[index];

    /// <summary>Number of fixed addresses.</summary>
    public int FixedAddresses => _fixed.Length;

    /// <summary>Temporary mappings under way on a CPU (<c>kmap_ctrl.idx</c>).</summary>
    public int LocalDepth(int cpu)
    {
        int depth = 0;
        while (depth < KernelLayout.KmapLocalDepth && _fixed[LocalIndex(cpu, depth)] >= 0)
        {
            depth++;
        }
        return depth;
    }

    /// <summary>Fixed address of a CPU's temporary mapping.</summary>
    public static int LocalIndex(int cpu, int depth) => KernelLayout.FixKmapBegin + (cpu * KernelLayout.KmapLocalDepth) + depth;

    public void Apply(in KmapMap e, in EventHeader header)
    {
        _spaces.MapKernel(Layout.PkmapAddress(e.PkmapSlot), e.Pfn);
        _pages[e.PkmapSlot] = e.Pfn;
        _counts[e.PkmapSlot] = 2;
        LastSlot = e.PkmapSlot;
        Maps++;
    }

    public void Apply(in KmapGet e, in EventHeader header)
    {
        _counts[e.PkmapSlot]++;
        Reuses++;
    }

    public void Apply(in KmapPut e, in EventHeader header) => _counts[e.PkmapSlot]--;

    public void Apply(in KmapFlush e, in EventHeader header)
    {
        for (int slot = 0; slot < _counts.Length; slot++)
        {
            if (_counts[slot] == 1)
            {
                _counts[slot] = 0;
                _pages[slot] = -1;
                _spaces.UnmapKernel(Layout.PkmapAddress(slot), 1);
            }
        }
        Flushes++;
    }

    public void Apply(in FixmapSet e, in EventHeader header)
    {
        ulong address = KernelLayout.FixmapAddress(e.FixmapIndex);
        _fixed[e.FixmapIndex] = e.Pfn;
        if (e.Pfn < 0)
        {
            _spaces.UnmapKernel(address, 1);
        }
        else
        {
            _spaces.MapKernel(address, e.Pfn);
            FixedMaps++;
        }
    }

    /// <summary>Appends the state, if there is any.</summary>
    public void HashInto(ref XxHash64 hash)
    {
        if (Maps == 0 && FixedMaps == 0)
        {
            return;
        }
        hash.AddSpan<int>(_counts);
        hash.AddSpan<long>(_pages);
        hash.AddSpan<long>(_fixed);
        hash.Add(LastSlot);
        hash.Add(Maps);
        hash.Add(Reuses);
        hash.Add(Flushes);
        hash.Add(FixedMaps);
    }
}
