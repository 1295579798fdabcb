using Sim.Engine.Events;
using Sim.Kernel.Boot;
using Sim.Kernel.PerCpu;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Buddy;

/// <content>How the state comes about from a real kernel's lists.</content>
public sealed partial class PageAllocatorState :
    IApply<ListsZone>, IApply<ListsReserve>, IApply<ListsPageblocks>, IApply<ListsBlock>, IApply<ListsPcp>, IApply<ListsPcpBlock>, IApply<PageFound>, IApply<PageHeld>
{
    /// <summary>All frames of the zone are held, each for itself, until a list has them.</summary>
    public void Apply(in ListsZone e, in EventHeader header)
    {
        Zone zone = _zones[(int)e.Zone];
        zone.ManagedPages = e.ManagedPages;
        zone.HasHeldFrames = true;
        zone.WatermarkBoost = e.Boost;
        zone.ReservedHighAtomic = e.HighAtomic;
        zone.SetWatermark(Watermark.Min, e.Min);
        zone.SetWatermark(Watermark.Low, e.Low);
        zone.SetWatermark(Watermark.High, e.High);
        for (long pfn = zone.StartPfn; pfn < zone.EndPfn; pfn++)
        {
            ref Frame frame = ref Frames[pfn];
            if (frame.State == FrameState.Reserved && frame.Zone == e.Zone && frame.Index == (int)ReserveReason.None)
            {
                frame.State = FrameState.Allocated;
                frame.Owner = KernelUser.BeforeStart;
                frame.AllocatedBy = header.Sequence;
            }
        }
        zone.SetStatThreshold(Cpus);
    }

    /// <summary>Sets one reserve.</summary>
    public void Apply(in ListsReserve e, in EventHeader header) => _zones[(int)e.Zone].SetLowmemReserve(e.Highest, e.Pages);

    /// <summary>Sets the types.</summary>
    public void Apply(in ListsPageblocks e, in EventHeader header)
    {
        Zone zone = _zones[(int)e.Zone];
        for (int i = 0; i < e.Blocks; i++)
        {
            zone.SetPageblockType(e.Pfn + ((long)i << Profile.PageblockOrder), e.MigrateType);
        }
    }

    /// <summary>Links the block last.</summary>
    public void Apply(in ListsBlock e, in EventHeader header)
    {
        Zone zone = _zones[(int)Frames[e.Pfn].Zone];
        Free(e.Pfn, e.Order, FrameState.Buddy, e.MigrateType);
        Frames.LinkLast(zone.FreeList(e.Order, e.MigrateType), (int)e.Pfn);
        zone.CountBlock(e.Order, e.MigrateType, 1);
        zone.FreePages += 1L << e.Order;
    }

    /// <summary>Sets the sizes; what the counter lacks is with this CPU.</summary>
    public void Apply(in ListsPcp e, in EventHeader header)
    {
        Zone zone = _zones[(int)e.Zone];
        PerCpuPages pcp = zone.PerCpu[e.Cpu];
        (pcp.High, pcp.Batch, pcp.FreeFactor) = (e.PcpHigh, e.Batch, e.FreeFactor);
        zone.SetFreePagesCounter(e.FreePagesCounter, e.Cpu);
    }

    /// <summary>Links the block last.</summary>
    public void Apply(in ListsPcpBlock e, in EventHeader header)
    {
        Zone zone = _zones[(int)Frames[e.Pfn].Zone];
        PerCpuPages pcp = zone.PerCpu[e.Cpu];
        Free(e.Pfn, e.Order, FrameState.Pcp, e.MigrateType);
        Frames.LinkLast(pcp.FirstList + e.List, (int)e.Pfn);
        pcp.Count += 1 << e.Order;
    }

    /// <summary>Frames held one by one become one block.</summary>
    public void Apply(in PageFound e, in EventHeader header)
    {
        Frames[e.Pfn].Order = e.Order;
        for (long tail = e.Pfn + 1; tail < e.Pfn + (1L << e.Order); tail++)
        {
            Frames[tail].State = FrameState.Tail;
        }
    }

    /// <summary>Notes what is known of the block.</summary>
    public void Apply(in PageHeld e, in EventHeader header)
    {
        ref Frame head = ref Frames[e.Pfn];
        (head.Order, head.MigrateType, head.AllocatedBy) = (e.Order, e.MigrateType, header.Sequence);
        head.Owner = e.Owner != 0 ? e.Owner : KernelUser.BeforeStart;
        for (long tail = e.Pfn + 1; tail < e.Pfn + (1L << e.Order); tail++)
        {
            Frames[tail].State = FrameState.Tail;
        }
    }

    private void Free(long pfn, int order, FrameState state, MigrateType type)
    {
        for (long at = pfn; at < pfn + (1L << order); at++)
        {
            ref Frame frame = ref Frames[at];
            frame.State = FrameState.Tail;
            frame.Owner = 0;
            frame.AllocatedBy = -1;
        }
        ref Frame head = ref Frames[pfn];
        (head.State, head.Order, head.MigrateType) = (state, (byte)order, type);
    }
}
