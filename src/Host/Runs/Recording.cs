using Sim.Engine.Log;
using Sim.Engine.Snapshots;
using Sim.Host.Branches;
using Sim.Host.Experiments;

namespace Sim.Host.Runs;

/// <summary>
/// One run from power-on to the sealed log: makes the run directory, drives the machine, and leaves the directory
/// complete, interrupted or failed, but never without a manifest that says which.
/// </summary>
public sealed class Recording
{
    /// <summary>At most so many events does a block hold: the least one has four bytes.</summary>
    private const int BlockEvents = 128 * 1024 / 4;

    private readonly ISimulator _simulator;
    private readonly Experiment _experiment;
    private readonly ExperimentIdentity _identity;
    private readonly IReadOnlyCollection<string> _leftOut;
    private readonly RunDirectory _directory;
    private readonly Ancestry? _past;
    private SnapshotDraft? _begin;
    private RunManifest _manifest;

    private Recording(
        ISimulator simulator, Experiment experiment, ExperimentIdentity identity, IReadOnlyCollection<string> leftOut, RunDirectory directory,
        Ancestry? past = null, ParentRun? parent = null)
    {
        _past = past;
        (_simulator, _experiment, _identity, _leftOut, _directory) = (simulator, experiment, identity, leftOut, directory);
        _manifest = new RunManifest
        {
            Experiment = experiment.Name,
            Status = RunStatus.Running,
            Seed = experiment.Seed,
            EngineVersion = EngineVersion.Current,
            ConfigHash = identity.ConfigHash,
            LogCategories = [.. LogSelection.Categories(simulator.Catalogue).Except(leftOut)],
            Stop = StopCondition.Of(experiment.Stop),
            Parent = parent,
        };
    }

    /// <summary>The run's directory.</summary>
    public RunDirectory Directory => _directory;

    /// <summary>The run's hashes.</summary>
    public ExperimentIdentity Identity => _identity;

    /// <summary>Checks the experiment and makes the run directory.</summary>
    /// <param name="path">The directory; null for the default.</param>
    /// <exception cref="CommandException">The experiment cannot be run, or the directory cannot be made.</exception>
    public static Recording Prepare(
        ISimulator simulator, ExperimentFile reader, Experiment experiment, string? path, string commandLine)
    {
        IReadOnlyCollection<string> leftOut = LogSelection.LeftOut(experiment.Log, simulator.Catalogue);
        foreach (WorkloadOptions phase in experiment.Workload)
        {
            phase.CheckInputs();
        }
        MachineModel.CheckLists(experiment);
        ExperimentIdentity identity = reader.Identify(experiment, EngineVersion.Current);
        RunDirectory directory = RunDirectory.Create(path, experiment.Name, experiment.Seed);
        return new Recording(simulator, experiment, identity, leftOut, directory).WriteFiles(reader, commandLine);
    }

    /// <summary>Makes the run directory of a branch.</summary>
    /// <param name="past">What it shares.</param>
    /// <param name="end">The state at the end of that.</param>
    /// <inheritdoc cref="Prepare"/>
    public static Recording PrepareBranch(
        ISimulator simulator, ExperimentFile reader, Experiment experiment, Ancestry past, SnapshotDraft end, string? path, string commandLine)
    {
        IReadOnlyCollection<string> leftOut = LogSelection.LeftOut(experiment.Log, simulator.Catalogue);
        string parentId, link;
        using (LogReader log = RunLog.Open(past.Directory))
        {
            parentId = log.Header.Identity.RunId;
            link = log.LinkAfter(end.BlockFirst - 1)!.Value.ToString();
        }
        ExperimentIdentity identity = reader.Identify(experiment, EngineVersion.Current).BranchOf(parentId, end.Sequence - 1);
        RunDirectory directory = RunDirectory.Create(path, experiment.Name, experiment.Seed);
        var parent = new ParentRun(LogFolder.PathTo(directory, past.Directory), parentId, end.Sequence - 1, end.BlockFirst, link);
        return new Recording(simulator, experiment, identity, leftOut, directory, past, parent) { _begin = end }.WriteFiles(reader, commandLine);
    }

