namespace Sim.Host.Runs;

/// <summary>A look at a run under way.</summary>
/// <param name="SimulatedPs">Simulated time, in picoseconds.</param>
/// <param name="Events">Events logged.</param>
/// <param name="FreePages">Free frames of all zones.</param>
/// <param name="TotalPages">Managed frames of all zones.</param>
/// <param name="ExtfragIndex">The kernel's fragmentation index of order 9 in the zone with most memory, × 1000; -1000 when a block is free.</param>
/// <param name="Done">Share of the work done, 0 to 1; NaN when unknown.</param>
public readonly record struct RunSample(
    long SimulatedPs, long Events, long FreePages, long TotalPages, int ExtfragIndex, double Done);
