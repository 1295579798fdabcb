using Sim.Engine.Events;
using Sim.Engine.Snapshots;
using Sim.Hardware.Cpu;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Buddy;

/// <summary>
/// Which block of another migratetype is taken over when a type's own lists are empty (<c>__rmqueue_fallback</c>,
/// <c>find_suitable_fallback</c> of mm/page_alloc.c, 6.1): the largest there is, so that whole page blocks change hands;
/// a movable request that cannot claim the page block takes the smallest instead, to disturb the least.
/// </summary>
internal sealed class Fallback(PageAllocatorState state, Journal journal, long stealPs)
{
    private const int BoostFactor = 15_000;

    /// <summary>Takes back the boosts that breaking up blocks brings about; null where there is none, and no boost then.</summary>
    [field: NotInSnapshot]
    public IKswapd? Kswapd { get; set; }

    /// <summary>
    /// Knows better which frames reclaim has on its lists at the moment: gets a page block's first frame, its type, the new
    /// type and what the count says. Null where the count is all there is.
    /// </summary>
    public Func<long, MigrateType, MigrateType, bool, bool>? Claim { get; set; }

    /// <summary>Takes over a block that serves the request; false when no type has one.</summary>
    public bool TrySteal(Zone zone, in PageRequest request, CpuClock cpu, long cause)
    {
        int least = (request.Flags & AllocFlags.NoFragment) != 0 && request.Order < state.Profile.PageblockOrder
            ? state.Profile.PageblockOrder
            : request.Order;
        for (int order = PageOrder.Max; order >= least; order--)
        {
            int from = Source(zone, order, request.MigrateType);
            if (from < 0)
            {
                continue;
            }
            bool whole = TakesWholeBlock(order, request.MigrateType);
            if (!whole && request.MigrateType == MigrateType.Movable && order > request.Order)
            {
                order = request.Order;
                while ((from = Source(zone, order, request.MigrateType)) < 0)
                {
                    order++;
                }
                whole = TakesWholeBlock(order, request.MigrateType);
            }
            Steal(zone, in request, order, (MigrateType)from, whole, cpu, cause);
            return true;
        }
        return false;
    }

    private void Steal(Zone zone, in PageRequest request, int order, MigrateType from, bool whole, CpuClock cpu, long cause)
    {
        cpu.Charge(stealPs);
        int pfn = state.Frames.At(zone.FreeList(order, from)).Next;
        bool claims = whole && order < state.Profile.PageblockOrder && ClaimsBlock(zone, pfn, request.MigrateType);
        var steal = new BuddySteal(pfn, (byte)request.Order, (byte)order, request.MigrateType, from, whole, claims);
        EventHeader header = journal.Emit(in steal, cause);
        state.Apply(in steal, in header);
        if (order < state.Profile.PageblockOrder && Kswapd is not null && from != MigrateType.HighAtomic)
        {
            Boost(zone, Kswapd, in request, cpu, header.Sequence);
        }
    }

    /// <summary>
    /// Whether a page block changes its type with its free frames: if these and the frames of a like mobility are half of it
    /// (<c>steal_suitable_fallback</c>; movable frames are those on reclaim's lists).
    /// </summary>
    private bool ClaimsBlock(Zone zone, int pfn, MigrateType type)
    {
        int blockPages = 1 << state.Profile.PageblockOrder;
        int start = pfn & -blockPages;
        if (!zone.Spans(start + blockPages - 1))
        {
            return false;
        }
        int free = 0, movable = 0;
        for (int at = zone.Spans(start) ? start : pfn; at < start + blockPages;)
        {
            ref readonly Frame frame = ref state.Frames.At(at);
            bool isFree = frame.State == FrameState.Buddy;
            free += isFree ? 1 << frame.Order : 0;
            movable += frame.State == FrameState.Allocated && frame.MigrateType == MigrateType.Movable ? 1 : 0;
            at += isFree ? 1 << frame.Order : 1;
        }
        MigrateType old = zone.PageblockType(pfn);
        int alike = type == MigrateType.Movable ? movable : old == MigrateType.Movable ? blockPages - free - movable : 0;
        bool claims = free + alike >= blockPages / 2;
        return Claim?.Invoke(start, old, type, claims) ?? claims;
    }

    /// <summary>
    /// A block was broken up for another type: raises the watermarks by a page block, up to 1.5 times the high one, so that
    /// kswapd frees ahead of the next requests (<c>boost_watermark</c>).
    /// </summary>
    private void Boost(Zone zone, IKswapd kswapd, in PageRequest request, CpuClock cpu, long cause)
    {
        long block = 1L << state.Profile.PageblockOrder;
        long high = zone.Watermark(Watermark.High) - zone.WatermarkBoost;
        long most = high * BoostFactor / 10_000;
        if (block * 4 > zone.ManagedPages || most == 0)
        {
            return;
        }
        long boost = Math.Min(zone.WatermarkBoost + block, Math.Max(block, most));
        if (boost != zone.WatermarkBoost)
        {
            var raise = new ZoneBoost(zone.Type, boost);
            EventHeader header = journal.Emit(in raise, cause);
            state.Apply(in raise, in header);
        }
        if ((request.Flags & AllocFlags.Kswapd) != 0)
        {
            kswapd.Wakeup(zone, 0, zone.Type, GfpFlags.None, cpu, cause);
        }
    }

    /// <summary>A large block, or any for a type that must not spread over many page blocks, brings its page block along.</summary>
    private bool TakesWholeBlock(int order, MigrateType type) =>
        order >= state.Profile.PageblockOrder / 2 || type != MigrateType.Movable;

    /// <summary>True when a request could take over a whole page block's free frames at an order (<c>find_suitable_fallback</c> for compaction).</summary>
    internal bool IsStealable(Zone zone, int order, MigrateType type) => TakesWholeBlock(order, type) && Source(zone, order, type) >= 0;

    /// <summary>The type to take a block of the order from, or -1: unmovable and reclaimable first help each other, movable takes reclaimable first.</summary>
    private static int Source(Zone zone, int order, MigrateType type)
    {
        (MigrateType first, MigrateType second) = type switch
        {
            MigrateType.Unmovable => (MigrateType.Reclaimable, MigrateType.Movable),
            MigrateType.Movable => (MigrateType.Reclaimable, MigrateType.Unmovable),
            _ => (MigrateType.Unmovable, MigrateType.Movable),
        };
        return zone.FreeBlocks(order, first) > 0 ? (int)first : zone.FreeBlocks(order, second) > 0 ? (int)second : -1;
    }
}
