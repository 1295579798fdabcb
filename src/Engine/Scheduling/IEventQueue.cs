using Sim.Engine.Time;

namespace Sim.Engine.Scheduling;

/// <summary>
/// The pending messages in their total order (<see cref="Message.IsBefore"/>). Every implementation gives the same
/// order, so the choice of queue never shows in a log. Not thread-safe.
/// </summary>
public interface IEventQueue
{
    /// <summary>Number of pending messages.</summary>
    int Count { get; }

    /// <summary>Where simulated time ends, in picoseconds: what is due then or later is taken, and may not be handed out.</summary>
    long EndPs => SimTime.End.Ps;

    /// <summary>Adds a message. It must not be due before the last message dequeued.</summary>
    void Enqueue(in Message message);

    /// <summary>Removes the first message of the order; false when none is due at or before <paramref name="untilPs"/>.</summary>
    bool TryDequeue(long untilPs, out Message message);

    /// <summary>Due time of the first message, in picoseconds; <see cref="long.MaxValue"/> when none is pending.</summary>
    long NextTimePs { get; }

    /// <summary>
    /// The message that will probably be the first, for whoever can make ready for it; <see cref="Message.None"/> when none
    /// is known. Another one may come before it. Valid until the queue changes.
    /// </summary>
    ref readonly Message Foreseen => ref Message.None;

    /// <summary>Copies all pending messages, in their total order, for a snapshot.</summary>
    Message[] ToArray();
}
