using Sim.Hardware.Cpu;
using Sim.Kernel;
using Sim.Kernel.Buddy;
using Sim.Kernel.PerCpu;
using Sim.Kernel.Zones;

namespace Sim.Host.Captures;

/// <summary>
/// What a trace of a boot leaves out, told by what it has. Before PID 1 there are no kprobes, and for some milliseconds no
/// events at all: pages of kernel stacks are taken in bulk, per-CPU lists are set up and given their sizes, and nothing says
/// so. But every page that leaves a buddy list is traced: refills that no request explains are requests without events, and a
/// page taken from the middle of a per-CPU list says that those before it have been taken.
/// </summary>
internal sealed class UntracedBoot(PageAllocator pages)
{
    private readonly List<CaptureEvent> _removals = [];
    private long _firstRemoval = pages.State.RemovedBlocks;

    /// <summary>Pages taken by requests that have no event.</summary>
    public long Pages { get; private set; }

    /// <summary>The recorded kernel took a block off a buddy list.</summary>
    public void Removed(in CaptureEvent e) => _removals.Add(e);

    /// <summary>A recorded request is about to be made here.</summary>
    public void BeforeAllocation(in CaptureEvent e, CpuClock cpu)
    {
        PageAllocatorState state = pages.State;
        if (!state.HasPcpList(e.Order) || e.MigrateType >= MigrateTypes.PcpTypes || e.Pfn >= state.Frames.Count)
        {
            return;
        }
        Zone zone = state.Zone(state.Frames[e.Pfn].Zone);
        PerCpuPages pcp = zone.PerCpu[cpu.Id];
        if (pcp.Batch == 1 && PcpSizing.Batch(zone.ManagedPages) > 1 && IsRefill(in e, Pending))
        {
            pages.SetUpPagesets(-1);
        }
        TakeUnexplained(in e, zone, cpu);
        TakeFrontOf(in e, zone, cpu);
    }

    /// <summary>A recorded free is about to be made here.</summary>
    /// <param name="e">The free.</param>
    /// <param name="drains">The recorded kernel gave pages back to the buddy lists next.</param>
    /// <param name="cpu">The CPU.</param>
    public void BeforeFree(in CaptureEvent e, bool drains, CpuClock cpu)
    {
        PageAllocatorState state = pages.State;
        TakeUpTo(in e, cpu);
        if (drains || e.Pfn >= state.Frames.Count || !state.HasPcpList(e.Order))
        {
            return;
        }
        Zone zone = state.Zone(state.Frames[e.Pfn].Zone);
        PerCpuPages pcp = zone.PerCpu[cpu.Id];
        if (pcp.Batch > 1 && zone.Watermark(Watermark.Low) == 0 && pcp.Count + (1 << e.Order) >= pcp.High)
        {
            // The lists hold more than they may without watermarks: these have been set meanwhile.
            pages.SetWatermarks(-1);
        }
    }

    /// <summary>What is freed has been taken before: by a request without an event, if this machine still holds it free.</summary>
    private void TakeUpTo(in CaptureEvent e, CpuClock cpu)
    {
        FrameTable frames = pages.State.Frames;
        if (e.Order != 0 || e.Pfn >= frames.Count)
        {
            return;
        }
        Zone zone = pages.State.Zone(frames[e.Pfn].Zone);
        for (int most = 1 << (PageOrder.Max + 1); most > 0 && frames[e.Pfn].State != FrameState.Allocated; most--)
        {
            byte type;
            if (frames[e.Pfn].State == FrameState.Pcp && frames[e.Pfn].Order == 0)
            {
                type = (byte)frames[e.Pfn].MigrateType;
            }
            else if (Pending > 0 && _removals[(int)Made] is { Order: 0, MigrateType: < MigrateTypes.PcpTypes } removal)
            {
                type = removal.MigrateType;
            }
            else
            {
                return;
            }
            Take(zone, 0, type, cpu);
        }
    }

