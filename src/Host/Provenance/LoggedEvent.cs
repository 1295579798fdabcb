using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Sim.Engine.Events;
using Sim.Engine.Replay;
using Sim.Engine.Time;
using Sim.Host.Runs;
using Sim.Kernel.Zones;

namespace Sim.Host.Provenance;

/// <summary>An event read from a log, to be shown.</summary>
/// <param name="Sequence">Its number.</param>
/// <param name="TimePs">When.</param>
/// <param name="Cause">What led to it; -1 for nothing.</param>
/// <param name="Name">Its kind.</param>
/// <param name="Text">Its fields in words.</param>
/// <param name="Json">The event as <c>events --json</c> has it.</param>
internal sealed record LoggedEvent(long Sequence, long TimePs, long Cause, string Name, string Text, JsonNode Json)
{
    /// <summary>The event a cursor stands at.</summary>
    public static LoggedEvent Of(EventCursor cursor, EventLine json, HolderNames names)
    {
        var text = new StringBuilder();
        // A slab cache asks for frames because of a request to it; a workload's user asks of itself.
        EventDescriptor e = cursor.Descriptor;
        for (int i = 0; i < cursor.Values.Length && e.Kind != SymbolEvent.Kind; i++)
        {
            FieldDescriptor field = e.Fields[i];
            long value = cursor.Values[i];
            text.Append(text.Length > 0 ? " " : "").Append(field.Column).Append('=').Append(field.Type switch
            {
                FieldType.Bool => value != 0 ? "true" : "false",
                FieldType.Enum => EventText.EnumName(field, value),
                FieldType.Symbol => cursor.Symbol(value),
                FieldType.Address => FrameText.Hex(value),
                _ when field.Name == "Gfp" => GfpNames.Format((GfpFlags)value),
                _ when field.Unit == "pid" => names.Of((int)value, cursor.Header.Cause >= 0),
                _ when field.Unit is "pfn" or "hex" or "hash" => FrameText.Hex(value),
                _ => value.ToString(CultureInfo.InvariantCulture),
            });
        }
        return new LoggedEvent(cursor.Header.Sequence, cursor.Header.TimePs, cursor.Header.Cause, e.Name, text.ToString(), JsonNode.Parse(json.Of(cursor))!);
    }

    /// <summary>One line, without its time.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Name} {Text} (event {Sequence}, {new SimTime(TimePs)})");
}
