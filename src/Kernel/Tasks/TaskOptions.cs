namespace Sim.Kernel.Tasks;

/// <summary>How tasks share CPUs.</summary>
public sealed record TaskOptions
{
    /// <summary>Timer interrupts a second on a CPU that runs a task (<c>CONFIG_HZ</c>), 1 to 10,000.</summary>
    public int TimerHz { get; init; } = 250;

    /// <summary>Period within which each task that shares a CPU runs once, in nanoseconds, for one CPU (<c>sched_latency_ns</c>).</summary>
    public int LatencyNs { get; init; } = 6_000_000;

    /// <summary>Least time a task runs before another takes over, in nanoseconds, for one CPU (<c>sched_min_granularity_ns</c>).</summary>
    public int MinGranularityNs { get; init; } = 750_000;

    /// <summary>How far behind a task must be to go first when it wakes up, in nanoseconds, for one CPU (<c>sched_wakeup_granularity_ns</c>).</summary>
    public int WakeupGranularityNs { get; init; } = 1_000_000;

    /// <summary>A CPU with nothing to do takes a waiting task of another one, and a task that wakes up goes to an idle CPU.</summary>
    public bool Balance { get; init; } = true;

    /// <summary>Pages above which all translations of an address space are dropped at once (<c>tlb_single_page_flush_ceiling</c>).</summary>
    public int FlushCeilingPages { get; init; } = 33;

    /// <summary>Time the asking CPU waits for each other CPU at a TLB shootdown, in nanoseconds.</summary>
    public int ShootdownNs { get; init; } = 1_500;

    /// <exception cref="ArgumentException">A value is out of range; the message names it.</exception>
    public void Validate()
    {
        Require(TimerHz is >= 1 and <= 10_000, nameof(TimerHz), "is 1 to 10000");
        Require(LatencyNs >= 1, nameof(LatencyNs), "is at least 1");
        Require(MinGranularityNs >= 1, nameof(MinGranularityNs), "is at least 1");
        Require(WakeupGranularityNs >= 0, nameof(WakeupGranularityNs), "is not negative");
        Require(FlushCeilingPages >= 0, nameof(FlushCeilingPages), "is not negative");
        Require(ShootdownNs >= 0, nameof(ShootdownNs), "is not negative");
    }

    private static void Require(bool holds, string name, string rule)
    {
        if (!holds)
        {
            throw new ArgumentException($"{name} {rule}.", name);
        }
    }
}
