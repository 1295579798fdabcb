using Sim.Engine.Events;
using Sim.Kernel.Zones;

namespace Sim.Kernel.PerCpu;

/// <summary>A per-CPU list was empty and took blocks from the buddy lists, each split off the smallest block that serves (mm_page_alloc_zone_locked for each).</summary>
/// <param name="Cpu">Whose list.</param>
/// <param name="Zone">Zone of the list and the blocks.</param>
/// <param name="Order">Order of the blocks.</param>
/// <param name="MigrateType">Migratetype of the list and the blocks.</param>
/// <param name="Blocks">Blocks taken.</param>
[Event(46, "pcp.refill")]
public readonly partial record struct PcpRefill(
    byte Cpu, ZoneType Zone, byte Order, MigrateType MigrateType, int Blocks);

/// <summary>A CPU's lists of a zone gave frames back to the buddy lists, list by list in turn, from each list's end, merging with free buddies (mm_page_pcpu_drain for each).</summary>
/// <param name="Cpu">Whose lists.</param>
/// <param name="Zone">Zone of the lists.</param>
/// <param name="Pages">Frames to give back at least.</param>
/// <param name="FirstList">List to begin with.</param>
/// <param name="Surplus">The limit was reached by frees: the next time more is given back.</param>
[Event(47, "pcp.drain")]
public readonly partial record struct PcpDrain(
    byte Cpu, ZoneType Zone, [Unit("pages")] long Pages, byte FirstList, bool Surplus);
