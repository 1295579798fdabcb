using System.Globalization;

namespace Sim.Host.Experiments;

/// <summary>
/// An experiment: the machine, its kernel, what runs on it, what is logged and when it ends. Together with the seed and
/// the <see cref="Runs.EngineVersion"/> it determines every byte of the log.
/// </summary>
public sealed record Experiment : ICheckedSettings
{
    /// <summary>Pattern of names that are also names of directories.</summary>
    public const string NamePattern = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$";

    [Setting("Name of the experiment and of its run directories. Default: the name of the file.", Pattern = NamePattern, MidRun = true)]
    public string Name { get; init; } = "experiment";

    [Setting("Seed of every random stream.", Min = 0, OutsideIdentity = true)]
    public long Seed { get; init; } = 1;

    [Setting("The simulated hardware.")]
    public MachineSettings Machine { get; init; } = new();

    [Setting("The simulated kernel.")]
    public KernelSettings Kernel { get; init; } = new();

    [Setting("How the simulation is carried out; changes no result.", OutsideIdentity = true)]
    public EngineSettings Engine { get; init; } = new();

    [Setting("What runs: phases, one after the other.", Required = true, MinItems = 1, MaxItems = 1024)]
    public IReadOnlyList<WorkloadOptions> Workload { get; init; } = [];

    [Setting("The event log.")]
    public LogSettings Log { get; init; } = new();

    [Setting("Snapshots of a run under way.", MidRun = true)]
    public SnapshotSettings Snapshots { get; init; } = new();

    [Setting("When the run ends; without a condition, when the workload is done.", OutsideIdentity = true, MidRun = true)]
    public StopSettings Stop { get; init; } = new();

    public SettingProblem? Check() =>
        Kernel.Reclaim.Policy is PagePolicy.LruOracle or PagePolicy.OptOracle && Workload is not [Workloads.TraceOptions { Tasks: 1 }]
            ? new SettingProblem("kernel", $"kernel.reclaim.policy {SettingNames.Of(Kernel.Reclaim.Policy)} has to know all references: the workload is one phase of type trace with one task, or the policy is no oracle.")
        : TickPs >= TickPeriodPs
            ? new SettingProblem("kernel", string.Create(CultureInfo.InvariantCulture,
                $"a timer interrupt takes {TickPs / 1000} ns (kernel.mmCosts.tickNs, and machine.cpu.interruptEntryCycles and interruptReturnCycles), and the next one comes after {TickPeriodPs / 1000} ns: no task would ever run. Lower one of these or kernel.tasks.timerHz."))
        : null;

    private long TickPeriodPs => 1_000_000_000_000 / Kernel.Tasks.TimerHz;

    private long TickPs =>
        (Kernel.MmCosts.TickNs * 1000L) + ((Machine.Cpu.InterruptEntryCycles + Machine.Cpu.InterruptReturnCycles) * 1_000_000L / Machine.CpuFrequencyMhz);
}
