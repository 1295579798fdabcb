namespace Sim.Hardware.Dram;

/// <summary>Requests by what they found, since the start.</summary>
/// <param name="Requests">All requests.</param>
/// <param name="RowHits">The row was open.</param>
/// <param name="RowClosed">No row was open in the bank.</param>
/// <param name="RowConflicts">Another row was open.</param>
public readonly record struct DramCounters(long Requests, long RowHits, long RowClosed, long RowConflicts);
