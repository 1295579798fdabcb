using Sim.Engine.Events;
using Sim.Engine.Scheduling;
using Sim.Engine.Snapshots;
using Sim.Host.Experiments;
using Sim.Host.Workloads;
using Sim.Kernel;
using Sim.Kernel.ProcFs;
using Sim.Kernel.Zones;

namespace Sim.Host.Runs;

/// <summary>
/// A machine with the phases of its experiment. Everything that can end a run or add an event to it happens between two
/// dispatches and depends on simulated things only.
/// </summary>
internal sealed class MachineRun : IRunnable
{
    private const int ProgressOrder = 9;
    private const long LeastCheckpointEvery = 65_536;

    private readonly Machine _machine;
    private readonly Journal _journal;
    [NotInSnapshot]
    private readonly IReadOnlyCollection<string> _leftOut;
    private readonly StopSettings _stop;
    private readonly (string Name, IWorkload Workload)[] _phases;
    private readonly long _untilPs, _untilEvents, _checkpointEvery;
    private readonly int _starvedOrder;
    [NotInSnapshot]
    private readonly StateAnchors _anchors;
    private long _checkpointed, _starvedBefore;
    private int _phase;
    private string _stopReason = "interrupted";

    public MachineRun(Experiment experiment, WorkloadRegistry workloads, Journal journal, IReadOnlyCollection<string> leftOut)
    {
        _journal = journal;
        _leftOut = leftOut;
        _stop = experiment.Stop;
        _untilEvents = _stop.Events ?? long.MaxValue;
        _starvedOrder = _stop.WhenOrderFails ?? -1;
        _machine = new Machine(
            MachineModel.OptionsOf(experiment), journal,
            experiment.Engine.Queue == QueueKind.Simsharp ? new SimSharpEventQueue() : new TimingWheelEventQueue());
        _untilPs = Math.Min(_stop.Time?.Ps ?? long.MaxValue, _machine.Scheduler.EndPs - 1);
        _checkpointEvery = experiment.Log.CheckpointEvery switch
        {
            0 => long.MaxValue,
            { } every => every,
            null => Math.Max(LeastCheckpointEvery, _machine.State.Options.Hardware.Frames),
        };
        _phases = new (string, IWorkload)[experiment.Workload.Count];
        for (int i = 0; i < _phases.Length; i++)
        {
            WorkloadType type = workloads.Of(experiment.Workload[i]);
            string name = $"{type.Name}-{i}";
            _phases[i] = (name, type.Create(experiment.Workload[i], new WorkloadContext(_machine, (ulong)experiment.Seed, name)));
        }
        _anchors = new StateAnchors(_machine.State, journal.Symbols, this);
    }

    public long NowPs => _machine.Scheduler.NowPs;

    public long Events => _journal.NextSequence;

    public void Start()
    {
        _machine.Boot();
        _phases[0].Workload.Start(_machine.Scheduler.NowPs);
    }

    public void Save(SnapshotDraft draft, IList<(long Offset, Type Type)>? objects)
    {
        var saver = new StateSaver(draft.Image, _anchors) { Objects = objects };
        saver.Save(_machine.State);
        saver.Save(_journal.Symbols);
        draft.SourcedPages = draft.Image.Pages;
        saver.Save(this);
        draft.Sequence = Events;
        draft.Dispatched = Dispatched;
        draft.TimePs = NowPs;
        draft.BlockFirst = _journal.BlockFirst;
        draft.OpenBlock = _journal.OpenBlock.ToArray();
        draft.StateHash = StateHash();
    }

    public void Load(StateImage image)
    {
        var loader = new StateLoader(image, _anchors);
        loader.Load(_machine.State);
        loader.Load(_journal.Symbols);
        loader.Load(this);
    }

    public long Dispatched => _machine.Scheduler.Dispatched;

    public byte[] TakeTouched() => _machine.State.Memory.Pages.Frames.TakeTouched();

    public void Reconfigured(Experiment before)
    {
        if (_starvedOrder >= 0 && before.Stop.WhenOrderFails != _starvedOrder)
        {
            _starvedBefore = _machine.Pages.Starved[_starvedOrder];
        }
        _machine.Reconfigured(MachineModel.OptionsOf(before));
        _phases[_phase].Workload.Changed(before.Workload[_phase]);
    }

