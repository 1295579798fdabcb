using System.Text;
using System.Text.Json.Nodes;
using Sim.Engine.Replay;
using Sim.Engine.Time;
using Sim.Host.Runs;

namespace Sim.Host.Debugger;

/// <summary>The moment a timeline stands at in words: the last event applied, and the state hash after it.</summary>
/// <param name="timeline">The timeline.</param>
/// <param name="cursor">Reads the event.</param>
internal sealed class MomentPrinter(Timeline timeline, EventCursor cursor)
{
    private readonly EventLine _json = new(json: true);

    /// <summary>One line.</summary>
    public string Text()
    {
        var text = new StringBuilder($"{new SimTime(timeline.TimePs)}  state {Hash()}  ");
        if (Seek())
        {
            cursor.AppendText(text);
        }
        else
        {
            text.Append("before the first event");
        }
        return text.ToString();
    }

    /// <summary>The same as an object: <c>sequence, timePs, stateHash, event</c>.</summary>
    public JsonObject Json() => new()
    {
        ["sequence"] = timeline.Position,
        ["timePs"] = timeline.TimePs,
        ["stateHash"] = Hash(),
        ["event"] = Seek() ? JsonNode.Parse(_json.Of(cursor)) : null,
    };

    private string Hash() => timeline.State.StateHash().ToString("x16");

    private bool Seek()
    {
        if (timeline.Position < 0)
        {
            return false;
        }
        cursor.Seek(timeline.Position);
        return cursor.MoveNext();
    }
}
