using Sim.Engine.Events;
using Sim.Engine.Replay;
using Sim.Engine.Time;

namespace Sim.Host.Runs;

/// <summary>
/// The sourced state of a recorded run at any moment: a fold that goes forward, and starts anew to go back. A position
/// is the sequence of the last event applied; -1 is before the first.
/// </summary>
public sealed class Timeline
{
    private readonly RecordedRun _run;
    private readonly ISimulator _simulator;
    private readonly IReadOnlyList<object> _observers;
    private Fold _fold;

    /// <summary>Stands before the first event.</summary>
    public Timeline(RecordedRun run, ISimulator simulator)
        : this(run, simulator, [])
    {
    }

    /// <summary>The same with observers, which apply events of their own interest after the state has.</summary>
    public Timeline(RecordedRun run, ISimulator simulator, IReadOnlyList<object> observers)
    {
        (_run, _simulator, _observers) = (run, simulator, observers);
        (_fold, State) = Start();
    }

    /// <summary>The state at the position.</summary>
    public FoldedMachine State { get; private set; }

    /// <summary>Looks on after each event from here on; going back forgets it.</summary>
    public IFoldWatcher? Watcher
    {
        get => _fold.Watcher;
        set => _fold.Watcher = value;
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
        if (sequence < Position)
        {
            (_fold, State) = Start();
        }
        if (sequence > Position)
        {
            _fold.ToSequence(sequence);
        }
    }

    /// <summary>Goes to the last event whose running-maximum time is not later than a time.</summary>
    public void GoTo(SimTime time)
    {
        if (time.Ps < TimePs)
        {
            (_fold, State) = Start();
        }
        _fold.ToTime(time.Ps);
    }

    private (Fold, FoldedMachine) Start()
    {
        FoldedMachine state = _simulator.CreateState(_run.Experiment, _run.LeftOut(_simulator));
        return (new Fold(_run.Log, _simulator.Catalogue, [.. state.Appliers, .. _observers]), state);
    }
}
