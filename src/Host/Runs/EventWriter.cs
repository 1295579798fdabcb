using System.Text;
using System.Text.Json;
using Sim.Engine.Events;
using Sim.Engine.Time;

namespace Sim.Host.Runs;

/// <summary>Events as text lines or JSON Lines.</summary>
public sealed class EventWriter(TextWriter output)
{
    private readonly StringBuilder _line = new();
    private readonly MemoryStream _bytes = new();

    /// <summary><c>1234  1.5 us  page.alloc pfn=0x400 order=0 cause=1233</c>.</summary>
    public void WriteText(LoggedEvent e)
    {
        _line.Clear().Append(e.Sequence).Append("  ").Append(new SimTime(e.TimePs)).Append("  ").Append(e.Descriptor.Name);
        for (int i = 0; i < e.Descriptor.Fields.Length; i++)
        {
            AppendText(e, i);
        }
        if (e.Cause >= 0)
        {
            _line.Append("  cause=").Append(e.Cause);
        }
        output.WriteLine(_line);
    }

    /// <summary><c>{"sequence":…,"timePs":…,"kind":…,"cause":…,"fields":{…}}</c>.</summary>
    public void WriteJson(LoggedEvent e)
    {
        _bytes.SetLength(0);
        using (var json = new Utf8JsonWriter(_bytes))
        {
            json.WriteStartObject();
            json.WriteNumber("sequence", e.Sequence);
            json.WriteNumber("timePs", e.TimePs);
            json.WriteString("kind", e.Descriptor.Name);
            json.WriteNumber("cause", e.Cause);
            json.WriteStartObject("fields");
            for (int i = 0; i < e.Descriptor.Fields.Length; i++)
            {
                WriteField(json, e, i);
            }
            json.WriteEndObject();
            json.WriteEndObject();
        }
        output.WriteLine(Encoding.UTF8.GetString(_bytes.GetBuffer().AsSpan(0, (int)_bytes.Length)));
    }

    private void AppendText(LoggedEvent e, int field)
    {
        long value = e.Values[field];
        switch (e.Descriptor.Fields[field].Type)
        {
            case FieldType.Bool:
                EventText.AppendBool(_line, e.Descriptor, field, value != 0);
                break;
            case FieldType.Enum:
                EventText.AppendEnum(_line, e.Descriptor, field, value);
                break;
            case FieldType.Address:
                EventText.AppendAddress(_line, e.Descriptor, field, value);
                break;
            case FieldType.Symbol:
                EventText.AppendSymbol(_line, e.Descriptor, field, value, e.Symbols);
                break;
            default:
                EventText.AppendInt64(_line, e.Descriptor, field, value);
                break;
        }
    }

    private static void WriteField(Utf8JsonWriter json, LoggedEvent e, int index)
    {
        FieldDescriptor field = e.Descriptor.Fields[index];
        long value = e.Values[index];
        json.WritePropertyName(JsonNamingPolicy.CamelCase.ConvertName(field.Name));
        switch (field.Type)
        {
            case FieldType.Bool:
                json.WriteBooleanValue(value != 0);
                break;
            case FieldType.Enum:
                json.WriteStringValue(EventText.EnumName(field, value));
                break;
            case FieldType.Address:
                json.WriteStringValue($"0x{value:x}");
                break;
            case FieldType.Symbol:
                json.WriteStringValue(e.Symbols[(int)value]);
                break;
            case FieldType.Int32 or FieldType.Int64 when field.Unit is "hash":
                json.WriteStringValue($"{value:x16}");
                break;
            default:
                json.WriteNumberValue(value);
                break;
        }
    }
}
