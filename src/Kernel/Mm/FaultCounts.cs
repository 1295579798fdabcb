namespace Sim.Kernel.Mm;

/// <summary>Page faults that were resolved, as the kernel counts them (<c>mm_account_fault</c>).</summary>
/// <param name="Minor">Without reading from a device (<c>min_flt</c>).</param>
/// <param name="Major">With reading from a device (<c>maj_flt</c>).</param>
public readonly record struct FaultCounts(long Minor, long Major);
