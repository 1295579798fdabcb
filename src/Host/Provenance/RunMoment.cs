using Sim.Engine.Replay;
using Sim.Host.Index;
using Sim.Host.Runs;

namespace Sim.Host.Provenance;

/// <summary>A moment of a recorded run, and what reads the log around it.</summary>
internal sealed class RunMoment
{
    private readonly ISimulator _simulator;

    /// <summary>Stands before the first event.</summary>
    public RunMoment(RecordedRun run, ISimulator simulator, RunIndex index)
    {
        (Run, _simulator, Index) = (run, simulator, index);
        Timeline = new Timeline(run, simulator);
        Names = new HolderNames(Timeline, run.Log, index, WorkloadUsers.Of(run.Experiment));
    }

    public RecordedRun Run { get; }

    /// <summary>Says which blocks of the log may have what is looked for.</summary>
    public RunIndex Index { get; }

    /// <summary>The state at the moment.</summary>
    public Timeline Timeline { get; }

    /// <summary>Names of those who hold frames.</summary>
    public HolderNames Names { get; }

    /// <summary>The same run at a moment of its own, before the first event.</summary>
    public RunMoment Another() => new(Run, _simulator, Index) { Timeline = { Cancellation = Timeline.Cancellation } };

    /// <summary>A cursor over the log.</summary>
    public EventCursor Cursor() => Index.Cursor(Run.Log);

    /// <summary>Events in words, with the names of the moment.</summary>
    public EventLibrary Library() => new(Cursor(), Names);
}
