using Sim.Engine.Log;
using Sim.Engine.Replay;

namespace Sim.Host.Provenance;

/// <summary>Which events of a log belong together by their causes.</summary>
internal interface IEventChain
{
    /// <summary>The events in the order to show them; null where they are found on the way through the log.</summary>
    IReadOnlyList<long>? Sequences { get; }

    /// <summary>True when the event a cursor stands at belongs to the chain; asked in the order of the log.</summary>
    bool Has(EventCursor cursor);
}

/// <summary>All of them.</summary>
internal sealed class EveryEvent : IEventChain
{
    public IReadOnlyList<long>? Sequences => null;

    public bool Has(EventCursor cursor) => true;
}

/// <summary>An event and what led to it, nearest first.</summary>
internal sealed class CausesOf : IEventChain
{
    /// <exception cref="CommandException">The log has no such event (exit code 2).</exception>
    public CausesOf(LogReader log, long sequence)
    {
        Chains.Require(log, "--cause-of", sequence);
        var chain = new List<long>();
        var cursor = new EventCursor(log);
        for (long at = sequence; at >= 0; at = cursor.Header.Cause)
        {
            cursor.Seek(at);
            cursor.MoveNext();
            chain.Add(at);
        }
        Sequences = chain;
    }

    public IReadOnlyList<long> Sequences { get; }

    public bool Has(EventCursor cursor) => Sequences.Contains(cursor.Header.Sequence);
}

/// <summary>An event and all that has it among its causes.</summary>
internal sealed class EffectsOf : IEventChain
{
    private readonly EventCursor _all;
    private readonly HashSet<long> _members;

    /// <exception cref="CommandException">The log has no such event (exit code 2).</exception>
    public EffectsOf(LogReader log, long sequence)
    {
        Chains.Require(log, "--effects-of", sequence);
        _members = [sequence];
        // Kinds that are not to be shown are links of the chain all the same.
        _all = new EventCursor(log);
        _all.Seek(sequence);
        _all.MoveNext();
    }

    public IReadOnlyList<long>? Sequences => null;

    public bool Has(EventCursor cursor)
    {
        while (_all.Header.Sequence < cursor.Header.Sequence && _all.MoveNext())
        {
            if (_members.Contains(_all.Header.Cause))
            {
                _members.Add(_all.Header.Sequence);
            }
        }
        return _members.Contains(cursor.Header.Sequence);
    }
}

/// <summary>What the chains have in common.</summary>
internal static class Chains
{
    public static void Require(LogReader log, string option, long sequence)
    {
        if (sequence > log.LastSequence)
        {
            throw new CommandException(ExitCode.Usage, $"{option} {sequence}: the log has the events 0 to {log.LastSequence}.");
        }
    }
}
