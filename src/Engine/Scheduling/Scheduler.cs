using System.Runtime.CompilerServices;

namespace Sim.Engine.Scheduling;

/// <summary>
/// The discrete-event scheduler: hands due messages to components, one at a time, in a total order (time, priority,
/// sequence). Allocates nothing per message. Not thread-safe.
/// </summary>
public sealed class Scheduler(IEventQueue queue)
{
    private readonly List<IComponent> _components = [];
    private long _nextSequence;

    /// <summary>Simulated time of the dispatch under way, in picoseconds.</summary>
    public long NowPs { get; private set; }

    /// <summary>Messages dispatched so far.</summary>
    public long Dispatched { get; private set; }

    /// <summary>Messages waiting to be dispatched.</summary>
    public int Pending => queue.Count;

    /// <summary>Due time of the next message, in picoseconds; <see cref="long.MaxValue"/> when none is pending.</summary>
    public long NextTimePs => queue.NextTimePs;

    /// <summary>Makes a component a target of messages; returns its index. Order of registration is part of the behaviour.</summary>
    public ushort Register(IComponent component)
    {
        _components.Add(component);
        return checked((ushort)(_components.Count - 1));
    }

    /// <inheritdoc cref="IEventQueue.EndPs"/>
    public long EndPs => queue.EndPs;

    /// <summary>Schedules a message for an instant that is not in the past. A sum that is out of range is an instant that never comes.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="timePs"/> is before <see cref="NowPs"/>.</exception>
    [SkipLocalsInit]
    public void Schedule(long timePs, ushort target, ushort kind, long cause, long a = 0, long b = 0, long c = 0, int priority = 0)
    {
        Message message;
        message.TimePs = timePs >= NowPs ? timePs : Never(timePs);
        message.Sequence = _nextSequence++;
        message.Cause = cause;
        message.A = a;
        message.B = b;
        message.C = c;
        message.Priority = priority;
        message.Target = target;
        message.Kind = kind;
        queue.Enqueue(in message);
    }

    /// <summary>Dispatches the next message if it is due at or before <paramref name="untilPs"/>; false when there is none.</summary>
    [SkipLocalsInit]
    public bool Step(long untilPs = long.MaxValue)
    {
        if (!queue.TryDequeue(untilPs, out Message message))
        {
            return false;
        }
        NowPs = message.TimePs;
        Dispatched++;
        _components[message.Target].Handle(in message);
        return true;
    }

    /// <inheritdoc cref="IEventQueue.Foreseen"/>
    public ref readonly Message Foreseen => ref queue.Foreseen;

    // A sum of an instant and a duration that is out of range is negative, and after the end of time.
    private long Never(long timePs) => timePs < 0
        ? long.MaxValue
        : throw new ArgumentOutOfRangeException(nameof(timePs), timePs, $"A message cannot be scheduled before now ({NowPs} ps).");
}
