namespace Sim.Kernel.Tasks;

/// <summary>How tasks share CPUs.</summary>
public sealed record TaskOptions
{
    /// <summary>Timer interrupts a second on a CPU that runs a task (<c>CONFIG_HZ</c>), 1 to 10,000.</summary>
    public int TimerHz { get; init; } = 250;

    /// <summary>Timer interrupts after which a task makes way for one that waits, at least 1.</summary>
    public int SliceTicks { get; init; } = 1;

    /// <summary>Pages above which all translations of an address space are dropped at once (<c>tlb_single_page_flush_ceiling</c>).</summary>
    public int FlushCeilingPages { get; init; } = 33;

    /// <summary>Time the asking CPU waits for each other CPU at a TLB shootdown, in nanoseconds.</summary>
    public int ShootdownNs { get; init; } = 1_500;

    /// <exception cref="ArgumentException">A value is out of range; the message names it.</exception>
    public void Validate()
    {
        Require(TimerHz is >= 1 and <= 10_000, nameof(TimerHz), "is 1 to 10000");
        Require(SliceTicks >= 1, nameof(SliceTicks), "is at least 1");
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
