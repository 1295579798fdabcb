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

    /// <summary>Several areas, in the order of <c>swapon</c>, instead of the one described by <see cref="Device"/> and <see cref="Size"/>.</summary>
    public IReadOnlyList<SwapAreaOptions> Areas { get; init; } = [];

    /// <summary>All areas; none where there is no swap.</summary>
    public IReadOnlyList<SwapAreaOptions> AllAreas =>
        Areas.Count > 0 ? Areas : Device == SwapDevice.None ? [] : [new SwapAreaOptions { Device = Device, Size = Size }];

    /// <summary>Slots that pages can have.</summary>
    public int Pages => AllAreas.Sum(area => area.Slots - 1);
}
