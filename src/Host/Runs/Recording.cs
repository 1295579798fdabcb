using Sim.Engine.Log;
using Sim.Host.Experiments;

namespace Sim.Host.Runs;

/// <summary>
/// One run from power-on to the sealed log: makes the run directory, drives the machine, and leaves the directory
/// complete, interrupted or failed, but never without a manifest that says which.
/// </summary>
public sealed class Recording
{
    private readonly ISimulator _simulator;
    private readonly Experiment _experiment;
    private readonly ExperimentIdentity _identity;
    private readonly IReadOnlyCollection<string> _leftOut;
    private readonly RunDirectory _directory;
    private RunManifest _manifest;

    private Recording(ISimulator simulator, Experiment experiment, ExperimentIdentity identity, IReadOnlyCollection<string> leftOut, RunDirectory directory)
    {
        (_simulator, _experiment, _identity, _leftOut, _directory) = (simulator, experiment, identity, leftOut, directory);
        _manifest = new RunManifest
        {
            Experiment = experiment.Name,
            Status = RunStatus.Running,
            Seed = experiment.Seed,
            EngineVersion = EngineVersion.Current,
            ConfigHash = identity.ConfigHash,
            LogCategories = [.. LogSelection.Categories(simulator.Catalogue).Except(leftOut)],
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
        var recording = new Recording(simulator, experiment, identity, leftOut, directory);
        try
        {
            directory.WriteFile("command.txt", commandLine + "\n");
            directory.WriteFile("config.effective.json", reader.Write(experiment));
            directory.Write(recording._manifest);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(directory, e);
        }
        return recording;
    }

    /// <summary>Runs to the end, or to cancellation.</summary>
    /// <param name="show">Carries out the work it is given with a display of progress; returns its result.</param>
    /// <exception cref="LogWriteException">The log cannot be written; the run has failed.</exception>
    public RecordingResult Run(Func<Func<IProgress<RunSample>, bool>, bool> show, CancellationToken cancellation)
    {
        var options = new LogOptions
        {
            Codec = _experiment.Log.Codec == Experiments.LogCodec.None ? Engine.Log.LogCodec.None : Engine.Log.LogCodec.Snappy,
            Durability = Enum.Parse<Engine.Log.LogDurability>(_experiment.Log.Durability.ToString()),
            SegmentRawBytes = _experiment.Log.SegmentBytes.Bytes,
        };
        var identity = new LogIdentity(
            _identity.RunId, EngineVersion.Text, _identity.ConfigHash, (ulong)_experiment.Seed);
        IRunnable? machine = null;
        try
        {
            using LogWriter log = LogWriter.Create(_directory.LogPath, options, identity, _simulator.Catalogue, _leftOut);
            machine = _simulator.Build(_experiment, log, _leftOut);
            machine.Start();
            bool finished = show(progress => new RunSession(machine, progress).Run(cancellation));
            machine.CompleteLog();
            log.Complete(provisional: !finished);
            return Finish(machine, log, finished);
        }
        catch (Exception e)
        {
            Fail(machine, e);
            throw;
        }
    }

    /// <summary>A file of the run directory could not be written.</summary>
    public static CommandException Unwritable(RunDirectory directory, Exception cause) => new(ExitCode.InputOutput,
        $"{directory.Path}: a file of the run cannot be written: {cause.Message.TrimEnd('.')}. Free some space or name another place with --out, and run again.", cause);

    private RecordingResult Finish(IRunnable machine, LogWriter log, bool finished)
    {
        RunOutcome outcome = machine.Outcome();
        _manifest = _manifest with
        {
            Status = finished ? RunStatus.Complete : RunStatus.Interrupted,
            ChainHash = log.ChainHash.ToString(),
            StateHash = machine.StateHash().ToString("x16"),
            Events = log.Events,
            LastSequence = log.Events - 1,
            SimulatedPs = machine.NowPs,
        };
        _directory.WriteFile("stats.json", RunStatistics.ToJson(machine.Sample(), outcome, log.RawBytes, log.BytesWritten));
        _directory.Write(_manifest);
        return new RecordingResult(_manifest, outcome, finished);
    }

    private void Fail(IRunnable? machine, Exception cause)
    {
        long last = cause is LogWriteException e ? e.LastDurableSequence : -1;
        try
        {
            _directory.Write(_manifest with
            {
                Status = RunStatus.Failed,
                Events = last + 1,
                LastSequence = last,
                SimulatedPs = machine?.NowPs ?? 0,
            });
        }
        catch (Exception again) when (again is IOException or UnauthorizedAccessException)
        {
            // On a full disk the manifest goes on saying "running", which a verify finds to be untrue.
        }
    }
}

/// <summary>What a recording came to.</summary>
/// <param name="Finished">False when it was interrupted.</param>
public sealed record RecordingResult(RunManifest Manifest, RunOutcome Outcome, bool Finished);
