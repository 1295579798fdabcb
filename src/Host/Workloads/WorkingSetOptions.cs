using Sim.Host.Experiments;

namespace Sim.Host.Workloads;

/// <summary>Tasks that fill memory once, and then come back to it, to some of it more often.</summary>
public sealed record WorkingSetOptions : WorkloadOptions, ICheckedSettings
{
    [Setting("Number of tasks.", Min = 1, Max = 10_000)]
    public int Tasks { get; init; } = 2;

    [Setting("Memory that each task maps and fills.", Min = 4096, Max = 1L << 42)]
    public ByteSize Footprint { get; init; } = new(64L << 20);

    [Setting("All tasks fill and visit one memory, which the first maps (MAP_SHARED | MAP_ANONYMOUS) before it forks the others; otherwise each maps its own.")]
    public bool Shared { get; init; }

    [Setting("Part of it that is hot, in percent.", Min = 0, Max = 100)]
    public int HotPercent { get; init; } = 20;

    [Setting("Visits that go to the hot part, in percent.", Min = 0, Max = 100)]
    public int HotVisitPercent { get; init; } = 80;

    [Setting("Visits that write, in percent.", Min = 0, Max = 100)]
    public int WritePercent { get; init; } = 50;

    [Setting("Visits of each task after it has filled its memory: pages drawn at random, one after the other.", Min = 0, Max = 1_000_000_000_000)]
    public long Visits { get; init; } = 100_000;

    [Setting("Memory that each task maps and fills after its visits.", Min = 0, Max = 1L << 42)]
    public ByteSize Growth { get; init; }

    [Setting("Accesses of a visit, within the page.", Min = 1, Max = 4_096)]
    public int AccessesPerVisit { get; init; } = 4;

    [Setting("Computation between two accesses, in cycles.", Min = 0, Max = 1_000_000)]
    public int ComputeCycles { get; init; } = 20;

    public SettingProblem? Check() =>
        (Footprint.Bytes & 4095) != 0 ? new SettingProblem("footprint", $"{Footprint} is not a whole number of pages (4KiB).")
        : (Growth.Bytes & 4095) != 0 ? new SettingProblem("growth", $"{Growth} is not a whole number of pages (4KiB).")
        : null;
}
