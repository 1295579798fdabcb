using Sim.Engine.Events;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Buddy;

/// <summary>The watermarks of a zone were raised or lowered for the time being (watermark_boost).</summary>
/// <param name="Zone">The zone.</param>
/// <param name="Pages">By how much they are above their usual values now.</param>
[Event(100, "zone.boost")]
public readonly partial record struct ZoneBoost(ZoneType Zone, [Unit("pages")] long Pages);

/// <summary>A page block was set aside for urgent requests of higher orders, or given back; its free blocks change lists with it.</summary>
/// <param name="Pfn">A frame of the page block; for a block given back the free block it was found by.</param>
/// <param name="MigrateType">Its new type: high_atomic when it was set aside.</param>
[Event(67, "page.highatomic")]
public readonly partial record struct PageHighAtomic([Unit("pfn")] long Pfn, MigrateType MigrateType);

/// <summary>What a request did in its own time because the free lists could not serve it.</summary>
public enum StallKind : byte
{
    /// <summary>It reclaimed pages (allocstall).</summary>
    Reclaim,

    /// <summary>It compacted memory and got its block (compact_stall, compact_success).</summary>
    CompactSuccess,

    /// <summary>It compacted memory in vain (compact_stall, compact_fail).</summary>
    CompactFail,
}

/// <summary>A request had to work for its block itself.</summary>
/// <param name="Stall">What it did.</param>
/// <param name="Order">Order asked for.</param>
/// <param name="HighestZone">Highest zone it may use.</param>
[Event(69, "page.stall")]
public readonly partial record struct PageStall(StallKind Stall, byte Order, ZoneType HighestZone);