    public StepStatus Step(int dispatches, long pauseAtEvents)
    {
        for (int i = 0; i < dispatches; i++)
        {
            if (!_machine.Scheduler.Step(_untilPs))
            {
                bool idle = _machine.Scheduler.Pending == 0;
                return End(idle ? StepStatus.Finished : StepStatus.Stopped, idle ? "nothing is left to do"
                    : _untilPs == _stop.Time?.Ps ? $"stop.time {_stop.Time}" : "simulated time ends here");
            }
            if (Events - _checkpointed >= _checkpointEvery)
            {
                Checkpoint();
            }
            if (Look() is var status && status != StepStatus.More)
            {
                return status;
            }
            if (Events >= pauseAtEvents)
            {
                break;
            }
        }
        return StepStatus.More;
    }

    public StepStatus Look()
    {
        if (Events >= _untilEvents)
        {
            return End(StepStatus.Stopped, $"stop.events {_untilEvents}");
        }
        if (_starvedOrder >= 0 && _machine.Pages.Starved[_starvedOrder] > _starvedBefore)
        {
            return End(StepStatus.Stopped, $"an allocation of order {_starvedOrder} failed with enough memory free");
        }
        return _phases[_phase].Workload.IsFinished && !StartNextPhase() ? End(StepStatus.Finished, "the workload is done") : StepStatus.More;
    }

    public RunSample Sample()
    {
        long free = 0, managed = 0;
        Zone? largest = null;
        foreach (Zone zone in Zones)
        {
            free += zone.FreePages;
            managed += zone.ManagedPages;
            largest = largest is null || zone.ManagedPages > largest.ManagedPages ? zone : largest;
        }
        return new RunSample(NowPs, Events, free, managed, largest is null ? 0 : ExtFrag.Index(largest, ProgressOrder), Done);
    }

    public RunOutcome Outcome() => new(
        _stopReason,
        [.. Zones.Select(z => new ZoneOutcome(
            ZoneTypes.Name(z.Type),
            [.. Enumerable.Range(0, PageOrder.Count).Select(o => (long)z.FreeBlocks(o))],
            [.. Enumerable.Range(0, PageOrder.Count).Select(o => ExtFrag.Index(z, o))]))],
        [.. _phases.SelectMany(p => p.Workload.Statistics.Select(s => new KeyValuePair<string, long>($"{p.Name}.{s.Name}", s.Value)))]);

    public void CompleteLog() => _journal.Complete();

    public void CheckTranslations()
    {
        foreach (Hardware.Cpu.Cpu cpu in _machine.Cpus)
        {
            cpu.ChecksTranslations = true;
        }
    }

    public ulong StateHash() => _machine.State.Hash(category => !_leftOut.Contains(category));

    private IEnumerable<Zone> Zones => _machine.State.Memory.Pages.Zones.Where(z => z.IsPopulated);

    /// <summary>The condition nearest to its end tells; NaN when none can.</summary>
    private double Done => Math.Clamp(double.MaxNumber(
        double.MaxNumber(
            _stop.Time is null ? double.NaN : (double)NowPs / _untilPs,
            _untilEvents == long.MaxValue ? double.NaN : (double)Events / _untilEvents),
        (_phase + _phases[_phase].Workload.Done) / _phases.Length), 0, 1);

    private StepStatus End(StepStatus status, string reason)
    {
        _stopReason = reason;
        return status;
    }

    private bool StartNextPhase()
    {
        while (++_phase < _phases.Length)
        {
            _phases[_phase].Workload.Start(NowPs);
            if (!_phases[_phase].Workload.IsFinished)
            {
                return true;
            }
        }
        _phase = _phases.Length - 1;
        return false;
    }

    private void Checkpoint()
    {
        _journal.TimePs = Math.Max(_journal.TimePs, NowPs);
        _journal.Emit(new StateCheckpoint((long)StateHash()), -1);
        _checkpointed = Events;
    }
}