    /// <summary>Opens a run that was cut short, to take it up again.</summary>
    /// <param name="durability">What a crash may lose from now on; null for what the run began with.</param>
    /// <exception cref="CommandException">It is no run, another build's, or its files have changed since.</exception>
    public static Recording Reopen(ISimulator simulator, ExperimentFile reader, string path, IReadOnlyList<ConfigOverride> durability)
    {
        RunDirectory directory = RunDirectory.Open(path);
        RunManifest manifest = directory.ReadManifest();
        if (manifest.EngineVersion != EngineVersion.Current)
        {
            throw new CommandException(ExitCode.Configuration,
                $"{path} was run by engine version {manifest.EngineVersion}; this build is {EngineVersion.Text} and would go on differently. Use that build.");
        }
        Experiment experiment = directory.ReadExperiment(reader, durability);
        foreach (WorkloadOptions phase in experiment.Workload)
        {
            phase.CheckInputs();
        }
        ExperimentIdentity identity = reader.Identify(experiment, EngineVersion.Current);
        if (manifest.Parent is { } parent)
        {
            identity = identity.BranchOf(parent.RunId, parent.Sequence);
        }
        if (!manifest.IsOf(identity.ConfigHash, experiment))
        {
            throw new CommandException(ExitCode.Diverged,
                $"{directory.ConfigurationPath}, or a trace it names, is not what the run began with (configHash {manifest.ConfigHash}, {manifest.Stop?.ToString() ?? "stop not recorded"}). "
                + "Restore it; \"sim branch\" goes on from here with changed settings.");
        }
        return new Recording(
            simulator, experiment, identity, LogSelection.LeftOut(experiment.Log, simulator.Catalogue), directory,
            Ancestry.Of(directory, manifest, reader), manifest.Parent)
        {
            Reopened = manifest,
        };
    }

    /// <summary>The manifest of a run that is taken up again, as it was; null for a new run.</summary>
    public RunManifest? Reopened { get; private init; }

    /// <summary>
    /// True when there is nothing to take up again: manifest and log are complete. A power cut may leave a manifest that says
    /// so over a log that has lost its end.
    /// </summary>
    /// <exception cref="CommandException">The log is gone, or another run's.</exception>
    public bool IsComplete()
    {
        if (Reopened is not { Status: RunStatus.Complete })
        {
            return false;
        }
        try
        {
            using LogReader log = RunLog.OpenAsItIs(_directory);
            if (log.End == LogEnd.Complete && (log.Events != Reopened.Events || log.ChainHash.ToString() != Reopened.ChainHash))
            {
                throw new CommandException(ExitCode.Diverged,
                    $"{_directory.Path}: manifest.json names {Reopened.Events} events and chain hash {Reopened.ChainHash}; the log has {log.Events} and {log.ChainHash}. One of them is of another run.");
            }
            return log.End == LogEnd.Complete;
        }
        catch (CorruptLogException)
        {
            // The writer that goes on with it judges what is damage and what was only never written.
            return false;
        }
    }

    /// <summary>The experiment.</summary>
    public Experiment Experiment => _experiment;

    /// <summary>Runs to the end, or to cancellation.</summary>
    /// <param name="show">Carries out the work it is given with a display of progress; returns its result.</param>
    /// <exception cref="LogWriteException">The log cannot be written; the run has failed.</exception>
    public RecordingResult Run(Func<Func<IProgress<RunSample>, bool>, bool> show, CancellationToken cancellation)
    {
        IRunnable? machine = null;
        try
        {
            using LogWriter log = LogFolder.Of(_directory) is BranchStorage joined
                ? LogWriter.Branch(joined, LogOptions, LogIdentity, _simulator.Catalogue, _leftOut)
                : LogWriter.Create(_directory.LogPath, LogOptions, LogIdentity, _simulator.Catalogue, _leftOut);
            using var snapshotter = new Snapshotter(_directory, _experiment.Snapshots, Frames, LogIdentity, log.BoundaryBefore);
            if (_past is not null)
            {
                machine = _past.GoOn(_begin!, _simulator, _experiment, log, _leftOut);
                _begin = null;
            }
            else
            {
                machine = Ancestry.Begin(null, _simulator, _experiment, log, _leftOut, cancellation);
            }
            snapshotter.Begin(machine);
            return Drive(machine, log, snapshotter, show, cancellation);
        }
        catch (Exception e)
        {
            Fail(machine, e);
            throw;
        }
    }

