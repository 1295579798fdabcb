using System.Numerics;
using Sim.Engine.Events;
using Sim.Kernel.Boot;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Buddy;

/// <content>How the state comes about at boot.</content>
public sealed partial class PageAllocatorState :
    IApply<BootZone>, IApply<BootReserve>, IApply<BootRelease>, IApply<BootWatermarks>
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
        // A block that the zone's start cuts keeps type 0, unmovable, as memmap_init_range leaves it.
        long blockPages = 1L << Profile.PageblockOrder;
        for (long pfn = (zone.StartPfn + blockPages - 1) & -blockPages; pfn < zone.EndPfn; pfn += blockPages)
        {
            zone.SetPageblockType(pfn, MigrateType.Movable);
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

    /// <summary>Frees the range from its start, each time the largest aligned block that fits, to the lists' ends.</summary>
    public void Apply(in BootRelease e, in EventHeader header)
    {
        long end = e.Pfn + e.Pages;
        for (long pfn = e.Pfn; pfn < end;)
        {
            int order = pfn == 0 ? PageOrder.Max : Math.Min(PageOrder.Max, BitOperations.TrailingZeroCount(pfn));
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
            _buddy.Free(zone, (int)pfn, order, zone.PageblockType(pfn), last: true);
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
    }
}
