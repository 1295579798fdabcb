using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Sim.Engine.Events;
using Sim.Kernel.Boot;
using Sim.Kernel.PerCpu;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Buddy;

/// <summary>
/// The page allocator's sourced state: frames, zones with their free lists and page-block types, per-CPU lists. Only
/// <c>Apply</c> changes it, in the live run and in a fold alike.
/// </summary>
public sealed partial class PageAllocatorState :
    IApply<PageAlloc>, IApply<PageAllocBulk>, IApply<PageFree>, IApply<PageFreeBuddy>, IApply<PageIsolate>, IApply<BuddySteal>,
    IApply<PcpRefill>, IApply<PcpDrain>, IApply<ZoneReclaimActive>, IApply<VmStatFlush>, IApply<PageSplit>
{
    private readonly Zone[] _zones = new Zone[ZoneTypes.Count];
    private readonly BuddyLists _buddy;
    private readonly int _hugePcpOrder;

    /// <param name="profile">The kernel's zones.</param>
    /// <param name="map">The machine's memory.</param>
    /// <param name="cpus">Number of CPUs.</param>
    /// <param name="lists">List heads in the frame table that others need.</param>
    /// <exception cref="ImpossibleMachineException">The number of CPUs is out of range.</exception>
    public PageAllocatorState(ZoneProfile profile, MemoryMap map, int cpus, int lists = 0)
    {
        if (cpus is < 1 or > MaxCpus)
        {
            throw new ImpossibleMachineException("machine.cpus", $"a machine cannot have {cpus} CPUs", $"give a number from 1 to {MaxCpus}");
        }
        Profile = profile;
        Map = map;
        Cpus = cpus;
        int freeLists = ZoneTypes.Count * PageOrder.Count * MigrateTypes.Count;
        Frames = new FrameTable(map.EndPfn, freeLists + (ZoneTypes.Count * cpus * PerCpuPages.Lists) + lists);
        _buddy = new BuddyLists(Frames, profile.PageblockOrder);
        _hugePcpOrder = profile.HasHugePcp ? profile.PageblockOrder : -1;
        var present = new List<Zone>();
        var ranges = new ZoneRange[ZoneTypes.Count];
        foreach (ZoneRange range in profile.Cut(map))
        {
            ranges[(int)range.Type] = range;
        }
        for (int type = 0; type < ZoneTypes.Count; type++)
        {
            int firstFreeList = Frames.FirstList + (type * PageOrder.Count * MigrateTypes.Count);
            var perCpu = new PerCpuPages[cpus];
            for (int cpu = 0; cpu < cpus; cpu++)
            {
                perCpu[cpu] = new PerCpuPages(Frames.FirstList + freeLists + (((type * cpus) + cpu) * PerCpuPages.Lists));
            }
            _zones[type] = new Zone(ranges[type] with { Type = (ZoneType)type }, profile.PageblockOrder, firstFreeList, perCpu);
            if (Array.IndexOf(profile.Zones, (ZoneType)type) >= 0)
            {
                present.Add(_zones[type]);
            }
        }
        Zones = [.. present];
    }

    /// <summary>Most CPUs a machine can have.</summary>
    public const int MaxCpus = 255;

    /// <summary>What the kernel's zones look like.</summary>
    public ZoneProfile Profile { get; }

    /// <summary>The machine's memory.</summary>
    public MemoryMap Map { get; }

    /// <summary>Number of CPUs.</summary>
    public int Cpus { get; }

    /// <summary>All frames.</summary>
    public FrameTable Frames { get; }

    /// <summary>Told of frames that are freed; null without a limited cgroup.</summary>
    internal Memcg.MemcgState? Memcg { get; set; }

    /// <summary>Pages of the swap area (<c>total_swap_pages</c>), which may be promised too.</summary>
    public long SwapPages { get; init; }

    /// <summary>The kernel's zones, lowest first, those without memory included.</summary>
    public ImmutableArray<Zone> Zones { get; }

    /// <summary>Reserve the watermarks come from, in KiB (<c>min_free_kbytes</c>).</summary>
    public long MinFreeKbytes { get; private set; }

    /// <summary>Blocks that went from per-CPU lists to buddy lists so far.</summary>
    public long DrainedBlocks { get; private set; }

    /// <summary>Blocks that were taken off buddy lists so far, refills of per-CPU lists included.</summary>
    public long RemovedBlocks { get; private set; }

    /// <summary>The zone of a type, empty where the kernel has none.</summary>
    public Zone Zone(ZoneType type) => _zones[(int)type];

    /// <summary>True when blocks of the order have per-CPU lists (<c>pcp_allowed_order</c>).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool HasPcpList(int order) => order < PerCpuPages.Orders || order == _hugePcpOrder;

    /// <summary>Takes the block off its per-CPU or buddy list, splitting it where it is larger.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Apply(in PageAlloc e, in EventHeader header)
    {
        int pfn = (int)e.Pfn;
        ref Frame frame = ref Frames[pfn];
        Zone zone = _zones[(int)frame.Zone];
        if (HasPcpList(e.Order))
        {
            zone.PerCpu[e.Cpu].FreeFactor >>= 1;
        }
        if (frame.State == FrameState.Pcp)
        {
            Frames.Unlink(pfn);
            zone.PerCpu[e.Cpu].Count -= 1 << e.Order;
        }
        else
        {
            _buddy.Take(zone, pfn, e.Order);
            zone.CountFree(e.Cpu, -(1 << e.Order));
            RemovedBlocks++;
        }
        frame.State = FrameState.Allocated;
        frame.MigrateType = e.MigrateType;
        frame.AllocatedBy = header.Sequence;
        frame.Owner = e.Owner;
    }

    /// <summary>Takes the frame off its per-CPU list; the lists' free factor stays.</summary>
    public void Apply(in PageAllocBulk e, in EventHeader header)
    {
        ref Frame frame = ref Frames[e.Pfn];
        Frames.Unlink((int)e.Pfn);
        _zones[(int)frame.Zone].PerCpu[e.Cpu].Count--;
        frame.State = FrameState.Allocated;
        frame.MigrateType = e.MigrateType;
        frame.AllocatedBy = header.Sequence;
        frame.Owner = e.Owner;
    }

    /// <summary>Puts the block first on its per-CPU list, or merged on a buddy list.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Apply(in PageFree e, in EventHeader header)
    {
        int pfn = (int)e.Pfn;
        ref Frame frame = ref Frames[pfn];
        Zone zone = _zones[(int)frame.Zone];
        MigrateType type = zone.PageblockType(pfn);
        frame.Clear();
        Memcg?.Uncharge(pfn, e.Order);
        if (HasPcpList(e.Order) && type != MigrateType.Isolate)
        {
            PerCpuPages pcp = zone.PerCpu[e.Cpu];
            frame.State = FrameState.Pcp;
            frame.MigrateType = type;
            Frames.LinkFirst(pcp.FirstList + PerCpuPages.ListOf(e.Order, PcpType(type)), pfn);
            pcp.Count += 1 << e.Order;
        }
        else
        {
            _buddy.Free(zone, pfn, e.Order, type);
            zone.CountFree(e.Cpu, 1 << e.Order);
        }
    }

    /// <summary>Puts the block, merged, on a buddy list.</summary>
    public void Apply(in PageFreeBuddy e, in EventHeader header)
    {
        ref Frame frame = ref Frames[e.Pfn];
        Zone zone = _zones[(int)frame.Zone];
        frame.Clear();
        _buddy.Free(zone, (int)e.Pfn, e.Order, zone.PageblockType(e.Pfn));
        zone.CountFree(e.Cpu, 1 << e.Order);
    }

    /// <summary>Takes the block off its list; at least half a page block of it makes the page block movable.</summary>
    public void Apply(in PageIsolate e, in EventHeader header)
    {
        int pfn = (int)e.Pfn;
        Zone zone = _zones[(int)Frames[pfn].Zone];
        _buddy.Take(zone, pfn, e.Order);
        zone.CountFree(e.Cpu, -(1 << e.Order));
        int end = pfn + (1 << e.Order);
        if (e.Order >= Profile.PageblockOrder - 1)
        {
            for (int block = pfn; block < end; block += 1 << Profile.PageblockOrder)
            {
                if ((int)zone.PageblockType(block) < MigrateTypes.PcpTypes)
                {
                    zone.SetPageblockType(block, MigrateType.Movable);
                }
            }
        }
        for (int at = pfn; at < end; at++)
        {
            ref Frame frame = ref Frames.At(at);
            (frame.State, frame.Order, frame.Zone, frame.MigrateType) = (FrameState.Allocated, 0, zone.Type, MigrateType.Movable);
            (frame.Owner, frame.AllocatedBy) = (KernelUser.Compaction, header.Sequence);
        }
    }

    /// <summary>Each piece becomes a block of its own, for the same owner.</summary>
    public void Apply(in PageSplit e, in EventHeader header)
    {
        Frame head = Frames[e.Pfn];
        long end = e.Pfn + (1L << head.Order);
        head.Order = e.PieceOrder;
        for (long pfn = e.Pfn; pfn < end; pfn += 1L << e.PieceOrder)
        {
            ref Frame piece = ref Frames[pfn];
            if (head.Use != FrameUse.Anon)
            {
                piece = head;
                continue;
            }
            // Pages of a huge page have entries and lists of their own, and know their place in the area (__split_huge_page_tail).
            (piece.State, piece.Order, piece.Use, piece.MigrateType) = (FrameState.Allocated, e.PieceOrder, head.Use, head.MigrateType);
            (piece.Owner, piece.AllocatedBy) = (head.Owner, head.AllocatedBy);
            piece.Index = unchecked(head.Index + (int)(pfn - e.Pfn));
        }
    }

    /// <summary>Sets the mark.</summary>
    public void Apply(in ZoneReclaimActive e, in EventHeader header) => _zones[(int)e.Zone].IsReclaimActive = e.Active;

    /// <summary>Adds the differences up.</summary>
    public void Apply(in VmStatFlush e, in EventHeader header)
    {
        foreach (Zone zone in Zones)
        {
            zone.FlushFreePages(e.Cpu);
        }
    }

    /// <summary>Takes blocks from the buddy lists to the end of a per-CPU list.</summary>
    public void Apply(in PcpRefill e, in EventHeader header)
    {
        Zone zone = _zones[(int)e.Zone];
        PerCpuPages pcp = zone.PerCpu[e.Cpu];
        int list = pcp.FirstList + PerCpuPages.ListOf(e.Order, e.MigrateType);
        for (int i = 0; i < e.Blocks; i++)
        {
            int pfn = _buddy.TakeSmallest(zone, e.Order, e.MigrateType);
            ref Frame frame = ref Frames.At(pfn);
            frame.State = FrameState.Pcp;
            frame.MigrateType = e.MigrateType;
            Frames.LinkLast(list, pfn);
        }
        pcp.Count += e.Blocks << e.Order;
        zone.CountFree(e.Cpu, -(e.Blocks << e.Order));
        RemovedBlocks += e.Blocks;
    }

    /// <summary>Gives frames of per-CPU lists back to the buddy lists (<c>free_pcppages_bulk</c>).</summary>
    public void Apply(in PcpDrain e, in EventHeader header)
    {
        Zone zone = _zones[(int)e.Zone];
        PerCpuPages pcp = zone.PerCpu[e.Cpu];
        if (e.Surplus)
        {
            pcp.FreeFactor++;
        }
        int left = (int)Math.Min(e.Pages, pcp.Count);
        int lowest = 0, highest = PerCpuPages.Lists - 1;
        int index = e.FirstList - 1;
        while (left > 0)
        {
            int list;
            while (true)
            {
                if (++index > highest)
                {
                    index = lowest;
                }
                list = pcp.FirstList + index;
                if (Frames.At(list).Prev != list)
                {
                    break;
                }
                // An empty list at either end need not be visited again.
                if (index == highest)
                {
                    highest--;
                }
                if (index == lowest)
                {
                    lowest++;
                }
            }
            int order = PerCpuPages.OrderOf(index, Profile.PageblockOrder);
            do
            {
                int pfn = Frames.At(list).Prev;
                Frames.Unlink(pfn);
                left -= 1 << order;
                pcp.Count -= 1 << order;
                _buddy.Free(zone, pfn, order, Frames.At(pfn).MigrateType);
                zone.CountFree(e.Cpu, 1 << order);
                DrainedBlocks++;
            }
            while (left > 0 && Frames.At(list).Prev != list);
        }
    }

    /// <summary>Moves the found block, or all free blocks of its page block, to the wanted type (<c>steal_suitable_fallback</c>).</summary>
    public void Apply(in BuddySteal e, in EventHeader header)
    {
        int pfn = (int)e.Pfn;
        Zone zone = _zones[(int)Frames[pfn].Zone];
        int blockPages = 1 << Profile.PageblockOrder;
        if (e.FallbackOrder >= Profile.PageblockOrder)
        {
            for (int block = pfn; block < pfn + (1 << e.FallbackOrder); block += blockPages)
            {
                zone.SetPageblockType(block, e.MigrateType);
            }
            _buddy.Retype(zone, pfn, e.MigrateType);
            return;
        }
        int start = pfn & -blockPages;
        if (!e.WholeBlock || !zone.Spans(start + blockPages - 1))
        {
            _buddy.Retype(zone, pfn, e.MigrateType);
            return;
        }
        MoveFreeBlocks(zone, zone.Spans(start) ? start : pfn, start + blockPages, e.MigrateType);
        if (e.ClaimsBlock)
        {
            zone.SetPageblockType(pfn, e.MigrateType);
        }
    }

    /// <summary>Appends the whole state to a state hash.</summary>
    public void HashInto(ref XxHash64 hash)
    {
        Frames.HashInto(ref hash);
        hash.Add(MinFreeKbytes);
        HashSlowPath(ref hash);
        hash.Add(DrainedBlocks);
        hash.Add(RemovedBlocks);
        foreach (Zone zone in Zones)
        {
            zone.HashInto(ref hash);
        }
    }

    /// <summary>The per-CPU list that blocks of a page-block type go to: types without one use the movable one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static MigrateType PcpType(MigrateType type) => (int)type < MigrateTypes.PcpTypes ? type : MigrateType.Movable;
}
