using Sim.Engine.Log;
using Sim.Engine.Snapshots;
using Sim.Host.Experiments;
using Sim.Host.Runs;

namespace Sim.Host.Branches;

/// <summary>
/// What a branch went through before it goes its own way: its parent's configuration up to an event, before that the
/// parent's parent's, and so on. Running again goes the same way.
/// </summary>
public sealed class Ancestry
{
    private const int StepsBetweenLooks = 4096;

    private readonly RunDirectory _directory;
    private readonly Ancestry? _before;

    private Ancestry(RunDirectory directory, RunManifest manifest, Experiment experiment, long last, Ancestry? before)
    {
        (_directory, Manifest, Experiment, Last, _before) = (directory, manifest, experiment, last, before);
    }

    /// <summary>The parent's manifest.</summary>
    public RunManifest Manifest { get; }

    /// <summary>The parent's experiment.</summary>
    public Experiment Experiment { get; }

    /// <summary>The parent's last event that is to be in the past; the dispatch that logs it is finished.</summary>
    public long Last { get; }

    /// <summary>The parent's directory.</summary>
    public RunDirectory Directory => _directory;

    /// <summary>The past of a branch; null for a run that is none.</summary>
    /// <exception cref="CommandException">An ancestor is missing or has changed.</exception>
    public static Ancestry? Of(RunDirectory directory, RunManifest manifest, ExperimentFile reader) =>
        manifest.Parent is { } parent ? To(LogFolder.ParentOf(directory, parent), parent.Sequence, reader) : null;

    /// <summary>A run up to one of its events. Where that event is in the past of a branch, it is the past of the run that logged it.</summary>
    /// <inheritdoc cref="Of"/>
    public static Ancestry To(RunDirectory directory, long last, ExperimentFile reader)
    {
        RunManifest manifest = directory.ReadManifest();
        if (manifest.Parent is { } parent && last <= parent.Sequence)
        {
            return To(LogFolder.ParentOf(directory, parent), last, reader);
        }
        Experiment experiment = directory.ReadExperiment(reader, []);
        if (manifest.EngineVersion != EngineVersion.Current)
        {
            throw new CommandException(ExitCode.Configuration,
                $"{directory.Path} was run by engine version {manifest.EngineVersion}; this build is {EngineVersion.Text} and would run it differently. Use that build.");
        }
        if (!manifest.IsOf(reader.Identify(experiment, EngineVersion.Current).ConfigHash, experiment))
        {
            throw new CommandException(ExitCode.Diverged,
                $"{directory.ConfigurationPath}, or a trace it names, is not what the run was recorded with (configHash {manifest.ConfigHash}). Restore it.");
        }
        return new Ancestry(directory, manifest, experiment, last, Of(directory, manifest, reader));
    }

    /// <summary>
    /// Runs again to the first moment between two dispatches at which the event is logged, comparing every event with the
    /// parent's log, from the parent's newest snapshot before it or from power-on.
    /// </summary>
    /// <returns>The state there.</returns>
    /// <exception cref="RunDivergedException">The parent comes to other events than its log has.</exception>
    public SnapshotDraft Reach(ISimulator simulator, IReadOnlyCollection<string> leftOut, CancellationToken cancellation)
    {
        using LogReader log = RunLog.OpenAsItIs(_directory);
        var sink = new ResumedLog(log, null);
        IRunnable machine = FromSnapshot(simulator, log, sink, leftOut)
            ?? Begin(_before, simulator, Experiment, sink, leftOut, cancellation);
        for (long steps = 0; machine.Events <= Last; steps++)
        {
            if (machine.Step(1) != StepStatus.More && machine.Events <= Last)
            {
                throw new RunDivergedException(machine.Events);
            }
            if (steps % StepsBetweenLooks == 0)
            {
                cancellation.ThrowIfCancellationRequested();
            }
        }
        var draft = new SnapshotDraft();
        machine.Save(draft);
        RequireOpenBlock(log, draft);
        return draft;
    }

    /// <summary>A machine of an experiment where its own part of the log begins: at power-on, or at the end of its past.</summary>
    /// <param name="past">The past; null for a run that is no branch.</param>
    /// <inheritdoc cref="Reach"/>
    public static IRunnable Begin(
        Ancestry? past, ISimulator simulator, Experiment experiment, IBlockSink sink, IReadOnlyCollection<string> leftOut, CancellationToken cancellation)
    {
        if (past is null)
        {
            IRunnable machine = simulator.Build(experiment, sink, leftOut);
            machine.Start();
            return machine;
        }
        return past.GoOn(past.Reach(simulator, leftOut, cancellation), simulator, experiment, sink, leftOut);
    }

    /// <summary>A machine of another experiment in the state at the end of this past.</summary>
    public IRunnable GoOn(SnapshotDraft end, ISimulator simulator, Experiment experiment, IBlockSink sink, IReadOnlyCollection<string> leftOut)
    {
        IRunnable machine = simulator.Build(experiment, sink, leftOut);
        machine.Load(end.Image);
        machine.Reconfigured(Experiment);
        return machine;
    }

    // A snapshot after the event's dispatch may be after further ones that log nothing; before it, there is no doubt.
    private IRunnable? FromSnapshot(ISimulator simulator, LogReader log, IBlockSink sink, IReadOnlyCollection<string> leftOut) =>
        SnapshotRestore.Newest(
            new SnapshotStore(new DirectoryStorage(_directory.SnapshotsPath), log), Last, () => simulator.Build(Experiment, sink, leftOut));

    private static void RequireOpenBlock(LogReader log, SnapshotDraft draft)
    {
        var recorded = new BlockBuffer();
        if (log.FindSequence(draft.BlockFirst) is { } address)
        {
            log.Read(address, recorded);
        }
        if (recorded.Header.FirstSequence != draft.BlockFirst || !recorded.Payload.StartsWith(draft.OpenBlock))
        {
            throw new RunDivergedException(draft.BlockFirst);
        }
    }
}
