namespace Sim.Host.Experiments;

/// <summary>How tasks share CPUs.</summary>
public sealed record TaskSettings
{
    [Setting("Timer interrupts a second on a CPU that runs a task (CONFIG_HZ), 1 to 10,000.", Min = 1, Max = 10_000)]
    public int TimerHz { get; init; } = 250;

    [Setting("Period within which each task that shares a CPU runs once, in ns; for one CPU, more have longer ones (sched_latency_ns).", Min = 1, Max = 1_000_000_000)]
    public int LatencyNs { get; init; } = 6_000_000;

    [Setting("Least time a task runs before another takes over, in ns; for one CPU (sched_min_granularity_ns).", Min = 1, Max = 1_000_000_000)]
    public int MinGranularityNs { get; init; } = 750_000;

    [Setting("How far behind the running task a task must be to go first when it wakes up, in ns; for one CPU (sched_wakeup_granularity_ns).", Min = 0, Max = 1_000_000_000)]
    public int WakeupGranularityNs { get; init; } = 1_000_000;

    [Setting("A CPU with nothing to do takes a waiting task of another one, and a task that wakes up goes to an idle CPU.")]
    public bool Balance { get; init; } = true;

    [Setting("Pages above which all translations of an address space are dropped at once (tlb_single_page_flush_ceiling).", Min = 0, Max = 1_000_000_000)]
    public int FlushCeilingPages { get; init; } = 33;

    [Setting("Time the asking CPU waits for each other CPU at a TLB shootdown, in ns.", Min = 0, Max = 1_000_000_000)]
    public int ShootdownNs { get; init; } = 1_500;
}
