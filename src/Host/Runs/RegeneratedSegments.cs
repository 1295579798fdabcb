using Sim.Engine.Log;
using Sim.Engine.Snapshots;
using Sim.Host.Branches;
using Sim.Host.Experiments;
using Sim.Host.Workloads;

namespace Sim.Host.Runs;

/// <summary>
/// Makes segments that <c>log.keep</c> has dropped again, by running the experiment again from the newest snapshot before them
/// to the next one, so that going on from there, backwards as well as forwards, runs nothing twice. Each block is compared with
/// the hash that was kept. The segments are kept in <c>index/segments</c>, a cache.
/// </summary>
/// <param name="directory">The run, or a branch of it.</param>
/// <param name="error">Where to say what takes so long; null to be silent.</param>
/// <param name="cancellation">Stops it; what is whole by then stays in the cache.</param>
internal sealed class RegeneratedSegments(RunDirectory directory, TextWriter? error, CancellationToken cancellation) : ISegmentSource
{
    private const int BatchDispatches = 256;

    // Threads of one process; the folder's lock is for others.
    private static readonly Lock s_gate = new();

    private readonly HashSet<long> _checked = [];
    private readonly SlowWork _slow = new(error, () => Environment.TickCount64);

    /// <inheritdoc/>
    /// <exception cref="CommandException">The experiment cannot be run again.</exception>
    /// <exception cref="SegmentDivergedException">It comes to other events.</exception>
    public ILogData Open(SegmentHeader header, SegmentFooter footer)
    {
        RunDirectory owner = Owner(directory, header.Identity);
        var cache = new DirectoryStorage(Path.Combine(owner.IndexPath, "segments"));
        cache.CreateDirectory();
        if (!IsThere(cache, header, footer))
        {
            lock (s_gate)
            {
                using IDisposable @lock = WaitFor(cache);
                if (!IsThere(cache, header, footer))
                {
                    Make(owner, cache, header);
                }
            }
        }
        return cache.OpenRead(LogFormat.SegmentName(header.FirstSequence));
    }

    private bool IsThere(DirectoryStorage cache, SegmentHeader header, SegmentFooter footer)
    {
        if (!_checked.Contains(header.FirstSequence) && !SegmentRebuilder.IsThere(cache, header, footer))
        {
            return false;
        }
        _checked.Add(header.FirstSequence);
        return true;
    }

    private void Make(RunDirectory owner, DirectoryStorage cache, SegmentHeader wanted)
    {
        var reader = new ExperimentFile(KnownWorkloads.Registry);
        var simulator = new MachineSimulator(KnownWorkloads.Registry);
        RunManifest manifest = owner.ReadManifest();
        Experiment experiment = owner.ReadExperiment(reader, []);
        if (wanted.Identity.EngineVersion != EngineVersion.Text || reader.Identify(experiment, EngineVersion.Current).ConfigHash != wanted.Identity.ConfigHash)
        {
            throw new CommandException(ExitCode.Configuration,
                $"{owner.Path}: events from {wanted.FirstSequence} on were dropped (log.keep) and would have to be made again, but the build or config.effective.json is not the one of the run.");
        }
        IReadOnlyCollection<string> leftOut = LogSelection.LeftOut(experiment.Log, simulator.Catalogue);
        using LogReader log = RunLog.OpenAsItIs(owner);
        using var rebuilder = new StretchRebuilder(cache);
        var snapshots = new SnapshotStore(new DirectoryStorage(owner.SnapshotsPath), log);
        IRunnable? machine = SnapshotRestore.Newest(snapshots, wanted.FirstSequence, () => simulator.Build(experiment, rebuilder, leftOut));
        List<(SegmentHeader Header, SegmentFooter Footer)> stretch =
            [.. Stretch(log, wanted, machine?.Events ?? 0, NextSnapshot(snapshots, wanted)).Where(s => !IsThere(cache, s.Header, s.Footer))];
        stretch.ForEach(s => rebuilder.Expect(s.Header, s.Footer));
        machine ??= Ancestry.Begin(Ancestry.Of(owner, manifest, reader), simulator, experiment, rebuilder, leftOut, cancellation);
        while (!rebuilder.IsComplete)
        {
            cancellation.ThrowIfCancellationRequested();
            if (machine.Step(BatchDispatches) != StepStatus.More && !rebuilder.IsComplete)
            {
                throw new RunDivergedException(machine.Events);
            }
            _slow.Tick(() => $"making the events {stretch[0].Header.FirstSequence} to {stretch[^1].Footer.LastSequence} again, which log.keep dropped: now at event {machine.Events}");
        }
        stretch.ForEach(s => _checked.Add(s.Header.FirstSequence));
    }

    private static long NextSnapshot(SnapshotStore snapshots, SegmentHeader wanted) =>
        snapshots.Headers.Select(s => s.Sequence).Where(s => s > wanted.FirstSequence).DefaultIfEmpty(long.MaxValue).Min();

    /// <summary>Dropped segments that begin between two snapshots. A block that is open in the first begins before it, so the first block of each is still to come.</summary>
    private static IEnumerable<(SegmentHeader Header, SegmentFooter Footer)> Stretch(LogReader log, SegmentHeader wanted, long from, long to)
    {
        for (int i = 0; i < log.SegmentCount; i++)
        {
            if (log.LastSequenceOf(i) >= from && log.Dropped(i) is { } segment && segment.Header.FirstSequence >= from
                && segment.Header.FirstSequence < to && segment.Header.Identity == wanted.Identity)
            {
                yield return segment;
            }
        }
    }

    private IDisposable WaitFor(DirectoryStorage cache)
    {
        while (true)
        {
            try
            {
                return cache.Lock();
            }
            catch (LogLockedException e) when (e.IsHeld)
            {
                _slow.Tick(() => $"waiting for another process that makes dropped events again in {cache.Path}");
                cancellation.ThrowIfCancellationRequested();
                Thread.Sleep(50);
            }
        }
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
