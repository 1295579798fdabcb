namespace Sim.Host.Runs;

/// <summary>What a run came to.</summary>
/// <param name="StopReason">Why it ended, in a few words.</param>
/// <param name="Zones">Free blocks per order of each zone that has memory.</param>
/// <param name="Counters">Counts by name, in a fixed order: allocations, faults, accesses and the like.</param>
public sealed record RunOutcome(string StopReason, IReadOnlyList<ZoneOutcome> Zones, IReadOnlyList<KeyValuePair<string, long>> Counters);

/// <summary>A zone at the end of a run.</summary>
/// <param name="Name">The kernel's name.</param>
/// <param name="FreeBlocks">Number of free blocks of each order.</param>
/// <param name="ExtfragIndex">The kernel's fragmentation index of each order, × 1000.</param>
public sealed record ZoneOutcome(string Name, IReadOnlyList<long> FreeBlocks, IReadOnlyList<int> ExtfragIndex);
