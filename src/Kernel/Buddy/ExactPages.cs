using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Buddy;

/// <summary>A block was cut down to the frames asked for, each a block of its own from then on; the frames behind them went back to the ends of the free lists (make_alloc_exact).</summary>
/// <param name="Pfn">First frame of the block.</param>
/// <param name="Order">Order it had.</param>
/// <param name="Pages">Frames kept.</param>
/// <param name="Cpu">CPU that did it.</param>
[Event(68, "page.split_exact")]
public readonly partial record struct PageSplitExact([Unit("pfn"), Delta(10)] long Pfn, byte Order, [Unit("pages")] long Pages, byte Cpu);

/// <content>Any number of frames in a row (<c>alloc_pages_exact</c>).</content>
public sealed partial class PageAllocator
{
    /// <summary>Asks for frames in a row: a block of the next order, of which the frames too many go back at once.</summary>
    /// <param name="pages">How many; at most a block of the greatest order.</param>
    /// <param name="gfp">Zone, mobility and urgency; not for a compound page.</param>
    /// <param name="owner">For whom.</param>
    /// <param name="cpu">The CPU that asks.</param>
    /// <param name="cause">Sequence of the event that led to the request.</param>
    /// <returns>The first frame, or -1. The frames are freed one by one, or with <see cref="FreePagesExact"/>.</returns>
    public long AllocPagesExact(long pages, GfpFlags gfp, int owner, CpuClock cpu, long cause)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pages);
        int order = PageOrder.Of(pages * Page.Size);
        long pfn = AllocPages(order, gfp & ~(GfpFlags.Compound | GfpFlags.HighMem), owner, cpu, cause);
        if (pfn >= 0 && order > 0)
        {
            cpu.Charge(_freeBuddyPs);
            var split = new PageSplitExact(pfn, (byte)order, pages, (byte)cpu.Id);
            EventHeader header = _journal.Emit(in split, cause);
            _state.Apply(in split, in header);
        }
        return pfn;
    }

    /// <summary>Gives back what <see cref="AllocPagesExact"/> gave.</summary>
    public void FreePagesExact(long pfn, long pages, CpuClock cpu, long cause)
    {
        for (long at = pfn; at < pfn + pages; at++)
        {
            FreePages(at, 0, cpu, cause);
        }
    }
}

/// <content>Blocks cut down.</content>
public sealed partial class PageAllocatorState : IApply<PageSplitExact>
{
    /// <summary>Makes single frames of the block, and frees those behind the ones kept.</summary>
    public void Apply(in PageSplitExact e, in EventHeader header)
    {
        int pfn = (int)e.Pfn;
        Frame head = Frames[pfn];
        Zone zone = _zones[(int)head.Zone];
        for (int at = pfn; at < pfn + (1 << e.Order); at++)
        {
            ref Frame frame = ref Frames.At(at);
            (frame.State, frame.Order, frame.Zone, frame.MigrateType) = (FrameState.Allocated, 0, head.Zone, head.MigrateType);
            (frame.Owner, frame.AllocatedBy) = (head.Owner, head.AllocatedBy);
        }
        for (int at = pfn + (int)e.Pages; at < pfn + (1 << e.Order); at++)
        {
            Frames.At(at).Clear();
            _buddy.Free(zone, at, 0, zone.PageblockType(at), last: true);
            zone.CountFree(e.Cpu, 1);
        }
    }
}
