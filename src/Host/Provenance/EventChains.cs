using Sim.Engine.Replay;
using Sim.Host.Index;

namespace Sim.Host.Provenance;

/// <summary>Events of a log that belong together by their causes.</summary>
internal static class EventChains
{
    /// <summary>Without a bound of one's own, effects are looked for so many events on.</summary>
    public const long EffectsWithin = 20_000_000;

    /// <summary>An event and what led to it, nearest first. Each is read by its sequence.</summary>
    /// <param name="cursor">Reads the log; stands at the event that is given.</param>
    /// <param name="sequence">The event; the log has it.</param>
    /// <returns>Sequences, one when it is asked for.</returns>
    public static IEnumerable<long> CausesOf(EventCursor cursor, long sequence)
    {
        for (long at = sequence; at >= 0; at = cursor.Header.Cause)
        {
            cursor.Seek(at);
            cursor.MoveNext();
            yield return at;
        }
    }
}

/// <summary>
/// An event and all that has it among its causes. Asked of every event from the first one on, in order; links of the chain
/// that are not to be shown are links all the same, so no block is passed over.
/// </summary>
/// <param name="first">The event.</param>
/// <param name="shown">Which of them are wanted.</param>
internal sealed class EffectsOf(long first, IEventCondition shown) : IEventCondition
{
    private readonly HashSet<long> _members = [first];

    /// <inheritdoc/>
    public bool Matches(EventCursor e)
    {
        if (_members.Contains(e.Header.Cause))
        {
            _members.Add(e.Header.Sequence);
        }
        return _members.Contains(e.Header.Sequence) && shown.Matches(e);
    }

    /// <inheritdoc/>
    public bool MayMatch(in BlockSummary block) => true;
}
