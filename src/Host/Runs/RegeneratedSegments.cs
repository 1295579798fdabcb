using Sim.Engine.Log;
using Sim.Engine.Snapshots;
using Sim.Host.Branches;
using Sim.Host.Experiments;
using Sim.Host.Workloads;

namespace Sim.Host.Runs;

/// <summary>
/// Makes segments that <c>log.keep</c> has dropped again, by running the experiment again from the newest snapshot before them;
/// each block is compared with the hash that was kept. They are kept in <c>index/segments</c>, a cache.
/// </summary>
/// <param name="directory">The run, or a branch of it.</param>
internal sealed class RegeneratedSegments(RunDirectory directory) : ISegmentSource
{
    private const int BatchDispatches = 256;

    private readonly HashSet<long> _checked = [];

    /// <inheritdoc/>
    /// <exception cref="CommandException">The experiment cannot be run again.</exception>
    /// <exception cref="SegmentDivergedException">It comes to other events.</exception>
    public ILogData Open(SegmentHeader header, SegmentFooter footer)
    {
        RunDirectory owner = Owner(directory, header.Identity);
        var cache = new DirectoryStorage(Path.Combine(owner.IndexPath, "segments"));
        cache.CreateDirectory();
        if (!_checked.Contains(header.FirstSequence) && !SegmentRebuilder.IsThere(cache, header, footer))
        {
            Make(owner, cache, header, footer);
        }
        _checked.Add(header.FirstSequence);
        return cache.OpenRead(LogFormat.SegmentName(header.FirstSequence));
    }

    private static void Make(RunDirectory owner, DirectoryStorage cache, SegmentHeader header, SegmentFooter footer)
    {
        var reader = new ExperimentFile(KnownWorkloads.Registry);
        var simulator = new MachineSimulator(KnownWorkloads.Registry);
        RunManifest manifest = owner.ReadManifest();
        Experiment experiment = owner.ReadExperiment(reader, []);
        if (header.Identity.EngineVersion != EngineVersion.Text || reader.Identify(experiment, EngineVersion.Current).ConfigHash != header.Identity.ConfigHash)
        {
            throw new CommandException(ExitCode.Configuration,
                $"{owner.Path}: events from {header.FirstSequence} on were dropped (log.keep) and would have to be made again, but the build or config.effective.json is not the one of the run.");
        }
        IReadOnlyCollection<string> leftOut = LogSelection.LeftOut(experiment.Log, simulator.Catalogue);
        using LogReader log = RunLog.OpenAsItIs(owner);
        using var rebuilder = new SegmentRebuilder(cache, header, footer);
        // A block that is open in a snapshot begins before it, so the segment's first block is still to come.
        IRunnable machine = SnapshotRestore.Newest(
                new SnapshotStore(new DirectoryStorage(owner.SnapshotsPath), log), header.FirstSequence, () => simulator.Build(experiment, rebuilder, leftOut))
            ?? Ancestry.Begin(Ancestry.Of(owner, manifest, reader), simulator, experiment, rebuilder, leftOut, CancellationToken.None);
        while (!rebuilder.IsComplete)
        {
            if (machine.Step(BatchDispatches) != StepStatus.More && !rebuilder.IsComplete)
            {
                throw new RunDivergedException(machine.Events);
            }
        }
        rebuilder.Finish();
    }

    // A branch reads its past in its ancestors' logs.
    private static RunDirectory Owner(RunDirectory directory, LogIdentity identity)
    {
        RunManifest manifest = directory.ReadManifest();
        return manifest.Parent is { } parent && manifest.ConfigHash != identity.ConfigHash
            ? Owner(LogFolder.ParentOf(directory, parent), identity)
            : directory;
    }
}