    /// <summary>Takes a run up again that was cut short: from its newest snapshot, or from power-on.</summary>
    /// <inheritdoc cref="Run"/>
    /// <exception cref="RunDivergedException">It does not come to the events that the log has.</exception>
    /// <exception cref="CorruptLogException">The log is damaged.</exception>
    public RecordingResult Resume(Func<Func<IProgress<RunSample>, bool>, bool> show, Action<string> note, CancellationToken cancellation)
    {
        // Whoever has not got the lock touches nothing.
        using LogWriter? writer = OpenWriter();
        IRunnable? machine = null;
        try
        {
            using LogReader? recorded = writer?.Resumed is { End.NextSequence: 0 } ? null : LogReader.Open(LogFolder.Of(_directory));
            var log = new ResumedLog(recorded, writer);
            _directory.Write(_manifest);
            SnapshotStore? store = recorded is null ? null : new SnapshotStore(new DirectoryStorage(_directory.SnapshotsPath), recorded);
            using var snapshotter = new Snapshotter(_directory, _experiment.Snapshots, Frames, LogIdentity, log.BoundaryBefore);
            while (true)
            {
                SnapshotHeader? from = store?.Newest(recorded!.Events);
                machine = Restore(store, from, log, cancellation);
                if (machine is not null)
                {
                    note((log.RecordedEvents == 0 ? "the log has no event; " : $"the log is whole up to event {log.RecordedEvents - 1}; ")
                        + (from is null ? "there is no snapshot that fits, so the run starts anew" : $"running again from the snapshot before event {from.Sequence}"));
                    snapshotter.Begin(machine);
                    try
                    {
                        return Drive(machine, writer, snapshotter, show, cancellation, log);
                    }
                    catch (RunDivergedException) when (from is not null && machine.Events <= log.RecordedEvents + BlockEvents)
                    {
                        note($"the snapshot before event {from.Sequence} does not lead to the log's events; trying one before it");
                    }
                }
                store!.Discard(from!);
            }
        }
        catch (Exception e)
        {
            Fail(machine, e);
            throw;
        }
    }

    /// <summary>A file of a run that has begun could not be written.</summary>
    public static CommandException Unwritable(RunDirectory directory, Exception cause) => new(ExitCode.InputOutput,
        $"{directory.Path}: a file of the run cannot be written: {cause.Message.TrimEnd('.')}. When that is mended, \"sim run --resume {directory.Path}\" goes on.", cause);

