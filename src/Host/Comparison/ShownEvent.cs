using System.Text.Json.Nodes;
using Sim.Engine.Events;
using Sim.Engine.Log;
using Sim.Engine.Replay;
using Sim.Host.Runs;

namespace Sim.Host.Comparison;

/// <summary>An event of a log as the commands print it.</summary>
/// <param name="Sequence">Its number.</param>
/// <param name="TimePs">When, in picoseconds.</param>
/// <param name="Text">As <c>events</c> prints it.</param>
/// <param name="Json">As <c>events --json</c> prints it.</param>
public sealed record ShownEvent(long Sequence, long TimePs, string Text, JsonNode Json)
{
    /// <summary>No longer chain of causes is shown.</summary>
    private const int MostCauses = 32;

    /// <summary>Events of a log by sequence.</summary>
    internal static List<ShownEvent> Read(LogReader log, IEnumerable<long> sequences)
    {
        var cursor = new EventCursor(log);
        using EventLine text = new(json: false), json = new(json: true);
        var events = new List<ShownEvent>();
        foreach (long sequence in sequences)
        {
            events.Add(One(cursor, sequence, text, json));
        }
        return events;
    }

    /// <summary>An event and what led to it, nearest first.</summary>
    internal static List<ShownEvent> ReadChain(LogReader log, long sequence)
    {
        var cursor = new EventCursor(log);
        using EventLine text = new(json: false), json = new(json: true);
        var chain = new List<ShownEvent>();
        for (long at = sequence; at >= 0 && chain.Count <= MostCauses; at = cursor.Header.Cause)
        {
            chain.Add(One(cursor, at, text, json));
        }
        return chain;
    }

    private static ShownEvent One(EventCursor cursor, long sequence, EventLine text, EventLine json)
    {
        cursor.Seek(sequence);
        cursor.MoveNext();
        EventHeader header = cursor.Header;
        return new ShownEvent(header.Sequence, header.TimePs, text.Of(cursor), JsonNode.Parse(json.Of(cursor))!);
    }
}
