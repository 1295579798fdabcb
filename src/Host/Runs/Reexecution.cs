using Sim.Engine.Log;
using Sim.Engine.Snapshots;
using Sim.Host.Branches;

namespace Sim.Host.Runs;

/// <summary>
/// Runs an experiment again and compares every event with the recorded one: stretch by stretch, each from one snapshot to the
/// next, the first from power-on. At its end a stretch must have come to the very state that the next snapshot has, so the
/// stretches prove as much as one run from power-on; several are run at once. A run that was cut short is compared as far
/// as its log goes. On the way every use of a TLB entry is compared with the page tables.
/// </summary>
public sealed class Reexecution
{
    private const int BatchDispatches = 256;

    /// <summary>Machines with more frames than this are run again one at a time, for the memory they take.</summary>
    private const long LargeMachineFrames = 16 << 20;

    private readonly RecordedRun _run;
    private readonly ISimulator _simulator;
    private readonly IReadOnlyCollection<string> _leftOut;
    private readonly SnapshotHeader[] _snapshots;
    private readonly SortedSet<long> _useless = [];
    private readonly object _gate = new();
    private int _next;
    private (int Stretch, Exception What)? _first;

    private Reexecution(RecordedRun run, ISimulator simulator)
    {
        (_run, _simulator, _leftOut) = (run, simulator, run.LeftOut(simulator));
        long begin = run.Manifest.Parent?.SharedEvents ?? 0;
        _snapshots = [.. run.Snapshots.Headers.Where(s => s.Sequence > begin)];
    }

    /// <summary>Number of stretches.</summary>
    public int Stretches => _snapshots.Length + 1;

    /// <summary>Sequences of the snapshots that are damaged, or another build's: their stretches began at one before, and nothing was compared with them.</summary>
    public IReadOnlyCollection<long> Useless => _useless;

    /// <summary>State hash at the end of the run; null when it was cut short.</summary>
    public ulong? StateHash { get; private set; }

