using Sim.Engine.Replay;
using Sim.Host.Index;
using Sim.Host.Provenance;
using Sim.Host.Runs;

namespace Sim.Host.Debugger;

/// <summary>What the commands of the debugger work on: a run, the moment it stands at, and what was asked to be stopped at.</summary>
internal sealed class DebugContext
{
    public DebugContext(RunMoment at)
    {
        At = at;
        Search = new EventSearch(at.Run.Log, at.Index);
        Cursor = at.Cursor();
        Moment = new MomentPrinter(at.Timeline, Cursor);
    }

    /// <summary>The run and the moment.</summary>
    public RunMoment At { get; }

    public RecordedRun Run => At.Run;

    /// <summary>The state at the present position.</summary>
    public Timeline Timeline => At.Timeline;

    /// <summary>Names of those who hold frames.</summary>
    public HolderNames Names => At.Names;

    /// <summary>Finds events.</summary>
    public EventSearch Search { get; }

    /// <summary>Words for the present position.</summary>
    public MomentPrinter Moment { get; }

    /// <summary>Reads single events.</summary>
    public EventCursor Cursor { get; }

    /// <summary>Breakpoints and watchpoints.</summary>
    public StopPoints Stops { get; } = new();

    /// <summary>Stops the command under way.</summary>
    public CancellationToken Cancellation
    {
        get => Timeline.Cancellation;
        set => Timeline.Cancellation = value;
    }

    /// <summary>Goes somewhere; comes back when that fails, or is interrupted.</summary>
    public T Travel<T>(Func<T> journey)
    {
        long home = Timeline.Position;
        try
        {
            return journey();
        }
        catch
        {
            // The way home is not interrupted.
            Timeline.Watcher = null;
            Timeline.Cancellation = CancellationToken.None;
            Timeline.GoTo(home);
            throw;
        }
    }

    /// <summary>The answer of a command that has gone somewhere.</summary>
    public Answer Here() => new(Moment.Text, Moment.Json);
}
