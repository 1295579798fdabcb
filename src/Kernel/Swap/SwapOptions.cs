namespace Sim.Kernel.Swap;

/// <summary>What the swap area is on.</summary>
public enum SwapDevice : byte
{
    /// <summary>There is none.</summary>
    None,

    /// <summary>A hard disk.</summary>
    Hdd,

    /// <summary>A solid-state disk.</summary>
    Ssd,

    /// <summary>Compressed memory.</summary>
    Zram,
}

/// <summary>The swap area.</summary>
public sealed record SwapOptions
{
    /// <summary>What it is on.</summary>
    public SwapDevice Device { get; init; }

    /// <summary>Its size in bytes.</summary>
    public long Size { get; init; } = 1L << 30;

    /// <summary>Most pages read together when one is needed, as a power of two (<c>vm.page-cluster</c>); 0 for no readahead.</summary>
    public int PageCluster { get; init; } = 3;

    /// <summary>Slots, the header's included; 0 without an area.</summary>
    public int Slots => Device == SwapDevice.None ? 0 : checked((int)(Size >> 12));
}