    /// <summary>Runs again.</summary>
    /// <exception cref="RunDivergedException">It comes to another event than the log has; the first such.</exception>
    /// <exception cref="SnapshotDivergedException">It comes to another state than a snapshot has.</exception>
    /// <exception cref="Hardware.Tlb.StaleTranslationException">A CPU uses a translation that its page tables do not have.</exception>
    public static Reexecution Run(RecordedRun run, ISimulator simulator, CancellationToken cancellation)
    {
        var reexecution = new Reexecution(run, simulator);
        long frames = Experiments.MachineModel.OptionsOf(run.Experiment).Hardware.Frames;
        int workers = frames > LargeMachineFrames ? 1 : Math.Min(Environment.ProcessorCount, reexecution.Stretches);
        Task.WaitAll([.. Enumerable.Range(0, workers).Select(_ => Task.Factory.StartNew(() => reexecution.Work(cancellation), TaskCreationOptions.LongRunning))], CancellationToken.None);
        cancellation.ThrowIfCancellationRequested();
        if (reexecution._first is { } first)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(first.What);
        }
        return reexecution;
    }

    private void Work(CancellationToken cancellation)
    {
        while (true)
        {
            int stretch;
            lock (_gate)
            {
                if (_next == Stretches || _first is not null || cancellation.IsCancellationRequested)
                {
                    return;
                }
                stretch = _next++;
            }
            try
            {
                Again(stretch, cancellation);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                lock (_gate)
                {
                    _first = _first is { } known && known.Stretch < stretch ? known : (stretch, e);
                }
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private void Again(int stretch, CancellationToken cancellation)
    {
        using LogReader log = RunLog.OpenAsItIs(_run.Directory);
        var sink = new Comparison(log);
        IRunnable? machine = null;
        for (int from = stretch - 1; from >= 0 && machine is null; from--)
        {
            machine = Restore(_snapshots[from], sink);
        }
        machine ??= Ancestry.Begin(_run.Past, _simulator, _run.Experiment, sink, _leftOut, cancellation);
        machine.CheckTranslations();
        if (stretch < _snapshots.Length)
        {
            ToSnapshot(machine, _snapshots[stretch], cancellation);
            if (!IsAt(machine, _snapshots[stretch]) && Restore(_snapshots[stretch], sink) is not null)
            {
                throw new SnapshotDivergedException(_snapshots[stretch].Sequence);
            }
        }
        else
        {
            ToEnd(machine, log, sink, cancellation);
        }
    }

    private IRunnable? Restore(SnapshotHeader snapshot, IBlockSink sink)
    {
        IRunnable? machine = SnapshotRestore.Load(
            new SnapshotStore(new DirectoryStorage(_run.Directory.SnapshotsPath), _run.Log), snapshot, () => _simulator.Build(_run.Experiment, sink, _leftOut));
        if (machine is null)
        {
            lock (_gate)
            {
                _useless.Add(snapshot.Sequence);
            }
        }
        return machine;
    }

    private static void ToSnapshot(IRunnable machine, SnapshotHeader snapshot, CancellationToken cancellation)
    {
        while (machine.Dispatched < snapshot.Dispatched)
        {
            cancellation.ThrowIfCancellationRequested();
            if (machine.Step((int)Math.Min(BatchDispatches, snapshot.Dispatched - machine.Dispatched)) != StepStatus.More
                && machine.Dispatched < snapshot.Dispatched)
            {
                throw new RunDivergedException(machine.Events);
            }
        }
    }

    private static bool IsAt(IRunnable machine, SnapshotHeader snapshot)
    {
        var draft = new SnapshotDraft();
        machine.Save(draft);
        return draft.Sequence == snapshot.Sequence && SnapshotFile.Hash(draft.Image, draft.Image.Pages) == snapshot.ImageHash;
    }

    private void ToEnd(IRunnable machine, LogReader log, Comparison sink, CancellationToken cancellation)
    {
        StepStatus status = machine.Dispatched > 0 ? machine.Look() : StepStatus.More;
        while (status == StepStatus.More && machine.Events <= log.Events)
        {
            cancellation.ThrowIfCancellationRequested();
            status = machine.Step(BatchDispatches);
        }
        machine.CompleteLog();
        if (status != StepStatus.More)
        {
            StateHash = machine.Events == log.Events ? machine.StateHash() : throw new RunDivergedException(Math.Min(machine.Events, log.Events));
        }
        else if (!sink.IsBeyond)
        {
            throw new RunDivergedException(log.Events);
        }
    }

    /// <summary>Compares blocks; behind the end of a log that was cut short, everything is right.</summary>
    private sealed class Comparison(LogReader log) : IBlockSink
    {
        private readonly RecordedBlocks _recorded = new(log);

        /// <summary>More was made than the log has, as is right for one that was cut short.</summary>
        public bool IsBeyond { get; private set; }

        public byte[] Submit(in RawBlock block)
        {
            bool cutShort = log.End != LogEnd.Complete;
            if (block.FirstSequence >= log.Events)
            {
                IsBeyond = cutShort ? true : throw new RunDivergedException(block.FirstSequence);
                return block.Payload;
            }
            RecordedBlocks.Likeness likeness = _recorded.Compare(block.FirstSequence, block.Payload.AsSpan(0, block.Length));
            if (likeness == RecordedBlocks.Likeness.Longer && cutShort && block.FirstSequence + block.Count > log.Events)
            {
                IsBeyond = true;
            }
            else if (likeness != RecordedBlocks.Likeness.Equal)
            {
                throw new RunDivergedException(_recorded.FirstBeyond(block.FirstSequence, block.Length));
            }
            return block.Payload;
        }
    }
}

/// <summary>An experiment run again came to another state than a snapshot of the run has.</summary>
public sealed class SnapshotDivergedException(long sequence) : Exception($"Run again, the experiment has another state before event {sequence} than the snapshot there.")
{
    /// <summary>Sequence of the snapshot.</summary>
    public long Sequence { get; } = sequence;
}
