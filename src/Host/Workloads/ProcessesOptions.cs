using Sim.Engine.Time;
using Sim.Host.Experiments;

namespace Sim.Host.Workloads;

/// <summary>Tasks that map memory, touch part of it, unmap it, and move their heap.</summary>
public sealed record ProcessesOptions : WorkloadOptions, ICheckedSettings
{
    [Setting("Number of tasks.", Min = 1, Max = 10_000)]
    public int Tasks { get; init; } = 8;

    [Setting("Rounds of each task; it exits after the last.", Min = 1, Max = 1_000_000_000, MidRun = true)]
    public int Rounds { get; init; } = 200;

    [Setting("Least length of a mapping, in pages.", Min = 1, Max = 1 << 20)]
    public int MinPages { get; init; } = 4;

    [Setting("Greatest length of a mapping, in pages.", Min = 1, Max = 1 << 20)]
    public int MaxPages { get; init; } = 256;

    [Setting("Mappings a task keeps; the next round unmaps the oldest.", Min = 1, Max = 1_000)]
    public int LiveMappings { get; init; } = 6;

    [Setting("Pages of a mapping that are touched, in percent.", Min = 0, Max = 100)]
    public int TouchPercent { get; init; } = 60;

    [Setting("Touches that write, in percent.", Min = 0, Max = 100)]
    public int WritePercent { get; init; } = 70;

    [Setting("Accesses to each touched page, the first one included.", Min = 1, Max = 4_096)]
    public int AccessesPerPage { get; init; } = 8;

    [Setting("Most pages by which a round moves the heap's end, up or down; 0 leaves it.", Min = 0, Max = 1 << 20)]
    public int BrkPages { get; init; } = 32;

    [Setting("Simulated sleep after each round.", Max = 1_000_000_000_000_000, MidRun = true)]
    public SimTime Sleep { get; init; } = SimTime.FromUs(50);

    public SettingProblem? Check() =>
        MaxPages < MinPages ? new SettingProblem("maxPages", $"{MaxPages} is less than minPages ({MinPages}).") : null;
}
