using Sim.Engine.Events;
using Sim.Engine.Replay;
using Sim.Engine.Snapshots;
using Sim.Engine.Time;

namespace Sim.Host.Runs;

/// <summary>
/// The sourced state of a recorded run at any moment: a fold that goes forward, and starts from the nearest snapshot to go
/// back or far ahead. A position is the sequence of the last event applied; -1 is before the first.
/// </summary>
public sealed class Timeline
{
    /// <summary>Folding fewer events than this is quicker than loading a snapshot.</summary>
    private const long NearEvents = 128 * 1024;

    /// <summary>Before the end of a jump back, so that the steps back which often follow are short.</summary>
    private const long KeyframeBefore = 64 * 1024;

    private readonly RecordedRun _run;
    private readonly ISimulator _simulator;
    private readonly IReadOnlyList<object> _observers;
    private readonly StateImage _keyframe = new();
    private long _keyframeAt = -1;
    private Fold _fold;

    /// <summary>Stands before the first event.</summary>
    public Timeline(RecordedRun run, ISimulator simulator)
        : this(run, simulator, [])
    {
    }

    /// <summary>The same with observers, which apply events of their own interest after the state has. They see every event, so no snapshot is used.</summary>
    public Timeline(RecordedRun run, ISimulator simulator, IReadOnlyList<object> observers)
    {
        (_run, _simulator, _observers) = (run, simulator, observers);
        (_fold, State) = FromPowerOn();
    }

    /// <summary>The state at the position.</summary>
    public FoldedMachine State { get; private set; }

    /// <summary>Looks on after each event from here on, so none is passed over; going back forgets it.</summary>
    public IFoldWatcher? Watcher
    {
        get => _fold.Watcher;
        set => _fold.Watcher = value;
    }

    /// <summary>Stops a long jump; the position is then one on the way.</summary>
    public CancellationToken Cancellation
    {
        get;
        set => _fold.Cancellation = field = value;
    }

    /// <summary>Symbols announced up to the position.</summary>
    public SymbolTable Symbols => _fold.Symbols;

    /// <summary>Sequence of the last event applied; -1 for none.</summary>
    public long Position => _fold.NextSequence - 1;

    /// <summary>Greatest time of the events applied, in picoseconds.</summary>
    public long TimePs => _fold.RunningMaxTimePs;

    /// <summary>Sequence of the log's last event.</summary>
    public long Last => _run.Log.LastSequence;

    /// <summary>Goes to the state after an event; -1 is before the first.</summary>
    /// <exception cref="CommandException">The log has no such event (exit code 2).</exception>
    public void GoTo(long sequence)
    {
        if (sequence > Last || sequence < -1)
        {
            throw new CommandException(ExitCode.Usage, $"Event {sequence}: the log of {_run.Directory.Path} has the events 0 to {Last}.");
        }
        Approach(sequence);
        if (sequence > Position)
        {
            _fold.ToSequence(sequence);
        }
    }

    /// <summary>Goes to the last event before the first one that is later than a time.</summary>
    /// <exception cref="CommandException">The run ended before (exit code 2).</exception>
    public void GoTo(SimTime time)
    {
        _run.RequireReached(time);
        // The event is in the first block with a later one, or it is the log's last.
        long block = _run.Log.FindTime(time.Ps) is { } address
            ? _run.Log.Index(address.Segment)[address.Block].FirstSequence
            : _run.Log.Events;
        if (time.Ps < TimePs || block - Position > NearEvents)
        {
            Approach(block - 1);
        }
        _fold.ToTime(time.Ps);
    }

    /// <summary>Gets to a moment not later than the one after an event, from which the fold goes on.</summary>
    private void Approach(long sequence)
    {
        bool back = sequence < Position;
        if (!back && (sequence - Position < NearEvents || Watcher is not null || _observers.Count > 0))
        {
            return;
        }
        long events = sequence + 1;
        SnapshotHeader? snapshot = _observers.Count > 0 ? null : _run.Snapshots.Newest(events);
        if (back && _keyframeAt >= 0 && _keyframeAt <= events && (snapshot is null || _keyframeAt >= snapshot.Sequence)
            && TryStart(_keyframe, _keyframeAt))
        {
            return;
        }
        while (snapshot is not null && (back || snapshot.Sequence > _fold.NextSequence))
        {
            if (_run.Snapshots.Load(snapshot, sourcedOnly: true) is { } image && TryStart(image, snapshot.Sequence))
            {
                break;
            }
            _run.Snapshots.Discard(snapshot);
            snapshot = _run.Snapshots.Newest(events);
        }
        if (sequence < Position)
        {
            (_fold, State) = FromPowerOn();
        }
        if (back && _observers.Count == 0 && sequence - KeyframeBefore > Position + NearEvents)
        {
            _fold.ToSequence(sequence - KeyframeBefore);
            _keyframe.Clear();
            State.Save(_keyframe);
            _keyframeAt = _fold.NextSequence;
        }
    }

    private (Fold, FoldedMachine) FromPowerOn()
    {
        FoldedMachine state = NewState();
        return (FoldFrom(state, 0), state);
    }

    private bool TryStart(StateImage image, long nextSequence)
    {
        FoldedMachine state = NewState();
        try
        {
            state.Load(image);
        }
        catch (InvalidDataException)
        {
            return false;
        }
        (_fold, State) = (FoldFrom(state, nextSequence), state);
        return true;
    }

    private FoldedMachine NewState() => _simulator.CreateState(_run.Experiment, _run.LeftOut(_simulator));

    private Fold FoldFrom(FoldedMachine state, long nextSequence) =>
        new(_run.Log, _simulator.Catalogue, [.. state.Appliers, .. _observers], nextSequence, state.Symbols) { Cancellation = Cancellation };
}
