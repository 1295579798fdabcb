namespace Sim.Host.Experiments;

/// <summary>What the swap area is on.</summary>
public enum SwapDevice
{
    None,
    Hdd,
    Ssd,
    Zram,
}

/// <summary>The swap area.</summary>
public sealed record SwapSettings
{
    [Setting("What it is on: none, a hard disk (hdd), a solid-state disk (ssd), or compressed memory (zram); machine.disks describes them.")]
    public SwapDevice Device { get; init; }

    [Setting("Its size.", Min = 1 << 20, Max = 1L << 38)]
    public ByteSize Size { get; init; } = new(1L << 30);

    [Setting("Most pages read together when one is needed, as a power of two (vm.page-cluster); 0 for no readahead.", Min = 0, Max = 5)]
    public int PageCluster { get; init; } = 3;
}