    private long Made => pages.State.RemovedBlocks - _firstRemoval;

    private int Pending => (int)Math.Max(0, _removals.Count - Made);

    /// <summary>The last removals are one refill of several blocks for this request.</summary>
    private bool IsRefill(in CaptureEvent e, int pending)
    {
        for (int i = Math.Max(0, _removals.Count - pending); i < _removals.Count; i++)
        {
            if (_removals[i].Order != e.Order || _removals[i].MigrateType != e.MigrateType)
            {
                return false;
            }
        }
        return pending > 1;
    }

    /// <summary>Carries out what explains removals that the recorded kernel made before this request's own refill.</summary>
    private void TakeUnexplained(in CaptureEvent e, Zone zone, CpuClock cpu)
    {
        while (Pending > 0)
        {
            CaptureEvent removal = _removals[(int)Made];
            bool own = removal.Order == e.Order && removal.MigrateType == e.MigrateType;
            // A refill that does not begin with this answer was another request's.
            if ((own && First(zone, e.Order, e.MigrateType, cpu) < 0 && removal.Pfn == e.Pfn) || (!own && (removal.Order != 0 || removal.MigrateType >= MigrateTypes.PcpTypes)))
            {
                return;
            }
            Zone other = pages.State.Zone(pages.State.Frames[removal.Pfn].Zone);
            long before = Made;
            while (First(other, removal.Order, removal.MigrateType, cpu) >= 0)
            {
                Take(other, removal.Order, removal.MigrateType, cpu);
            }
            if (own && removal.Pfn == e.Pfn)
            {
                return;
            }
            // One more refills the list.
            Take(other, removal.Order, removal.MigrateType, cpu);
            if (Made == before)
            {
                return;
            }
        }
    }

    /// <summary>Takes the pages that stand before the recorded answer on its list.</summary>
    private void TakeFrontOf(in CaptureEvent e, Zone zone, CpuClock cpu)
    {
        int list = zone.PerCpu[cpu.Id].ListHead(e.Order, (MigrateType)e.MigrateType);
        for (int at = pages.State.Frames.First(list); at >= 0; at = pages.State.Frames.Next(at))
        {
            if (at == e.Pfn)
            {
                while (pages.State.Frames.First(list) != at)
                {
                    Take(zone, e.Order, e.MigrateType, cpu);
                }
                return;
            }
        }
        if (Pending == 0 && IsNextToRefill(in e, zone))
        {
            // In the gap not even removals are traced: requests went through the list and on to this page.
            int most = 1 << (PageOrder.Max + 1);
            while (pages.State.Frames.First(list) != e.Pfn && most-- > 0)
            {
                Take(zone, e.Order, e.MigrateType, cpu);
                // A removal that the recorded kernel made too, although unseen.
                _firstRemoval = pages.State.RemovedBlocks - _removals.Count;
            }
        }
    }

    /// <summary>The page lies in the block that refills take from next.</summary>
    private bool IsNextToRefill(in CaptureEvent e, Zone zone)
    {
        var type = (MigrateType)e.MigrateType;
        for (int order = e.Order; order < PageOrder.Count; order++)
        {
            if (zone.FreeBlocks(order, type) > 0)
            {
                int block = pages.State.Frames.First(zone.FreeList(order, type));
                return e.Pfn >= block && e.Pfn < block + (1 << order);
            }
        }
        return false;
    }

    private int First(Zone zone, int order, byte type, CpuClock cpu) =>
        pages.State.Frames.First(zone.PerCpu[cpu.Id].ListHead(order, (MigrateType)type));

    private void Take(Zone zone, int order, byte type, CpuClock cpu)
    {
        var gfp = (GfpFlags)(type << 3);
        Pages += pages.AllocPagesFrom(zone.Type, order, gfp, KernelUser.BeforeStart, cpu, -1) >= 0 ? 1L << order : 0;
    }
}
