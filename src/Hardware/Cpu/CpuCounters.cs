namespace Sim.Hardware.Cpu;

/// <summary>What a CPU has done since the start. Execution state.</summary>
/// <param name="Accesses">Accesses completed.</param>
/// <param name="L1TlbMisses">Translations not found in the first-level TLB.</param>
/// <param name="Walks">Page walks, those that ended in a fault included.</param>
/// <param name="PageTableReads">Entries read by walks.</param>
/// <param name="Faults">Accesses stopped by an exception.</param>
public readonly record struct CpuCounters(long Accesses, long L1TlbMisses, long Walks, long PageTableReads, long Faults);
