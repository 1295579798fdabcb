using System.Text;
using System.Text.Json;
using Sim.Engine.Replay;
using Sim.Engine.Time;

namespace Sim.Host.Runs;

/// <summary>Prints the moment a timeline stands at: the last event applied, and the state hash after it.</summary>
internal sealed class MomentPrinter(TextWriter output, RecordedRun run, Timeline timeline, bool json)
{
    private readonly EventCursor _cursor = new(run.Log);

    public void Print()
    {
        bool any = timeline.Position >= 0;
        if (any)
        {
            _cursor.Seek(timeline.Position);
            _cursor.MoveNext();
        }
        string hash = timeline.State.StateHash().ToString("x16");
        output.WriteLine(json ? Json(any, hash) : Text(any, hash));
    }

    private string Text(bool any, string hash)
    {
        var text = new StringBuilder($"{new SimTime(timeline.TimePs)}  state {hash}  ");
        if (any)
        {
            _cursor.AppendText(text);
        }
        else
        {
            text.Append("before the first event");
        }
        return text.ToString();
    }

    private string Json(bool any, string hash)
    {
        using var bytes = new MemoryStream();
        using (var writer = new Utf8JsonWriter(bytes))
        {
            writer.WriteStartObject();
            writer.WriteNumber("sequence", timeline.Position);
            writer.WriteNumber("timePs", timeline.TimePs);
            writer.WriteString("stateHash", hash);
            writer.WritePropertyName("event");
            if (any)
            {
                _cursor.WriteJson(writer);
            }
            else
            {
                writer.WriteNullValue();
            }
            writer.WriteEndObject();
        }
        return Encoding.UTF8.GetString(bytes.ToArray());
    }
}
