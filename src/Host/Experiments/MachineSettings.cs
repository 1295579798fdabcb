using Sim.Engine.Time;

namespace Sim.Host.Experiments;

/// <summary>How memory accesses take time.</summary>
public enum TimingMode
{
    /// <summary>A component calls the next and adds up latency; a CPU runs ahead of the clock by at most the quantum.</summary>
    Atomic,
}

/// <summary>What firmware says of a range of physical addresses.</summary>
public enum MemoryRangeType
{
    Usable,
    Reserved,
}

/// <summary>A range of the firmware's memory map.</summary>
public sealed record MemoryRangeSettings : ICheckedSettings
{
    [Setting("First byte.", Required = true, Max = 1L << 46)]
    public ByteSize Start { get; init; }

    [Setting("Bytes.", Required = true, Min = 1, Max = 1L << 46)]
    public ByteSize Size { get; init; }

    [Setting("What it may be used for.")]
    public MemoryRangeType Type { get; init; }

    public SettingProblem? Check() =>
        Type == MemoryRangeType.Usable && ((Start.Bytes | Size.Bytes) & 4095) != 0
            ? new SettingProblem("start", $"a usable range must start and end on a page boundary (4KiB); this one is {Size} at {Start}.")
            : null;
}

/// <summary>The simulated hardware.</summary>
public sealed record MachineSettings : ICheckedSettings
{
    [Setting("Number of CPUs.", Min = 1, Max = 64)]
    public int Cpus { get; init; } = 1;

    [Setting("Frequency of the CPUs, in MHz.", Min = 1, Max = 100_000)]
    public int CpuFrequencyMhz { get; init; } = 2_500;

    [Setting("Installed memory; used when there is no memoryMap.", Min = 2L << 20, Max = 1023L << 30)]
    public ByteSize Memory { get; init; } = ByteSize.FromGiB(1);

    [Setting("The firmware's memory map, in ascending order; null derives a PC's from the amount of memory.", MinItems = 1, MaxItems = 128)]
    public IReadOnlyList<MemoryRangeSettings>? MemoryMap { get; init; }

    [Setting("Lists of a captured kernel's page allocator to begin with: memory that has aged. Null boots to pristine lists.")]
    public ListsSettings? Lists { get; init; }

    [Setting("How memory accesses take time.")]
    public TimingMode Timing { get; init; } = TimingMode.Atomic;

    [Setting("How far a CPU may run ahead of the clock; 0ps gives exact interleaving.", Max = 1_000_000_000_000)]
    public SimTime Quantum { get; init; } = SimTime.FromUs(10);

    [Setting("Costs of the cores.", MidRun = true)]
    public CpuSettings Cpu { get; init; } = new();

    [Setting("The translation buffers of each CPU.")]
    public TlbSettings Tlb { get; init; } = new();

    [Setting("The memory behind the CPUs.")]
    public DramSettings Dram { get; init; } = new();

    [Setting("Block devices that a swap area can be on.")]
    public DiskSettings Disks { get; init; } = new();

    /// <summary>One past the greatest usable address, without the holes of a derived memory map.</summary>
    internal long MemoryEnd => MemoryMap is { } map
        ? map.Where(r => r.Type == MemoryRangeType.Usable).Select(r => r.Start.Bytes + r.Size.Bytes).DefaultIfEmpty(0).Max()
        : Memory.Bytes;

    public SettingProblem? Check()
    {
        long end = 0;
        foreach (MemoryRangeSettings range in MemoryMap ?? [])
        {
            if (range.Start.Bytes < end)
            {
                return new SettingProblem("memoryMap", $"the range at {range.Start} overlaps the one before it, or the ranges are not in ascending order.");
            }
            end = range.Start.Bytes + range.Size.Bytes;
        }
        if (MemoryMap is not null && MemoryEnd == 0)
        {
            return new SettingProblem("memoryMap", "has no usable range, so there is no memory.");
        }
        if (Dram.Ranks is { } ranks && (long)ranks << 33 < MemoryEnd)
        {
            return new SettingProblem("dram", $"ranks is {ranks}, which holds {new ByteSize((long)ranks << 33)}, less than the machine's memory.");
        }
        return (Memory.Bytes & 4095) != 0
            ? new SettingProblem("memory", $"{Memory} is not a whole number of pages (4KiB).")
            : null;
    }
}
