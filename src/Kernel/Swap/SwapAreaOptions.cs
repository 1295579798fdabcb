namespace Sim.Kernel.Swap;

/// <summary>One of several swap areas.</summary>
public sealed record SwapAreaOptions
{
    /// <summary>What it is on: a device of its own.</summary>
    public SwapDevice Device { get; init; } = SwapDevice.Ssd;

    /// <summary>Its size in bytes.</summary>
    public long Size { get; init; } = 1L << 30;

    /// <summary>Areas of higher priority are filled first, those of equal priority in turn; -1 for none, which is below all others (<c>swapon -p</c>).</summary>
    public int Priority { get; init; } = -1;

    /// <summary>Slots, the header's included.</summary>
    public int Slots => checked((int)(Size >> 12));
}
