using System.Globalization;
using System.Text;

namespace Sim.Engine.Events;

/// <summary>The text form of event fields: <c> name=value</c>, pfns and addresses in hexadecimal, enums by name.</summary>
public static class EventText
{
    public static void AppendInt32(StringBuilder text, EventDescriptor e, int field, long value) => AppendInt64(text, e, field, value);

    public static void AppendInt64(StringBuilder text, EventDescriptor e, int field, long value)
    {
        FieldDescriptor f = e.Fields[field];
        Name(text, f);
        if (f.Unit is "pfn" or "vpn" or "hash" or "hex")
        {
            text.Append("0x").Append(value.ToString("x", CultureInfo.InvariantCulture));
        }
        else
        {
            text.Append(value.ToString(CultureInfo.InvariantCulture));
        }
    }

    public static void AppendBool(StringBuilder text, EventDescriptor e, int field, bool value)
    {
        Name(text, e.Fields[field]);
        text.Append(value ? "true" : "false");
    }

    public static void AppendEnum(StringBuilder text, EventDescriptor e, int field, long value)
    {
        FieldDescriptor f = e.Fields[field];
        Name(text, f);
        text.Append(EnumName(f, value));
    }

    public static void AppendAddress(StringBuilder text, EventDescriptor e, int field, long value)
    {
        Name(text, e.Fields[field]);
        text.Append("0x").Append(value.ToString("x", CultureInfo.InvariantCulture));
    }

    public static void AppendSymbol(StringBuilder text, EventDescriptor e, int field, long value, SymbolTable symbols)
    {
        Name(text, e.Fields[field]);
        text.Append(symbols[(int)value]);
    }

    /// <summary>Name of an enum value; its number when it has none.</summary>
    public static string EnumName(FieldDescriptor field, long value) =>
        (ulong)value < (ulong)field.EnumNames.Length ? field.EnumNames[value] : value.ToString(CultureInfo.InvariantCulture);

    private static void Name(StringBuilder text, FieldDescriptor field) => text.Append(' ').Append(field.Column).Append('=');
}
