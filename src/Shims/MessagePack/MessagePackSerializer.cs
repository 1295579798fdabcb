using System.Buffers;
using System.Globalization;

namespace MessagePack;

/// <summary>A view of MessagePack for people: the same value as JSON text.</summary>
public static class MessagePackSerializer
{
    /// <summary>
    /// The first value of <paramref name="bytes"/> as JSON. Binary data becomes a string in base 64, a timestamp one in ISO 8601, another
    /// extension an array of its type and its bytes in base 64; numbers that JSON does not have (NaN, the infinities) become strings. A key
    /// that is no string becomes one: of its JSON, or, if it is composed, of its MessagePack in base 64. No bytes at all give no text.
    /// </summary>
    /// <exception cref="MessagePackSerializationException">The bytes are not MessagePack, or nested too deeply; the inner exception tells.</exception>
    public static string ConvertToJson(ReadOnlyMemory<byte> bytes) => ConvertToJson(new ReadOnlySequence<byte>(bytes));

    /// <inheritdoc cref="ConvertToJson(ReadOnlyMemory{byte})"/>
    public static string ConvertToJson(in ReadOnlySequence<byte> bytes)
    {
        using StringWriter json = new(CultureInfo.InvariantCulture);
        MessagePackReader reader = new(bytes);
        ConvertToJson(ref reader, json);
        return json.ToString();
    }

    /// <inheritdoc cref="ConvertToJson(ReadOnlyMemory{byte})"/>
    /// <remarks>Reads one value and leaves <paramref name="reader"/> behind it.</remarks>
    public static void ConvertToJson(ref MessagePackReader reader, TextWriter jsonWriter)
    {
        if (reader.End)
        {
            return;
        }

        try
        {
            WriteValue(ref reader, jsonWriter);
        }
        catch (Exception exception) when (exception is MessagePackSerializationException or EndOfStreamException or InsufficientExecutionStackException)
        {
            throw new MessagePackSerializationException($"The MessagePack value cannot be shown as JSON: {exception.Message}", exception);
        }
    }

    private static void WriteValue(ref MessagePackReader reader, TextWriter json)
    {
        switch (reader.NextMessagePackType)
        {
            case MessagePackType.Nil:
                reader.ReadNil();
                json.Write("null");
                break;
            case MessagePackType.Boolean:
                json.Write(reader.ReadBoolean() ? "true" : "false");
                break;
            case MessagePackType.Integer when reader.NextCode == MessagePackCode.UInt64:
                json.Write(reader.ReadUInt64().ToString(CultureInfo.InvariantCulture));
                break;
            case MessagePackType.Integer:
                json.Write(reader.ReadInt64().ToString(CultureInfo.InvariantCulture));
                break;
            case MessagePackType.Float when reader.NextCode == MessagePackCode.Float32:
                float single = reader.ReadSingle();
                WriteNumber(single.ToString("R", CultureInfo.InvariantCulture), float.IsFinite(single), json);
                break;
            case MessagePackType.Float:
                double number = reader.ReadDouble();
                WriteNumber(number.ToString("R", CultureInfo.InvariantCulture), double.IsFinite(number), json);
                break;
            case MessagePackType.String:
                WriteString(reader.ReadString(), json);
                break;
            case MessagePackType.Binary:
                WriteBase64(reader.ReadBytes().GetValueOrDefault(), json);
                break;
            case MessagePackType.Array:
                WriteArray(ref reader, json);
                break;
            case MessagePackType.Map:
                WriteMap(ref reader, json);
                break;
            case MessagePackType.Extension:
                WriteExtension(ref reader, json);
                break;
            default:
                Throw.UnexpectedCode(reader.NextCode, "a value", reader.Consumed);
                break;
        }
    }

    private static void WriteArray(ref MessagePackReader reader, TextWriter json)
    {
        int count = reader.ReadArrayHeader();
        MessagePackSecurity.UntrustedData.DepthStep(ref reader);
        json.Write('[');
        for (int i = 0; i < count; i++)
        {
            if (i > 0)
            {
                json.Write(',');
            }

            WriteValue(ref reader, json);
        }

        json.Write(']');
        reader.Depth--;
    }

    private static void WriteMap(ref MessagePackReader reader, TextWriter json)
    {
        int count = reader.ReadMapHeader();
        MessagePackSecurity.UntrustedData.DepthStep(ref reader);
        json.Write('{');
        for (int i = 0; i < count; i++)
        {
            if (i > 0)
            {
                json.Write(',');
            }

            WriteKey(ref reader, json);
            json.Write(':');
            WriteValue(ref reader, json);
        }

        json.Write('}');
        reader.Depth--;
    }

    private static void WriteKey(ref MessagePackReader reader, TextWriter json)
    {
        switch (reader.NextMessagePackType)
        {
            case MessagePackType.String or MessagePackType.Binary:
                WriteValue(ref reader, json);
                break;
            case MessagePackType.Array or MessagePackType.Map or MessagePackType.Extension:
                // JSON within JSON within JSON would double its escapes at every level.
                WriteBase64(reader.ReadRaw(), json);
                break;
            default:
                using (StringWriter key = new(CultureInfo.InvariantCulture))
                {
                    WriteValue(ref reader, key);
                    WriteString(key.ToString().Trim('"'), json);
                }

                break;
        }
    }

    private static void WriteExtension(ref MessagePackReader reader, TextWriter json)
    {
        ExtensionHeader header = reader.ReadExtensionFormatHeader();
        if (header.TypeCode == ReservedMessagePackExtensionTypeCode.DateTime)
        {
            json.Write('"');
            json.Write(reader.ReadDateTime(header).ToString("O", CultureInfo.InvariantCulture));
            json.Write('"');
            return;
        }

        json.Write('[');
        json.Write(header.TypeCode.ToString(CultureInfo.InvariantCulture));
        json.Write(',');
        WriteBase64(reader.ReadRaw(header.Length), json);
        json.Write(']');
    }

    private static void WriteNumber(string text, bool isFinite, TextWriter json) => json.Write(isFinite ? text : $"\"{text}\"");

    private static void WriteBase64(in ReadOnlySequence<byte> bytes, TextWriter json)
    {
        json.Write('"');
        json.Write(Convert.ToBase64String(bytes.ToArray()));
        json.Write('"');
    }

    private static void WriteString(string? value, TextWriter json)
    {
        json.Write('"');
        foreach (char c in value ?? "")
        {
            switch (c)
            {
                case '"' or '\\':
                    json.Write('\\');
                    json.Write(c);
                    break;
                case '\b':
                    json.Write("\\b");
                    break;
                case '\f':
                    json.Write("\\f");
                    break;
                case '\n':
                    json.Write("\\n");
                    break;
                case '\r':
                    json.Write("\\r");
                    break;
                case '\t':
                    json.Write("\\t");
                    break;
                case < ' ':
                    json.Write($"\\u{(int)c:x4}");
                    break;
                default:
                    json.Write(c);
                    break;
            }
        }

        json.Write('"');
    }
}
