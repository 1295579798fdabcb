using Sim.Engine.Log;
using Sim.Engine.Snapshots;
using Sim.Engine.Time;
using Sim.Host.Branches;
using Sim.Host.Experiments;

namespace Sim.Host.Runs;

/// <summary>A run that was recorded: its manifest, the experiment it ran, and its log.</summary>
public sealed class RecordedRun : IDisposable
{
    private SnapshotStore? _snapshots;

    private RecordedRun(RunDirectory directory, RunManifest manifest, Experiment experiment, ExperimentIdentity identity, LogReader log)
    {
        (Directory, Manifest, Experiment, Identity, Log) = (directory, manifest, experiment, identity, log);
    }

    public RunDirectory Directory { get; }

    public RunManifest Manifest { get; }

    public Experiment Experiment { get; }

    /// <summary>The identity that the log's header carries.</summary>
    public ExperimentIdentity Identity { get; }

    public LogReader Log { get; }

    /// <summary>Its snapshots, as far as they count.</summary>
    public SnapshotStore Snapshots => _snapshots ??= Manifest.Parent is null
        ? new SnapshotStore(new DirectoryStorage(Directory.SnapshotsPath), Log)
        : new SnapshotStore(Log, [.. LogFolder.Snapshots(Directory, Manifest)]);

    /// <summary>What a branch went through before its own part; null for a run that is none, and before <see cref="RequireSameExperiment"/>.</summary>
    public Ancestry? Past { get; private set; }

    /// <summary>Categories that the log does not have.</summary>
    /// <param name="simulator">Knows all.</param>
    public IReadOnlyCollection<string> LeftOut(ISimulator simulator) =>
        [.. LogSelection.Categories(simulator.Catalogue).Except(Log.Header.Categories)];

    /// <summary>Opens a run.</summary>
    /// <param name="path">Its directory.</param>
    /// <param name="reader">Reads its experiment.</param>
    /// <param name="error">Where to say what takes long; null to be silent.</param>
    /// <param name="cancellation">Stops what reading the log may take.</param>
    /// <exception cref="CommandException">It is no run, or its configuration is not the one that it was recorded with.</exception>
    /// <exception cref="CorruptLogException">Its log is damaged.</exception>
    public static RecordedRun Open(string path, ExperimentFile reader, TextWriter? error = null, CancellationToken cancellation = default)
    {
        RunDirectory directory = RunDirectory.Open(path);
        RunManifest manifest = directory.ReadManifest();
        Experiment experiment = directory.ReadExperiment(reader, []);
        LogReader log = RunLog.Open(directory, error, cancellation);
        try
        {
            LogIdentity header = log.Header.Identity;
            var run = new RecordedRun(directory, manifest, experiment, new ExperimentIdentity(header.ConfigHash, header.RunId), log);
            run.RequireItsOwnFiles(reader);
            return run;
        }
        catch
        {
            log.Dispose();
            throw;
        }
    }

    /// <summary>Refuses a time that the run did not come to.</summary>
    /// <exception cref="CommandException">The run ended before (exit code 2).</exception>
    public void RequireReached(SimTime time) => RunLog.RequireReached(Log, Directory.Path, Manifest.SimulatedPs, time);

    /// <summary>Refuses files that are not of the run whose log this is: its state would be made for another machine.</summary>
    private void RequireItsOwnFiles(ExperimentFile reader)
    {
        LogIdentity header = Log.Header.Identity;
        if (!Log.IsOwn)
        {
            throw new CommandException(ExitCode.Incomplete,
                $"{Directory.Path} is a branch that was cut short before it logged an event of its own. \"sim run --resume {Directory.Path}\" goes on with it.");
        }
        if (Manifest.ConfigHash != header.ConfigHash || (ulong)Manifest.Seed != header.Seed)
        {
            throw new CommandException(ExitCode.Diverged,
                $"{Directory.Path}: manifest.json and the log are of different runs (configHash {Manifest.ConfigHash} and {header.ConfigHash}). Restore the one that was changed.");
        }
        ExperimentIdentity now;
        try
        {
            now = reader.Identify(Experiment, EngineVersion.Current);
        }
        catch (ExperimentException)
        {
            // A trace is gone. A fold needs none; running again says which.
            return;
        }
        if (now.ConfigHash != header.ConfigHash || (ulong)Experiment.Seed != header.Seed)
        {
            throw Changed();
        }
    }

    private CommandException Changed() => new(ExitCode.Diverged,
        $"{Directory.ConfigurationPath}, or a trace it names, is not what the log was recorded with (configHash {Identity.ConfigHash}). Restore it, or run the experiment again.");

    /// <summary>Refuses a configuration, or an input file, that changed since the run.</summary>
    /// <exception cref="CommandException">It changed, or this build behaves differently (exit code 3).</exception>
    public void RequireSameExperiment(ExperimentFile reader)
    {
        if (Log.Header.Identity.EngineVersion != EngineVersion.Text)
        {
            throw new CommandException(ExitCode.Configuration,
                $"{Directory.Path} was run by engine version {Log.Header.Identity.EngineVersion}; this build is {EngineVersion.Text} and would run it differently. Use that build.");
        }
        ExperimentIdentity now = reader.Identify(Experiment, EngineVersion.Current);
        if (Manifest.Parent is { } parent)
        {
            now = now.BranchOf(parent.RunId, parent.Sequence);
        }
        if (now != Identity || !Manifest.IsOf(now.ConfigHash, Experiment))
        {
            throw Changed();
        }
        Past = Ancestry.Of(Directory, Manifest, reader);
    }

    public void Dispose() => Log.Dispose();
}
