using System.Collections;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Sim.Engine.Time;

namespace Sim.Host.Experiments;

/// <summary>Writes settings records as JSON, every default included. Equal settings give equal bytes.</summary>
internal sealed class ConfigWriter(WorkloadRegistry workloads)
{
    /// <summary>For people and for running again: indented, in the order of declaration.</summary>
    public string Write(object record)
    {
        byte[] bytes = Write(record, identity: false, indented: true);
        return Encoding.UTF8.GetString(bytes) + "\n";
    }

    /// <summary>
    /// For the configuration hash: sorted keys, no blanks, without the settings outside identity, files by the hash of
    /// their content.
    /// </summary>
    /// <exception cref="ExperimentException">An input file cannot be read.</exception>
    public byte[] WriteIdentity(object record) => Write(record, identity: true, indented: false);

    private byte[] Write(object record, bool identity, bool indented)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions
        {
            Indented = indented,
            NewLine = "\n",
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        }))
        {
            WriteRecord(json, record, identity);
        }
        return stream.ToArray();
    }

    private void WriteRecord(Utf8JsonWriter json, object record, bool identity)
    {
        json.WriteStartObject();
        var members = new List<(string Key, Action Write)>();
        if (record is WorkloadOptions options)
        {
            members.Add(("type", () => json.WriteStringValue(workloads.Of(options).Name)));
        }
        foreach (Setting setting in SettingsType.Of(record.GetType()).Settings)
        {
            if (!identity || !setting.Attribute.OutsideIdentity)
            {
                object? value = setting.Property.GetValue(record);
                members.Add((setting.Key, () => WriteValue(json, value, identity)));
            }
        }
        foreach ((string key, Action write) in identity ? members.OrderBy(m => m.Key, StringComparer.Ordinal) : members.AsEnumerable())
        {
            json.WritePropertyName(key);
            write();
        }
        json.WriteEndObject();
    }

    private void WriteValue(Utf8JsonWriter json, object? value, bool identity)
    {
        switch (value)
        {
            case null:
                json.WriteNullValue();
                break;
            case bool flag:
                json.WriteBooleanValue(flag);
                break;
            case int or long:
                json.WriteNumberValue(Convert.ToInt64(value));
                break;
            case string text:
                json.WriteStringValue(text);
                break;
            case Enum choice:
                json.WriteStringValue(SettingNames.Of(choice));
                break;
            case ByteSize size:
                json.WriteStringValue(size.ToString());
                break;
            case SimTime time:
                json.WriteStringValue(TimeText(time));
                break;
            case InputFile file:
                json.WriteStringValue(identity ? file.ContentHash() : file.Path);
                break;
            case IEnumerable items:
                json.WriteStartArray();
                foreach (object? item in items)
                {
                    WriteValue(json, item, identity);
                }
                json.WriteEndArray();
                break;
            default:
                WriteRecord(json, value, identity);
                break;
        }
    }

    /// <summary>A whole number in the largest unit that loses nothing: <c>250us</c>.</summary>
    internal static string TimeText(SimTime time)
    {
        foreach ((long unit, string name) in (ReadOnlySpan<(long, string)>)
            [(1_000_000_000_000, "s"), (1_000_000_000, "ms"), (1_000_000, "us"), (1_000, "ns")])
        {
            if (time.Ps != 0 && time.Ps % unit == 0)
            {
                return $"{time.Ps / unit}{name}";
            }
        }
        return $"{time.Ps}ps";
    }
}
