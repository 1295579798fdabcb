using Sim.Engine.Events;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Buddy;

/// <content>What the slow path changes and counts.</content>
public sealed partial class PageAllocatorState :
    IApply<ZoneBoost>, IApply<PageHighAtomic>, IApply<PageStall>, IApply<PageAllocFailed>, IApply<Compaction.CompactRotate>
{
    private readonly long[] _allocStalls = new long[ZoneTypes.Count];

    /// <summary>Requests that compacted memory themselves (<c>compact_stall</c>).</summary>
    public long CompactStalls => CompactSuccesses + CompactFailures;

    /// <summary>Those of them that got their block (<c>compact_success</c>).</summary>
    public long CompactSuccesses { get; private set; }

    /// <summary>Those of them that did not (<c>compact_fail</c>).</summary>
    public long CompactFailures { get; private set; }

    /// <summary>Requests that failed, and the last of them.</summary>
    public AllocFailures Failures { get; } = new();

    /// <summary>Requests up to a zone that reclaimed memory themselves (<c>allocstall_*</c>).</summary>
    public long AllocStalls(ZoneType highest) => _allocStalls[(int)highest];

    /// <summary>Sets the boost.</summary>
    public void Apply(in ZoneBoost e, in EventHeader header) => _zones[(int)e.Zone].WatermarkBoost = e.Pages;

    /// <summary>Changes the type of a page block, and of a free block larger than one, with the free lists.</summary>
    public void Apply(in PageHighAtomic e, in EventHeader header)
    {
        int pfn = (int)e.Pfn;
        Zone zone = _zones[(int)Frames[pfn].Zone];
        ref Frame found = ref Frames.At(pfn);
        int order = found.State == FrameState.Buddy ? Math.Max(found.Order, Profile.PageblockOrder) : Profile.PageblockOrder;
        long pages = 1L << order, start = pfn & -pages;
        if (e.MigrateType == MigrateType.HighAtomic)
        {
            zone.ReservedHighAtomic += 1L << Profile.PageblockOrder;
            order = Profile.PageblockOrder;
            start = pfn & -(1L << order);
        }
        else
        {
            zone.ReservedHighAtomic -= Math.Min(zone.ReservedHighAtomic, pages);
        }
        for (long block = start; block < start + (1L << order); block += 1L << Profile.PageblockOrder)
        {
            zone.SetPageblockType(block, e.MigrateType);
        }
        MoveFreeBlocks(zone, zone.Spans(start) ? (int)start : pfn, (int)(start + (1L << order)), e.MigrateType);
    }

    /// <summary>Counts it.</summary>
    public void Apply(in PageStall e, in EventHeader header)
    {
        switch (e.Stall)
        {
            case StallKind.Reclaim:
                _allocStalls[(int)e.HighestZone]++;
                break;
            case StallKind.CompactSuccess:
                CompactSuccesses++;
                break;
            default:
                CompactFailures++;
                break;
        }
    }

    /// <summary>Notes what was asked and what was there.</summary>
    public void Apply(in PageAllocFailed e, in EventHeader header) => Failures.Note(in e, in header, Zones);

    /// <summary>Turns a free list round (<c>move_freelist_head</c>, <c>move_freelist_tail</c>).</summary>
    public void Apply(in Compaction.CompactRotate e, in EventHeader header)
    {
        int list = _zones[(int)e.Zone].FreeList(e.Order, MigrateType.Movable), pfn = (int)e.Pfn;
        Frames.Unlink(list);
        if (e.Last)
        {
            Frames.LinkFirst(pfn, list);
        }
        else
        {
            Frames.LinkLast(pfn, list);
        }
    }

    private void HashSlowPath(ref XxHash64 hash)
    {
        hash.Add(CompactSuccesses);
        hash.Add(CompactFailures);
        hash.AddSpan<long>(_allocStalls);
        Failures.HashInto(ref hash);
    }

    /// <summary>Puts all free blocks of a range on the lists of a type (<c>move_freepages</c>); nothing when it reaches out of the zone.</summary>
    private void MoveFreeBlocks(Zone zone, int start, int end, MigrateType type)
    {
        if (!zone.Spans(end - 1))
        {
            return;
        }
        for (int at = start; at < end;)
        {
            ref Frame frame = ref Frames.At(at);
            if (frame.State == FrameState.Buddy)
            {
                _buddy.Retype(zone, at, type);
                at += 1 << frame.Order;
            }
            else
            {
                at++;
            }
        }
    }
}
