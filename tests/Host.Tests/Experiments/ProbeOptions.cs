using Sim.Engine.Time;
using Sim.Host.Experiments;

namespace Sim.Host.Tests.Experiments;

/// <summary>A workload with one setting of every shape.</summary>
public sealed record ProbeOptions : WorkloadOptions, ICheckedSettings
{
    [Setting("A count.", Min = 1, Max = 100)]
    public int Tasks { get; init; } = 4;

    [Setting("A pause.")]
    public SimTime Pause { get; init; } = SimTime.FromUs(250);

    [Setting("An amount.", Max = 1 << 30)]
    public ByteSize Size { get; init; } = new(4096);

    [Setting("A file.")]
    public InputFile? Trace { get; init; }

    [Setting("Numbers.", Min = 0, Max = 10, MaxItems = 3)]
    public IReadOnlyList<int> Orders { get; init; } = [0, 3];

    public SettingProblem? Check() => Tasks == 13 ? new SettingProblem("tasks", "13 tasks are never run.") : null;

    public static WorkloadRegistry Registry { get; } = new WorkloadRegistry()
        .Add<ProbeOptions>("probe", "Tries the reader.", (_, _) => throw new NotSupportedException());
}
