using Sim.Engine.Events;
using Sim.Hardware.Paging;
using Sim.Kernel.Reclaim.Generations;
using Sim.Kernel.Swap;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Mm;

/// <content>
/// What page tables tell the multi-generational LRU: which pages were accessed since it looked last (<c>walk_mm</c>,
/// <c>lru_gen_look_around</c> of mm/vmscan.c, Linux 6.1).
/// </content>
public sealed partial class AddressSpaces : IApply<LruGenWalk>, IApply<LruGenAge>, IApply<LruGenScan>, IApply<LruGenLookAround>
{
    private const VmFlags Unwalked = VmFlags.Locked | VmFlags.Special | VmFlags.SequentialRead | VmFlags.RandomRead;

    /// <summary>Entries looked at, and found accessed, by the event applied last; tells the decider, no part of the state.</summary>
    internal (int Entries, int Young) LastWalk { get; private set; }

    /// <summary>What the <c>lrugen.scan</c> applied last came to; tells the decider, no part of the state.</summary>
    internal GenerationScanResult LastScan { get; private set; }

    public void Apply(in LruGenWalk e, in EventHeader header)
    {
        GenerationState lru = Reclaim!.Lru.Generations!;
        AddressSpace mm = this[e.Pid];
        mm.WalkedRanTimes = e.RanTimes;
        LastWalk = default;
        if (e.ResetsFilter)
        {
            lru.Filter.Reset(lru.Youngest + 1);
        }
        ulong from = 0;
        for (AreaCursor at = mm.Areas.Find(0); mm.Areas.IsValid(at); at = mm.Areas.Next(at))
        {
            if (!IsWalked(in Areas[mm.Areas.Handle(at)], e.CanSwap))
            {
                continue;
            }
            from = Math.Max(from, mm.Areas.Start(at));
            for (ulong end = mm.Areas.End(at); from < end;)
            {
                from = WalkTable(mm, at, from, in e, header.TimePs);
            }
        }
    }

    /// <summary>Every process has had its turn: the next aging takes none of them for new.</summary>
    public void Apply(in LruGenAge e, in EventHeader header)
    {
        Reclaim!.Lru.Generations!.Open(header.TimePs, e.CanSwap);
        for (int pid = 1; pid <= MaxPid; pid++)
        {
            if (Find(pid) is { WalkedRanTimes: < 0 } mm)
            {
                mm.WalkedRanTimes = 0;
            }
        }
    }

    public void Apply(in LruGenScan e, in EventHeader header) => LastScan = GenerationScan.Run(Reclaim!, _frames, in e);

    public void Apply(in LruGenLookAround e, in EventHeader header)
    {
        GenerationState lru = Reclaim!.Lru.Generations!;
        AddressSpace mm = this[e.Pid];
        ulong address = (ulong)e.Vpn << 12;
        ref readonly VmArea area = ref Areas[mm.Areas.Handle(mm.Areas.Find(address))];
        ulong end = _tables.SpanEnd(address, 1), start = end - (1UL << _tables.Mode.ShiftOf(1));
        (start, end) = Around(address, Math.Max(start, area.VmStart), Math.Min(end, area.VmEnd));
        int young = 0;
        long table = _tables.FindLeafTable(mm.Root, address, out _);
        for (ulong at = start; at < end; at += 4096)
        {
            young += TakeYoung(table, at, e.CanSwap, lru, header.TimePs) > 0 ? 1 : 0;
        }
        int looked = (int)((end - start) >> 12);
        LastWalk = (looked, young);
        if (IsWorthAWalk(looked, young) && _tables.TryFindMiddle(mm.Root, address, out long middle, out int index))
        {
            lru.Filter.Add(lru.Youngest, KeyOf(middle, index));
        }
    }

    /// <summary>At most 64 pages around an address, and no more than there are on either side.</summary>
    private static (ulong Start, ulong End) Around(ulong address, ulong start, ulong end)
    {
        const ulong Most = TierControl.MinBatchPages * 4096;
        if (end - start <= Most)
        {
            return (start, end);
        }
        return address - start < Most / 2 ? (start, start + Most)
            : end - address < Most / 2 ? (end - Most, end)
            : (address - (Most / 2), address + (Most / 2));
    }

