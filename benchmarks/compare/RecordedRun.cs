using System.Diagnostics;
using Sim.Engine.Log;
using Sim.Host.Experiments;
using Sim.Host.Runs;
using Sim.Host.Workloads;

namespace Sim.Compare;

/// <summary>
/// A run of a shipped experiment as <c>sim run</c> does it: the same simulator, the same log writer with its thread, a
/// log on disk. What it used is measured on the simulating thread.
/// </summary>
internal sealed record RecordedRun
{
    private const int BatchDispatches = 256;
    private const double WarmUpSeconds = 1;
    private const int Runs = 5;

    /// <summary>The simulator that <c>sim</c> uses.</summary>
    public static ISimulator Simulator { get; } = new MachineSimulator(KnownWorkloads.Registry);

    /// <summary>The experiment, with its overrides.</summary>
    public required Experiment Experiment { get; init; }

    /// <summary>Events logged.</summary>
    public required long Events { get; init; }

    /// <summary>CPU time of the simulating thread from the first dispatch to the last, boot not counted.</summary>
    public required double CpuSeconds { get; init; }

    /// <summary>Wall-clock time of the same.</summary>
    public required double WallSeconds { get; init; }

    /// <summary>Bytes the simulating thread allocated between first and last dispatch.</summary>
    public required long AllocatedBytes { get; init; }

    /// <summary>Bytes of all segments.</summary>
    public required long LogBytes { get; init; }

    /// <summary>Counts of all phases, by the last part of their name.</summary>
    public required IReadOnlyDictionary<string, long> Counters { get; init; }

    /// <summary>Reads an experiment of <c>traces/</c>.</summary>
    /// <param name="name">Name of the file without its extension.</param>
    /// <param name="overrides"><c>path=value</c>, as after <c>--set</c>.</param>
    public static Experiment Load(string name, params string[] overrides) =>
        new ExperimentFile(KnownWorkloads.Registry).Load(
            Path.Combine(Limits.Root(), "traces", name + ".json"), overrides.Select(ConfigOverride.Parse));

    /// <summary>Runs to the end and leaves the log in a folder that holds none.</summary>
    /// <param name="experiment">What to run.</param>
    /// <param name="logFolder">The folder.</param>
    /// <param name="between">Called now and then between two dispatches; null for nothing.</param>
    public static RecordedRun Make(Experiment experiment, string logFolder, Action<IRunnable>? between = null)
    {
        var reader = new ExperimentFile(KnownWorkloads.Registry);
        ExperimentIdentity identity = reader.Identify(experiment, EngineVersion.Current);
        IReadOnlyCollection<string> leftOut = LogSelection.LeftOut(experiment.Log, Simulator.Catalogue);
        using LogWriter log = LogWriter.Create(
            logFolder, new LogOptions(),
            new LogIdentity(identity.RunId, EngineVersion.Text, identity.ConfigHash, (ulong)experiment.Seed), Simulator.Catalogue, leftOut);
        IRunnable machine = Simulator.Build(experiment, log, leftOut);
        machine.Start();
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        long wall = Stopwatch.GetTimestamp();
        double cpu = ThreadCpu.Seconds;
        while (machine.Step(BatchDispatches) == StepStatus.More)
        {
            between?.Invoke(machine);
        }
        cpu = ThreadCpu.Seconds - cpu;
        double wallSeconds = Stopwatch.GetElapsedTime(wall).TotalSeconds;
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        machine.CompleteLog();
        log.Complete();
        return new RecordedRun
        {
            Experiment = experiment,
            Events = log.Events,
            CpuSeconds = cpu,
            WallSeconds = wallSeconds,
            AllocatedBytes = allocated,
            LogBytes = log.BytesOnDisk,
            Counters = machine.Outcome().Counters
                .GroupBy(c => c.Key[(c.Key.LastIndexOf('.') + 1)..]).ToDictionary(g => g.Key, g => g.Sum(c => c.Value)),
        };
    }

    /// <summary>
    /// Runs until the compiler has had time to optimise what is hot, then five times, each into a folder that is deleted;
    /// returns the run of median speed.
    /// </summary>
    public static RecordedRun Median(Experiment experiment)
    {
        double warmUp = 0;
        while (warmUp < WarmUpSeconds)
        {
            warmUp += MakeAndForget(experiment).CpuSeconds;
        }
        return Enumerable.Range(0, Runs).Select(_ => MakeAndForget(experiment)).OrderBy(r => r.Events / r.CpuSeconds).ElementAt(Runs / 2);
    }

    private static RecordedRun MakeAndForget(Experiment experiment)
    {
        using var folder = new TemporaryFolder();
        return Make(experiment, folder.Path);
    }
}
