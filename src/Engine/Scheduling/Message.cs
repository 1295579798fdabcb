namespace Sim.Engine.Scheduling;

/// <summary>
/// A pending message between components: data, not a closure, so that the queue is part of a snapshot.
/// 56 bytes, blittable. Total order: time, then priority (lower first), then sequence (first scheduled first).
/// </summary>
public struct Message
{
    /// <summary>When it is due, in picoseconds of simulated time.</summary>
    public long TimePs;

    /// <summary>Scheduling order, unique per run; given by the scheduler.</summary>
    public long Sequence;

    /// <summary>Sequence of the logged event that led to this message; -1 for none.</summary>
    public long Cause;

    /// <summary>First payload word; its meaning belongs to <see cref="Kind"/>.</summary>
    public long A;

    /// <summary>Second payload word.</summary>
    public long B;

    /// <summary>Third payload word.</summary>
    public long C;

    /// <summary>Lower runs first among messages due at the same instant.</summary>
    public int Priority;

    /// <summary>Index of the component it is for.</summary>
    public ushort Target;

    /// <summary>What it asks for; numbered by the target component.</summary>
    public ushort Kind;

    /// <summary>Stands for no message: all zero.</summary>
    public static readonly Message None;

    /// <summary>True when <paramref name="a"/> is due before <paramref name="b"/> in the total order.</summary>
    public static bool IsBefore(in Message a, in Message b) =>
        a.TimePs != b.TimePs ? a.TimePs < b.TimePs
        : a.Priority != b.Priority ? a.Priority < b.Priority
        : a.Sequence < b.Sequence;
}
