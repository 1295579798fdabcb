using Sim.Host.Debugger.Expressions;

namespace Sim.Host.Debugger;

/// <summary>A place to stop at: an event that an expression means, or a change of what is watched.</summary>
/// <param name="Number">Its number, for <c>delete</c>.</param>
/// <param name="Condition">The expression of a breakpoint; null for a watchpoint.</param>
/// <param name="Watch">What a watchpoint watches; null for a breakpoint.</param>
internal sealed record StopPoint(int Number, EventCondition? Condition, Watch? Watch)
{
    /// <summary>As <c>info</c> shows it.</summary>
    public override string ToString() => Condition is null ? $"watch {Watch!.Target}" : $"break on {Condition.Text}";
}

/// <summary>The places to stop at.</summary>
internal sealed class StopPoints
{
    private readonly List<StopPoint> _points = [];
    private int _last;

    /// <summary>All, by number.</summary>
    public IReadOnlyList<StopPoint> All => _points;

    /// <summary>Adds a breakpoint.</summary>
    public StopPoint Add(EventCondition condition) => Add(new StopPoint(++_last, condition, null));

    /// <summary>Adds a watchpoint; one that watches the same already stays the one.</summary>
    public StopPoint Add(Watch watch) =>
        _points.Find(p => p.Watch?.Target == watch.Target) ?? Add(new StopPoint(++_last, null, watch));

    /// <summary>Removes one.</summary>
    /// <exception cref="CommandException">There is none with the number (exit code 2).</exception>
    public StopPoint Delete(long number)
    {
        StopPoint point = _points.Find(p => p.Number == number)
            ?? throw new CommandException(ExitCode.Usage, $"delete {number}: there is no such breakpoint or watchpoint. \"info\" lists them.");
        _points.Remove(point);
        return point;
    }

    private StopPoint Add(StopPoint point)
    {
        _points.Add(point);
        return point;
    }
}
