namespace Sim.Host.Experiments;

/// <summary>How tasks share CPUs.</summary>
public sealed record TaskSettings
{
    [Setting("Timer interrupts a second on a CPU that runs a task (CONFIG_HZ), 1 to 10,000.", Min = 1, Max = 10_000)]
    public int TimerHz { get; init; } = 250;

    [Setting("Timer interrupts after which a task makes way for one that waits, at least 1.", Min = 1, Max = 1_000_000)]
    public int SliceTicks { get; init; } = 1;

    [Setting("Pages above which all translations of an address space are dropped at once (tlb_single_page_flush_ceiling).", Min = 0, Max = 1_000_000_000)]
    public int FlushCeilingPages { get; init; } = 33;

    [Setting("Time the asking CPU waits for each other CPU at a TLB shootdown, in ns.", Min = 0, Max = 1_000_000_000)]
    public int ShootdownNs { get; init; } = 1_500;
}
