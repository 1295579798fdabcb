using System.Numerics;
using Sim.Engine.Events;
using Sim.Kernel.Boot;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Buddy;

/// <content>How the state comes about at boot.</content>
public sealed partial class PageAllocatorState :
    IApply<BootZone>, IApply<BootReserve>, IApply<BootRelease>, IApply<BootWatermarks>, IApply<BootManaged>, IApply<BootPagesets>,
    IApply<BootFreeReserved>
{
    /// <summary>Gives the zone its frames, reserved until released, and makes its page blocks movable.</summary>
    public void Apply(in BootZone e, in EventHeader header)
    {
        Zone zone = _zones[(int)e.Zone];
        foreach (PageRange usable in Map.Usable)
        {
            long end = Math.Min(usable.EndPfn, zone.EndPfn);
            for (long pfn = Math.Max(usable.StartPfn, zone.StartPfn); pfn < end; pfn++)
            {
                ref Frame frame = ref Frames[pfn];
                frame.State = FrameState.Reserved;
                frame.Zone = e.Zone;
                frame.AllocatedBy = -1;
            }
        }
        // A block is movable whose first frame memmap_init_range comes by: not one that the zone's start cuts or that begins
        // in a hole, and not yet where the frames are set up later. The others keep type 0, unmovable.
        foreach (PageRange usable in Map.Usable)
        {
            long start = Math.Max(usable.StartPfn, zone.StartPfn), end = Math.Min(usable.EndPfn, e.DeferredPfn);
            SetMovable(zone, start, end);
        }
    }

    /// <summary>Notes what the frames are kept for.</summary>
    public void Apply(in BootReserve e, in EventHeader header)
    {
        for (long pfn = e.Pfn; pfn < e.Pfn + e.Pages; pfn++)
        {
            ref Frame frame = ref Frames[pfn];
            if (frame.State == FrameState.Reserved)
            {
                frame.Index = (int)e.Reason;
                frame.AllocatedBy = header.Sequence;
            }
        }
    }

    /// <summary>
    /// Frees the range from its start: each time the largest aligned block that fits, to the lists' ends; or page by page as
    /// any free does, since per-CPU lists of limit 0 pass each page on.
    /// </summary>
    public void Apply(in BootRelease e, in EventHeader header)
    {
        long end = e.Pfn + e.Pages;
        if (e.ReleaseWay == ReleaseWay.Deferred)
        {
            SetMovable(_zones[(int)Frames[e.Pfn].Zone], e.Pfn, end);
        }
        for (long pfn = e.Pfn; pfn < end;)
        {
            int order = e.ReleaseWay == ReleaseWay.Pages ? 0
                : pfn == 0 ? PageOrder.Max
                : Math.Min(PageOrder.Max, BitOperations.TrailingZeroCount(pfn));
            while (pfn + (1L << order) > end)
            {
                order--;
            }
            for (long at = pfn; at < pfn + (1L << order); at++)
            {
                Frames[at].State = FrameState.Tail;
            }
            Zone zone = _zones[(int)Frames[pfn].Zone];
            zone.ManagedPages += 1L << order;
            _buddy.Free(zone, (int)pfn, order, zone.PageblockType(pfn), last: e.ReleaseWay != ReleaseWay.Pages);
            zone.CountFree(0, 1 << order);
            pfn += 1L << order;
        }
    }

    /// <summary>Computes what follows from the reserve.</summary>
    public void Apply(in BootWatermarks e, in EventHeader header)
    {
        MinFreeKbytes = e.MinFreeKbytes;
        Watermarks.Set(Zones, e.MinFreeKbytes, Cpus);
        foreach (Zone zone in Zones)
        {
            zone.SetStatThreshold(Cpus);
        }
        if (e.Moment == BootMoment.Watermarks)
        {
            Watermarks.SetLowmemReserve(Zones);
        }
    }

    /// <summary>Notes the figure.</summary>
    public void Apply(in BootManaged e, in EventHeader header) => _zones[(int)e.Zone].SetManagedAt(e.Moment, e.ManagedPages);

    /// <summary>Sizes the zone's per-CPU lists; only one CPU runs yet.</summary>
    public void Apply(in BootPagesets e, in EventHeader header) => Watermarks.SetPagesets(_zones[(int)e.Zone], 1);

    /// <summary>Makes the frames ones that somebody holds and may free.</summary>
    public void Apply(in BootFreeReserved e, in EventHeader header)
    {
        for (long pfn = e.Pfn; pfn < e.Pfn + e.Pages; pfn++)
        {
            ref Frame frame = ref Frames[pfn];
            frame.State = FrameState.Allocated;
            frame.Order = 0;
            frame.Index = 0;
            frame.AllocatedBy = header.Sequence;
            _zones[(int)frame.Zone].ManagedPages++;
        }
    }

    private void SetMovable(Zone zone, long start, long end)
    {
        long blockPages = 1L << Profile.PageblockOrder;
        for (long pfn = (start + blockPages - 1) & -blockPages; pfn < end; pfn += blockPages)
        {
            zone.SetPageblockType(pfn, MigrateType.Movable);
        }
    }
}
