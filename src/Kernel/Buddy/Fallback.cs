using Sim.Engine.Events;
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
        var steal = new BuddySteal(pfn, (byte)request.Order, (byte)order, request.MigrateType, from, whole);
        EventHeader header = journal.Emit(in steal, cause);
        state.Apply(in steal, in header);
    }

    /// <summary>A large block, or any for a type that must not spread over many page blocks, brings its page block along.</summary>
    private bool TakesWholeBlock(int order, MigrateType type) =>
        order >= state.Profile.PageblockOrder / 2 || type != MigrateType.Movable;

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
