using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Buddy;

/// <content>
/// Page blocks kept for urgent requests of higher orders (<c>reserve_highatomic_pageblock</c>,
/// <c>unreserve_highatomic_pageblock</c> of mm/page_alloc.c, 6.1).
/// </content>
public sealed partial class PageAllocator
{
    /// <summary>An urgent request got a block: keeps the rest of its page block for the next ones, up to 1 % of the zone and a block.</summary>
    private void Reserve(Zone zone, long pfn, CpuClock cpu, long cause)
    {
        long most = (zone.ManagedPages / 100) + (1L << _state.Profile.PageblockOrder);
        if (zone.ReservedHighAtomic < most && (int)zone.PageblockType(pfn) < MigrateTypes.PcpTypes)
        {
            SetHighAtomic(pfn, MigrateType.HighAtomic, cpu, cause);
        }
    }

    /// <summary>True when a request of a type could take over a whole page block's free frames at an order (<c>find_suitable_fallback</c>).</summary>
    internal bool IsStealable(Zone zone, int order, MigrateType type) => _fallback.IsStealable(zone, order, type);

    /// <summary>Memory is short: gives one of the page blocks to the type in need.</summary>
    /// <param name="zones">Zones the request may use.</param>
    /// <param name="type">Migratetype it asks with.</param>
    /// <param name="force">Not even one block is kept.</param>
    /// <param name="cpu">The CPU that asks.</param>
    /// <param name="cause">Sequence of the event that led here.</param>
    private bool Unreserve(Zone[] zones, MigrateType type, bool force, CpuClock cpu, long cause)
    {
        foreach (Zone zone in zones)
        {
            if (zone.ReservedHighAtomic == 0 || (!force && zone.ReservedHighAtomic <= 1L << _state.Profile.PageblockOrder))
            {
                continue;
            }
            for (int order = 0; order < PageOrder.Count; order++)
            {
                if (zone.FreeBlocks(order, MigrateType.HighAtomic) > 0)
                {
                    SetHighAtomic(_frames.At(zone.FreeList(order, MigrateType.HighAtomic)).Next, type, cpu, cause);
                    return true;
                }
            }
        }
        return false;
    }

    private void SetHighAtomic(long pfn, MigrateType type, CpuClock cpu, long cause)
    {
        cpu.Charge(_stealPs);
        var change = new PageHighAtomic(pfn, type);
        EventHeader header = _journal.Emit(in change, cause);
        _state.Apply(in change, in header);
    }
}