    /// <summary>Walks the table that an address lies in, as far as areas in it are walked, if it is worth it.</summary>
    /// <returns>The first address behind the table.</returns>
    private ulong WalkTable(AddressSpace mm, AreaCursor area, ulong start, in LruGenWalk e, long timePs)
    {
        GenerationState lru = Reclaim!.Lru.Generations!;
        long table = _tables.FindLeafTable(mm.Root, start, out int missing);
        if (table < 0)
        {
            return _tables.SpanEnd(start, missing + 1);
        }
        ulong next = _tables.SpanEnd(start, 1);
        _tables.TryFindMiddle(mm.Root, start, out long middle, out int index);
        // Where upper levels are marked too, a table that nobody has gone through need not be looked at (arch_has_hw_nonleaf_pmd_young).
        if (_tables.Mode.Levels > 2 && !TakeMiddleAccessed(middle, index))
        {
            return next;
        }
        long key = KeyOf(middle, index);
        if (!e.Forced && !lru.Filter.MayContain(lru.Youngest, key))
        {
            return next;
        }
        int total = 0, young = 0;
        for (; mm.Areas.IsValid(area) && mm.Areas.Start(area) < next; area = mm.Areas.Next(area))
        {
            if (!IsWalked(in Areas[mm.Areas.Handle(area)], e.CanSwap))
            {
                continue;
            }
            ulong stop = Math.Min(mm.Areas.End(area), next);
            for (ulong at = Math.Max(start, mm.Areas.Start(area)); at < stop; at += 4096)
            {
                int found = TakeYoung(table, at, e.CanSwap, lru, timePs);
                total++;
                young += found > 0 ? 1 : 0;
            }
        }
        LastWalk = (LastWalk.Entries + total, LastWalk.Young + young);
        if (IsWorthAWalk(total, young))
        {
            lru.Filter.Add(lru.Youngest + 1, key);
        }
        return next;
    }

    /// <summary>On average an entry in each line of the processor's cache was found accessed (<c>suitable_to_scan</c>).</summary>
    private static bool IsWorthAWalk(int entries, int young) => young * 8 >= entries;

    private long KeyOf(long middle, int index) => (middle << 12) + (index * _tables.Mode.EntryBytes);

    /// <summary>Areas that are walked (<c>should_skip_vma</c>).</summary>
    private static bool IsWalked(in VmArea area, bool canSwap) =>
        (area.VmFlags & VmFlags.Access) != 0 && (area.VmFlags & Unwalked) == 0 && (area.VmFile > 0 || canSwap);

    /// <summary>Clears an entry's accessed bit and makes its page young.</summary>
    /// <returns>1 when it was set, 0 when not, -1 when there is no page.</returns>
    private int TakeYoung(long table, ulong address, bool canSwap, GenerationState lru, long timePs)
    {
        ulong entry = _tables.Read(table, address);
        if (!SwapFormat.IsPage(entry))
        {
            return -1;
        }
        long pfn = _tables.Mode.PfnOf(entry);
        if (pfn == ZeroPfn)
        {
            return -1;
        }
        ref Frame frame = ref _frames[pfn];
        if ((entry & (ulong)PteFlags.Accessed) == 0 || (!canSwap && !GenerationState.IsFile(in frame)))
        {
            return 0;
        }
        _tables.Write(table, address, entry & ~(ulong)PteFlags.Accessed);
        bool plain = frame.Use == FrameUse.Anon && !frame.Has(PageFlags.LazyFree | PageFlags.SwapCache);
        if ((entry & (ulong)PteFlags.Dirty) != 0 && !plain)
        {
            SetDirty(pfn, timePs);
        }
        lru.Promote((int)pfn, lru.Youngest);
        return 1;
    }

    /// <summary>Clears the accessed bit of an entry that points to a table of entries; false when it was not set.</summary>
    private bool TakeMiddleAccessed(long middle, int index)
    {
        ulong entry = _tables.ReadAt(middle, index);
        if ((entry & (ulong)PteFlags.Accessed) == 0)
        {
            return false;
        }
        _tables.WriteAt(middle, index, entry & ~(ulong)PteFlags.Accessed);
        return true;
    }

    private void RejectInGenerations(ref Frame frame)
    {
        if (Reclaim!.Lru.Generations is not null)
        {
            GenerationState.Reject(ref frame);
        }
    }
}