    private Recording WriteFiles(ExperimentFile reader, string commandLine)
    {
        try
        {
            _directory.WriteFile("command.txt", commandLine + "\n");
            _directory.WriteFile("config.effective.json", reader.Write(_experiment));
            _directory.Write(_manifest);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.InputOutput,
                $"{_directory.Path}: a file of the run cannot be written: {e.Message.TrimEnd('.')}. Free some space or name another place with --out, and run again.", e);
        }
        return this;
    }

    private LogOptions LogOptions => new()
    {
        Codec = _experiment.Log.Codec == Experiments.LogCodec.None ? Engine.Log.LogCodec.None : Engine.Log.LogCodec.Snappy,
        Durability = Enum.Parse<Engine.Log.LogDurability>(_experiment.Log.Durability.ToString()),
        SegmentRawBytes = _experiment.Log.SegmentBytes.Bytes,
        Keep = _experiment.Log.Keep switch
        {
            "all" => LogKeep.All,
            "hashes" => LogKeep.Hashes,
            var tail => LogKeep.Tail(long.Parse(tail["tail:".Length..], System.Globalization.CultureInfo.InvariantCulture)),
        },
    };

    private LogIdentity LogIdentity => new(_identity.RunId, EngineVersion.Text, _identity.ConfigHash, (ulong)_experiment.Seed);

    private long Frames => MachineModel.OptionsOf(_experiment).Hardware.Frames;

    // Null for a log that is complete: the process ended between the log's seal and the manifest.
    private LogWriter? OpenWriter()
    {
        try
        {
            new DirectoryStorage(_directory.LogPath).CreateDirectory();
            ILogStorage storage = LogFolder.Of(_directory);
            return LogWriter.Resume(storage, LogOptions, LogIdentity, _simulator.Catalogue, _leftOut);
        }
        catch (LogCompleteException)
        {
            return null;
        }
        catch (LogWriteException e) when (e.InnerException is LogLockedException)
        {
            throw new CommandException(ExitCode.InputOutput, $"Another process is writing {_directory.Path}. Wait for its end.", e);
        }
    }

    // Null when the snapshot turns out to be of no use.
    private IRunnable? Restore(SnapshotStore? store, SnapshotHeader? from, ResumedLog log, CancellationToken cancellation) => from is null
        ? Ancestry.Begin(_past, _simulator, _experiment, log, _leftOut, cancellation)
        : SnapshotRestore.Load(store!, from, () => _simulator.Build(_experiment, log, _leftOut));

    private RecordingResult Drive(
        IRunnable machine, LogWriter? writer, Snapshotter snapshotter, Func<Func<IProgress<RunSample>, bool>, bool> show,
        CancellationToken cancellation, ResumedLog? resumed = null)
    {
        bool finished = show(progress => new RunSession(machine, progress, snapshotter.Between).Run(cancellation));
        if (!finished)
        {
            snapshotter.Interrupt(machine);
        }
        if (!finished && resumed is not null && machine.Events < resumed.RecordedEvents)
        {
            // Nothing new was made, and the log stays as it is.
            snapshotter.Dispose();
            return Finish(machine, resumed.ChainHash, resumed.RecordedEvents, null, finished, snapshotter);
        }
        machine.CompleteLog();
        if (machine.Events < resumed?.RecordedEvents)
        {
            throw new RunDivergedException(machine.Events);
        }
        writer?.Complete(provisional: !finished);
        snapshotter.Dispose();
        (long, long) sizes = writer is null ? resumed!.Sizes() : (writer.RawBytes, writer.BytesOnDisk);
        return Finish(machine, writer?.ChainHash ?? resumed!.ChainHash, machine.Events, sizes, finished, snapshotter);
    }

    // Without sizes the machine has not come to the end of its log, and says nothing of it.
    private RecordingResult Finish(
        IRunnable machine, ChainHash chain, long events, (long RawBytes, long BytesOnDisk)? sizes, bool finished, Snapshotter snapshotter)
    {
        RunOutcome outcome = machine.Outcome();
        _manifest = _manifest with
        {
            Status = finished ? RunStatus.Complete : RunStatus.Interrupted,
            ChainHash = chain.ToString(),
            StateHash = machine.Events == events ? machine.StateHash().ToString("x16") : null,
            Events = events,
            LastSequence = events - 1,
            SimulatedPs = machine.NowPs,
            Snapshots = [.. SnapshotStore.List(new DirectoryStorage(_directory.SnapshotsPath)).Select(s => new SnapshotEntry(SnapshotFile.Name(s), s))],
        };
        if (sizes is { } log)
        {
            _directory.WriteFile("stats.json", RunStatistics.ToJson(machine.Sample(), outcome, log.RawBytes, log.BytesOnDisk));
        }
        _directory.Write(_manifest);
        return new RecordingResult(_manifest, outcome, finished, snapshotter.Failure);
    }

    private void Fail(IRunnable? machine, Exception cause)
    {
        long last = cause is LogWriteException e ? e.LastDurableSequence : -1;
        RunManifest failed = _manifest with
        {
            Status = RunStatus.Failed,
            Events = last + 1,
            LastSequence = last,
            SimulatedPs = machine?.NowPs ?? 0,
        };
        try
        {
            // Who gave up on the way back to the log's end has changed nothing.
            _directory.Write(cause is OperationCanceledException && Reopened is { } before ? before : failed);
        }
        catch (Exception again) when (again is IOException or UnauthorizedAccessException)
        {
            // On a full disk the manifest goes on saying "running", which a verify finds to be untrue.
        }
    }
}

/// <summary>What a recording came to.</summary>
/// <param name="Finished">False when it was interrupted.</param>
/// <param name="SnapshotFailure">Why snapshots could not be written; null for no failure.</param>
public sealed record RecordingResult(RunManifest Manifest, RunOutcome Outcome, bool Finished, Exception? SnapshotFailure);
