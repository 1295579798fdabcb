using Sim.Engine.Events;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Reclaim;

/// <summary>A page began to be reclaimable: it joined a CPU's batch, and with the fifteenth the batch went to the lists (<c>folio_add_lru</c>).</summary>
/// <param name="Pfn">Its frame.</param>
/// <param name="Cpu">The CPU.</param>
/// <param name="Unevictable">Nothing can take it away: it goes to the unevictable list.</param>
[Event(160, "lru.add")]
public readonly partial record struct LruAdd(
    [Unit("pfn"), Delta(21)] long Pfn,
    byte Cpu,
    bool Unevictable);

/// <summary>A CPU's batch went to the lists before it was full (<c>lru_add_drain</c>).</summary>
/// <param name="Cpu">The CPU.</param>
[Event(161, "lru.drain")]
public readonly partial record struct LruDrain(byte Cpu);

/// <summary>Pages were taken off the end of an inactive list, to be looked at one by one (<c>isolate_lru_folios</c>).</summary>
/// <param name="Lru">The list.</param>
/// <param name="MaxPages">How many at most.</param>
/// <param name="Highest">Highest zone whose pages are wanted; others go back to the list's head.</param>
/// <param name="Kswapd">By kswapd; otherwise by a request that reclaims for itself.</param>
[Event(162, "lru.isolate")]
public readonly partial record struct LruIsolate(
    LruList Lru,
    [Unit("pages")] int MaxPages,
    ZoneType Highest,
    bool Kswapd);

/// <summary>
/// Pages were taken off the end of an active list, their accessed bits cleared, and moved to the inactive list; executable
/// file pages that were accessed stay active (<c>shrink_active_list</c>).
/// </summary>
/// <param name="Lru">The active list.</param>
/// <param name="MaxPages">How many at most.</param>
/// <param name="Highest">Highest zone whose pages are wanted.</param>
[Event(163, "lru.deactivate")]
public readonly partial record struct LruDeactivate(
    LruList Lru,
    [Unit("pages")] int MaxPages,
    ZoneType Highest);
