namespace Sim.Host.Experiments;

/// <summary>What the swap area is on.</summary>
public enum SwapDevice
{
    None,
    Hdd,
    Ssd,
    Zram,
}

/// <summary>One of several swap areas.</summary>
public sealed record SwapAreaSettings
{
    [Setting("What it is on: a hard disk (hdd), a solid-state disk (ssd), or compressed memory (zram), each area on a device of its own.")]
    public SwapDevice Device { get; init; } = SwapDevice.Ssd;

    [Setting("Its size.", Min = 1 << 20, Max = 1L << 38)]
    public ByteSize Size { get; init; } = new(1L << 30);

    [Setting("Areas of higher priority are filled first, those of equal priority in turn; -1 for none, which is below all others (swapon -p).", Min = -1, Max = 32767)]
    public int Priority { get; init; } = -1;
}

/// <summary>The swap area, or several.</summary>
public sealed record SwapSettings : ICheckedSettings
{
    [Setting("What it is on: none, a hard disk (hdd), a solid-state disk (ssd), or compressed memory (zram); machine.disks describes them.")]
    public SwapDevice Device { get; init; }

    [Setting("Its size.", Min = 1 << 20, Max = 1L << 38)]
    public ByteSize Size { get; init; } = new(1L << 30);

    [Setting("Most pages read together when one is needed, as a power of two (vm.page-cluster); 0 for no readahead.", Min = 0, Max = 5)]
    public int PageCluster { get; init; } = 3;

    [Setting("Several areas, in the order of swapon, instead of the one that device and size describe.", MaxItems = Sim.Kernel.Swap.SwapAreas.Max)]
    public IReadOnlyList<SwapAreaSettings> Areas { get; init; } = [];

    public SettingProblem? Check() =>
        Areas.Count > 0 && Device != SwapDevice.None
            ? new SettingProblem("areas", "Either one area or several: leave kernel.swap.device at none, or put that area among kernel.swap.areas.")
        : Areas.Any(area => area.Device == SwapDevice.None)
            ? new SettingProblem("areas", "An area is on a device: give hdd, ssd or zram.")
        : null;
}
