using Sim.Engine.Events;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Reclaim.Generations;

/// <summary>
/// Pages that come in from here on are wanted by a fault, and so belong to the youngest generation, or no longer (<c>lru_gen_enter_fault</c>,
/// mm/memory.c). It is written when it matters, before the first page to which it applies.
/// </summary>
/// <param name="InFault">By a fault in an area that is not read in sequence or at random.</param>
[Event(201, "lrugen.fault")]
public readonly partial record struct LruGenFault(bool InFault);

/// <summary>
/// The page tables of a process were walked for accessed entries: these were cleared, and their pages belong to the youngest generation
/// (<c>walk_mm</c>, mm/vmscan.c).
/// </summary>
/// <param name="Pid">The process.</param>
/// <param name="ResetsFilter">It is the first of an aging: the filter of tables for the next one is emptied before.</param>
/// <param name="CanSwap">Anonymous pages count.</param>
/// <param name="Forced">All tables are looked at, whatever the filter says: the process is new to the walk, or one before it in this aging is.</param>
/// <param name="RanTimes">How often the process had been given a CPU by then.</param>
[Event(202, "lrugen.walk")]
public readonly partial record struct LruGenWalk(
    int Pid,
    bool ResetsFilter,
    bool CanSwap,
    bool Forced,
    [Delta(19)] long RanTimes);

/// <summary>A new generation is the youngest (<c>inc_max_seq</c>).</summary>
/// <param name="CanSwap">Otherwise the oldest anonymous pages stay where they are when there is no room for one more.</param>
[Event(203, "lrugen.age")]
public readonly partial record struct LruGenAge(bool CanSwap);

/// <summary>
/// The oldest generation of a kind was looked through from its end: pages that are younger, or protected, went to other lists, up to 64
/// were taken off to be reclaimed (<c>scan_folios</c>, <c>sort_folio</c>, <c>isolate_folio</c>).
/// </summary>
/// <param name="FilePages">The kind.</param>
/// <param name="LastTier">Last tier whose pages may go.</param>
/// <param name="Highest">Highest zone whose pages are wanted.</param>
/// <param name="Kswapd">By kswapd; otherwise by a request that reclaims for itself.</param>
/// <param name="MayPageout">Pages that have to be written may go too.</param>
[Event(204, "lrugen.scan")]
public readonly partial record struct LruGenScan(
    bool FilePages,
    byte LastTier,
    ZoneType Highest,
    bool Kswapd,
    bool MayPageout);

/// <summary>Oldest generations whose lists are empty are done with (<c>try_to_inc_min_seq</c>).</summary>
/// <param name="CanSwap">Those of anonymous pages too.</param>
[Event(205, "lrugen.retire")]
public readonly partial record struct LruGenRetire(bool CanSwap);

/// <summary>
/// Reclaim met an accessed entry: it and its neighbours in the same table were cleared, and their pages belong to the youngest generation
/// (<c>lru_gen_look_around</c>).
/// </summary>
/// <param name="Pid">The process.</param>
/// <param name="Vpn">The page of the entry.</param>
/// <param name="CanSwap">Anonymous pages count.</param>
[Event(206, "lrugen.look_around")]
public readonly partial record struct LruGenLookAround(
    int Pid,
    [Unit("vpn"), Delta(20)] long Vpn,
    bool CanSwap);
