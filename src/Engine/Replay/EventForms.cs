using System.Globalization;
using System.Text;
using System.Text.Json;
using Sim.Engine.Events;

namespace Sim.Engine.Replay;

/// <summary>The text and JSON forms of the event a cursor stands at.</summary>
internal static class EventForms
{
    public static void AppendText(EventCursor cursor, StringBuilder text)
    {
        EventDescriptor e = cursor.Descriptor;
        text.Append(CultureInfo.InvariantCulture, $"{cursor.Header.Sequence} {cursor.Header.TimePs} {e.Name}");
        if (e.Kind == SymbolEvent.Kind)
        {
            text.Append(CultureInfo.InvariantCulture, $" id={cursor.Values[0]} name={cursor.SymbolName}");
        }
        else
        {
            AppendFields(cursor, text);
        }
        if (cursor.Header.Cause >= 0)
        {
            text.Append(CultureInfo.InvariantCulture, $" cause={cursor.Header.Cause}");
        }
    }

    public static void WriteJson(EventCursor cursor, Utf8JsonWriter json)
    {
        EventDescriptor e = cursor.Descriptor;
        json.WriteStartObject();
        json.WriteNumber("sequence"u8, cursor.Header.Sequence);
        json.WriteNumber("timePs"u8, cursor.Header.TimePs);
        if (cursor.Header.Cause < 0)
        {
            json.WriteNull("cause"u8);
        }
        else
        {
            json.WriteNumber("cause"u8, cursor.Header.Cause);
        }
        json.WriteString("event"u8, e.Name);
        json.WriteStartObject("fields"u8);
        for (int i = 0; i < cursor.Values.Length; i++)
        {
            WriteField(cursor, e.Fields[i], cursor.Values[i], json);
        }
        if (e.Kind == SymbolEvent.Kind)
        {
            json.WriteString("name"u8, cursor.SymbolName);
        }
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void AppendFields(EventCursor cursor, StringBuilder text)
    {
        EventDescriptor e = cursor.Descriptor;
        for (int i = 0; i < cursor.Values.Length; i++)
        {
            long value = cursor.Values[i];
            switch (e.Fields[i].Type)
            {
                case FieldType.Bool:
                    EventText.AppendBool(text, e, i, value != 0);
                    break;
                case FieldType.Enum:
                    EventText.AppendEnum(text, e, i, value);
                    break;
                case FieldType.Address:
                    EventText.AppendAddress(text, e, i, value);
                    break;
                case FieldType.Symbol:
                    text.Append(' ').Append(e.Fields[i].Column).Append('=').Append(cursor.Symbol(value));
                    break;
                default:
                    EventText.AppendInt64(text, e, i, value);
                    break;
            }
        }
    }

    private static void WriteField(EventCursor cursor, FieldDescriptor field, long value, Utf8JsonWriter json)
    {
        switch (field.Type)
        {
            case FieldType.Bool:
                json.WriteBoolean(field.Column, value != 0);
                break;
            case FieldType.Enum:
                json.WriteString(field.Column, EventText.EnumName(field, value));
                break;
            case FieldType.Symbol:
                json.WriteString(field.Column, cursor.Symbol(value));
                break;
            case FieldType.Address:
            case FieldType.Int64 when field.Unit is "hash" or "hex":
                json.WriteString(field.Column, "0x" + value.ToString("x", CultureInfo.InvariantCulture));
                break;
            default:
                json.WriteNumber(field.Column, value);
                break;
        }
    }
}
