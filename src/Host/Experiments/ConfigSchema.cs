using System.Text.Json;
using System.Text.Json.Nodes;
using Sim.Engine.Time;

namespace Sim.Host.Experiments;

/// <summary>The JSON Schema (draft 2020-12) of experiment files, from the same declarations that read them.</summary>
public static class ConfigSchema
{
    private const string TimePattern = "^[0-9]+(\\.[0-9]+)? ?(ps|ns|us|ms|s)$";

    /// <summary>The schema's text, indented, with a final newline.</summary>
    public static string Generate(WorkloadRegistry workloads)
    {
        JsonObject schema = RecordSchema(new Experiment(), workloads);
        schema.Insert(0, "$schema", "https://json-schema.org/draft/2020-12/schema");
        schema.Insert(1, "title", "Experiment");
        ((JsonObject)schema["properties"]!).Insert(0, "$schema", new JsonObject { ["type"] = "string", ["description"] = "Address of this schema, for editors." });
        return schema.ToJsonString(new JsonSerializerOptions
        {
            WriteIndented = true,
            NewLine = "\n",
            Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        }) + "\n";
    }

    private static JsonObject RecordSchema(object defaults, WorkloadRegistry workloads, WorkloadType? workload = null)
    {
        var properties = new JsonObject();
        var required = new JsonArray();
        if (workload is not null)
        {
            properties["type"] = new JsonObject { ["const"] = workload.Name };
            required.Add("type");
        }
        foreach (Setting setting in SettingsType.Of(defaults.GetType()).Settings)
        {
            object? value = setting.Property.GetValue(defaults);
            JsonObject property = setting.Shape == SettingShape.List
                ? ListSchema(setting, workloads)
                : ValueSchema(setting.Type, setting.Shape, setting.Attribute, value, workloads);
            property.Insert(0, "description", Describe(setting));
            if (setting.Nullable)
            {
                property = new JsonObject { ["description"] = Describe(setting), ["anyOf"] = new JsonArray(property, new JsonObject { ["type"] = "null" }) };
                ((JsonObject)property["anyOf"]![0]!).Remove("description");
            }
            if (setting.Attribute.Required)
            {
                required.Add(setting.Key);
            }
            else if (setting.Shape is not (SettingShape.Record or SettingShape.List))
            {
                property["default"] = Default(value);
            }
            properties[setting.Key] = property;
        }
        var schema = new JsonObject { ["type"] = "object", ["properties"] = properties, ["additionalProperties"] = false };
        if (required.Count > 0)
        {
            schema["required"] = required;
        }
        return schema;
    }

    private static JsonObject ListSchema(Setting setting, WorkloadRegistry workloads)
    {
        Type item = setting.ItemType;
        var schema = new JsonObject
        {
            ["type"] = "array",
            ["items"] = ValueSchema(item, SettingsType.ShapeOf(item), setting.Attribute, null, workloads),
        };
        if (setting.Attribute.MinItems > 0)
        {
            schema["minItems"] = setting.Attribute.MinItems;
        }
        schema["maxItems"] = setting.Attribute.MaxItems;
        return schema;
    }

    private static JsonObject ValueSchema(Type type, SettingShape shape, SettingAttribute attribute, object? value, WorkloadRegistry workloads)
    {
        switch (shape)
        {
            case SettingShape.Bool:
                return new JsonObject { ["type"] = "boolean" };
            case SettingShape.Integer:
                var integer = new JsonObject { ["type"] = "integer" };
                if (attribute.Min != long.MinValue)
                {
                    integer["minimum"] = attribute.Min;
                }
                if (attribute.Max != long.MaxValue)
                {
                    integer["maximum"] = attribute.Max;
                }
                return integer;
            case SettingShape.Text or SettingShape.File:
                var text = new JsonObject { ["type"] = "string" };
                if (attribute.Pattern is not null)
                {
                    text["pattern"] = attribute.Pattern;
                }
                return text;
            case SettingShape.Choice:
                return new JsonObject { ["enum"] = new JsonArray([.. SettingsType.ChoicesOf(type).Select(c => (JsonNode)c.Name)]) };
            case SettingShape.Size:
                return new JsonObject { ["type"] = new JsonArray("string", "integer"), ["pattern"] = ByteSize.Pattern, ["minimum"] = Math.Max(0, attribute.Min) };
            case SettingShape.Time:
                return new JsonObject { ["type"] = "string", ["pattern"] = TimePattern };
            case SettingShape.Workload:
                return new JsonObject
                {
                    ["oneOf"] = new JsonArray([.. workloads.Types.Select(t =>
                    {
                        JsonObject one = RecordSchema(SettingsType.Of(t.OptionsType).CreateDefault(), workloads, t);
                        one.Insert(0, "description", t.Description);
                        return (JsonNode)one;
                    })]),
                };
            default:
                return RecordSchema(value ?? SettingsType.Of(type).CreateDefault(), workloads);
        }
    }

    private static string Describe(Setting setting) => setting.Attribute.MidRun
        ? $"{setting.Attribute.Description} A branch may change {(setting.Shape == SettingShape.Record ? "all of it" : "it")}."
        : setting.Attribute.Description;

    private static JsonNode? Default(object? value) => value switch
    {
        null => null,
        bool flag => flag,
        int number => number,
        long number => number,
        Enum choice => SettingNames.Of(choice),
        SimTime time => ConfigWriter.TimeText(time),
        _ => value.ToString(),
    };
}
