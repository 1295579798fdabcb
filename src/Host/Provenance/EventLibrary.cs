using Sim.Engine.Log;
using Sim.Engine.Replay;
using Sim.Host.Runs;

namespace Sim.Host.Provenance;

/// <summary>Events of a log by sequence, and the chains of causes that lead to them.</summary>
internal sealed class EventLibrary : IDisposable
{
    /// <summary>How far before an event its request's other steps are looked for: a refill of the kernel's largest batch with its steals.</summary>
    private const int NearEvents = 64;

    /// <summary>No longer chain is shown; a log that a fault has bent back on itself has one without end.</summary>
    private const int MaxCauses = 64;

    private readonly EventCursor _cursor;
    private readonly EventLine _json = new(json: true);
    private readonly HolderNames _names;
    private readonly Dictionary<long, LoggedEvent> _events = [];
    private long _at = -1;

    public EventLibrary(EventCursor cursor, HolderNames names) => (_cursor, _names) = (cursor, names);

    /// <summary>Reads events, those of their neighbourhoods and all their causes.</summary>
    public void Read(IEnumerable<long> sequences)
    {
        long[] wanted = [.. sequences.Where(s => s >= 0 && !_events.ContainsKey(s)).Distinct().Order()];
        while (wanted.Length > 0)
        {
            foreach (long sequence in wanted)
            {
                One(sequence);
            }
            wanted = [.. wanted.Where(_events.ContainsKey).Select(s => _events[s].Cause).Where(c => c >= 0 && !_events.ContainsKey(c)).Distinct().Order()];
        }
    }

    /// <summary>An event.</summary>
    public LoggedEvent this[long sequence]
    {
        get
        {
            Read([sequence]);
            return _events[sequence];
        }
    }

    /// <summary>What led to an event, nearest first.</summary>
    public IReadOnlyList<LoggedEvent> CausesOf(LoggedEvent e)
    {
        var causes = new List<LoggedEvent>();
        for (long cause = e.Cause; cause >= 0 && causes.Count < MaxCauses; cause = causes[^1].Cause)
        {
            causes.Add(this[cause]);
        }
        return causes;
    }

    /// <summary>What else the lists went through for the request that an allocation answers: refills and steals before it, its own split after it.</summary>
    public IReadOnlyList<LoggedEvent> StepsOf(LoggedEvent allocation)
    {
        var steps = new List<LoggedEvent>();
        for (long s = Math.Max(allocation.Cause + 1, allocation.Sequence - NearEvents); s <= allocation.Sequence + 1; s++)
        {
            if (s != allocation.Sequence && TryOne(s) is { } e && e.Name is "pcp.refill" or "buddy.steal" or "buddy.split"
                && e.Cause == (s > allocation.Sequence ? allocation.Sequence : allocation.Cause))
            {
                steps.Add(e);
            }
            else if (s < allocation.Sequence && _events.TryGetValue(s, out LoggedEvent? other) && other.Name is "page.alloc" or "page.alloc_failed")
            {
                // An earlier request of the same cause: its steps are not this one's.
                steps.Clear();
            }
        }
        return steps;
    }

    public void Dispose() => _json.Dispose();

    private void One(long sequence)
    {
        if (TryOne(sequence) is null)
        {
            throw new CorruptLogException($"event {sequence} is named as a cause and is not there");
        }
    }

    private LoggedEvent? TryOne(long sequence)
    {
        if (_events.TryGetValue(sequence, out LoggedEvent? known))
        {
            return known;
        }
        // A seek reads its block anew, so neighbours are walked to.
        if (_at < 0 || sequence <= _at || sequence - _at > 4096)
        {
            _cursor.Seek(sequence);
            _at = sequence - 1;
        }
        while (_at < sequence)
        {
            if (!_cursor.MoveNext())
            {
                _at = -1;
                return null;
            }
            _at = _cursor.Header.Sequence;
        }
        return _events[sequence] = LoggedEvent.Of(_cursor, _json, _names);
    }
}
