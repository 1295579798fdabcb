using System.Collections;
using System.Globalization;
using System.Text.RegularExpressions;
using Sim.Engine.Time;

namespace Sim.Host.Experiments;

/// <summary>Binds values to settings records: every key known, every value of the right type and in range.</summary>
internal sealed class ConfigBinder(ConfigText text, WorkloadRegistry workloads)
{
    /// <summary>Makes a record from an object; keys left out have their defaults.</summary>
    /// <exception cref="ExperimentException">Something in it is wrong.</exception>
    public object BindRecord(ConfigNode node, Type type, string path, string? discriminator = null)
    {
        if (node.Kind != ConfigKind.Object)
        {
            throw Problem(node, path, $"expected an object, found {node.Describe()}.");
        }
        SettingsType settings = SettingsType.Of(type);
        object record = settings.CreateDefault();
        foreach (ConfigMember member in node.Members)
        {
            if (member.Key == discriminator)
            {
                continue;
            }
            Setting setting = Array.Find(settings.Settings, s => s.Key == member.Key)
                ?? throw UnknownKey(member, settings, path, discriminator);
            setting.Property.SetValue(record, Bind(member.Value, setting, Join(path, setting.Key)));
        }
        foreach (Setting setting in settings.Settings)
        {
            if (setting.Attribute.Required && node[setting.Key] is null)
            {
                throw Problem(node, Join(path, setting.Key), $"is missing. {setting.Attribute.Description}");
            }
        }
        if (record is ICheckedSettings { } check && check.Check() is { } problem)
        {
            throw Problem(node[problem.Key] ?? node, Join(path, problem.Key), problem.What);
        }
        return record;
    }

    /// <summary>A place and a path before what is wrong there.</summary>
    public ExperimentException Problem(ConfigNode node, string path, string what) =>
        text.Problem(node.Place, path.Length == 0 ? what : $"{path}: {what}");

    private object? Bind(ConfigNode node, Setting setting, string path)
    {
        if (node.Kind == ConfigKind.Null || node is { Kind: ConfigKind.Raw, Text: "null" })
        {
            return setting.Nullable ? null : throw Problem(node, path, "may not be null; leave the key out to have the default.");
        }
        return setting.Shape == SettingShape.List
            ? BindList(node, setting, path)
            : BindValue(node, setting.Type, setting.Shape, setting.Attribute, path);
    }

    private object BindList(ConfigNode node, Setting setting, string path)
    {
        if (node.Kind != ConfigKind.Array)
        {
            throw Problem(node, path, $"expected a list, found {node.Describe()}.");
        }
        if (node.Items.Count < setting.Attribute.MinItems || node.Items.Count > setting.Attribute.MaxItems)
        {
            throw Problem(node, path,
                $"a list of {setting.Attribute.MinItems} to {setting.Attribute.MaxItems} items is wanted, this one has {node.Items.Count}.");
        }
        Type itemType = setting.ItemType;
        SettingShape shape = SettingsType.ShapeOf(itemType);
        var list = (IList)Activator.CreateInstance(typeof(List<>).MakeGenericType(itemType))!;
        for (int i = 0; i < node.Items.Count; i++)
        {
            list.Add(BindValue(node.Items[i], itemType, shape, setting.Attribute, $"{path}[{i}]"));
        }
        return list;
    }

    private object BindValue(ConfigNode node, Type type, SettingShape shape, SettingAttribute attribute, string path) => shape switch
    {
        SettingShape.Bool => node switch
        {
            { Kind: ConfigKind.True } or { Kind: ConfigKind.Raw, Text: "true" } => true,
            { Kind: ConfigKind.False } or { Kind: ConfigKind.Raw, Text: "false" } => false,
            _ => throw Problem(node, path, $"expected true or false, found {node.Describe()}."),
        },
        SettingShape.Integer => BindInteger(node, type, attribute, path),
        SettingShape.Text => BindText(node, attribute, path),
        SettingShape.Choice => BindChoice(node, type, path),
        SettingShape.Size => BindSize(node, attribute, path),
        SettingShape.Time => BindTime(node, attribute, path),
        SettingShape.File => BindFile(node, attribute, path),
        SettingShape.Workload => BindWorkload(node, path),
        _ => BindRecord(node, type, path),
    };

    private object BindInteger(ConfigNode node, Type type, SettingAttribute attribute, string path)
    {
        (long min, long max) = type == typeof(int)
            ? (Math.Max(attribute.Min, int.MinValue), Math.Min(attribute.Max, int.MaxValue))
            : (attribute.Min, attribute.Max);
        if (node.Kind is not (ConfigKind.Number or ConfigKind.Raw)
            || !Int128.TryParse(node.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out Int128 value))
        {
            throw Problem(node, path, $"expected a whole number, found {node.Describe()}.");
        }
        if (value < min || value > max)
        {
            throw Problem(node, path, $"{node.Text} is out of range; it must be {Range(min, max)}.");
        }
        return type == typeof(int) ? (object)(int)value : (long)value;
    }

    private string BindText(ConfigNode node, SettingAttribute attribute, string path)
    {
        if (node.Kind is not (ConfigKind.String or ConfigKind.Raw))
        {
            throw Problem(node, path, $"expected a string, found {node.Describe()}.");
        }
        if (attribute.Pattern is { } pattern && !Regex.IsMatch(node.Text, pattern, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1)))
        {
            throw Problem(node, path, attribute.Expected is { } expected ? $"expected {expected}, found {node.Describe()}." : $"{node.Describe()} does not match {pattern}.");
        }
        return node.Text;
    }

    private object BindChoice(ConfigNode node, Type type, string path)
    {
        (string Name, object Value)[] choices = SettingsType.ChoicesOf(type);
        string names = string.Join(", ", choices.Select(c => $"\"{c.Name}\""));
        if (node.Kind is not (ConfigKind.String or ConfigKind.Raw))
        {
            throw Problem(node, path, $"expected one of {names}; found {node.Describe()}.");
        }
        foreach ((string name, object value) in choices)
        {
            if (name == node.Text)
            {
                return value;
            }
        }
        throw Problem(node, path, $"{node.Describe()} is not one of {names}.{Suggestion.For(node.Text, choices.Select(c => c.Name))}");
    }

    private object BindSize(ConfigNode node, SettingAttribute attribute, string path)
    {
        if (node.Kind is not (ConfigKind.String or ConfigKind.Raw or ConfigKind.Number)
            || !ByteSize.TryParse(node.Text, out ByteSize size))
        {
            throw Problem(node, path, $"expected a size such as \"1GiB\", \"512MiB\" or a number of bytes; found {node.Describe()}.");
        }
        long min = Math.Max(attribute.Min, 0);
        if (size.Bytes < min || size.Bytes > attribute.Max)
        {
            string range = attribute.Max == long.MaxValue ? $"at least {new ByteSize(min)}" : $"{new ByteSize(min)} to {new ByteSize(attribute.Max)}";
            throw Problem(node, path, $"{node.Text} is out of range; it must be {range}.");
        }
        return size;
    }

    private object BindTime(ConfigNode node, SettingAttribute attribute, string path)
    {
        bool tooLate = false;
        SimTime time = default;
        if (node.Kind is not (ConfigKind.String or ConfigKind.Raw) || !SimTime.TryParse(node.Text, out time, out tooLate))
        {
            if (tooLate)
            {
                throw Problem(node, path, $"{node.Text} is out of range; simulated time ends after {SimTime.MaxValue}, 106 days.");
            }
            throw Problem(node, path, $"expected a time with its unit (ps, ns, us, ms, s), such as \"10s\" or \"250us\"; found {node.Describe()}.");
        }
        long min = Math.Max(attribute.Min, 0);
        if (time.Ps < min || time.Ps > attribute.Max)
        {
            string range = attribute.Max == long.MaxValue ? $"at least {new SimTime(min)}" : $"{new SimTime(min)} to {new SimTime(attribute.Max)}";
            throw Problem(node, path, $"{node.Text} is out of range; it must be {range}.");
        }
        return time;
    }

    private object BindFile(ConfigNode node, SettingAttribute attribute, string path)
    {
        string name = BindText(node, attribute, path);
        if (name.Length == 0 || name.Contains('\0'))
        {
            throw Problem(node, path, "expected the path of a file.");
        }
        string folder = node.Place.Option is null ? Path.GetDirectoryName(Path.GetFullPath(text.Name))! : Directory.GetCurrentDirectory();
        return new InputFile(Path.GetFullPath(name, folder));
    }

    private object BindWorkload(ConfigNode node, string path)
    {
        if (node.Kind != ConfigKind.Object)
        {
            throw Problem(node, path, $"expected an object with a \"type\", found {node.Describe()}.");
        }
        string names = string.Join(", ", workloads.Types.Select(t => $"\"{t.Name}\""));
        if (node["type"] is not { } type)
        {
            throw Problem(node, Join(path, "type"), $"is missing; it is one of {names}.");
        }
        if (type.Kind is not (ConfigKind.String or ConfigKind.Raw) || workloads.Find(type.Text) is not { } workload)
        {
            throw Problem(type, Join(path, "type"),
                $"{type.Describe()} is not a workload; it is one of {names}.{Suggestion.For(type.Text, workloads.Types.Select(t => t.Name))}");
        }
        return BindRecord(node, workload.OptionsType, path, "type");
    }

    private ExperimentException UnknownKey(ConfigMember member, SettingsType settings, string path, string? discriminator)
    {
        IEnumerable<string> known = settings.Settings.Select(s => s.Key);
        known = discriminator is null ? known : known.Prepend(discriminator);
        string shown = new ConfigNode(ConfigKind.String, member.Place, member.Key).Describe()["the string ".Length..].Trim('"');
        string full = Join(path, shown);
        string advice = Suggestion.Nearest(member.Key, known) is { } near
            ? $" Did you mean {Join(path, near)}?"
            : $" Known here: {string.Join(", ", known)}.";
        return text.Problem(member.Place, $"{full}: there is no such key.{advice}");
    }

    private static string Join(string path, string key) => path.Length == 0 ? key : $"{path}.{key}";

    private static string Range(long min, long max) =>
        max == long.MaxValue ? (min == long.MinValue ? "a 64-bit number" : $"at least {min}") : min == long.MinValue ? $"at most {max}" : $"{min} to {max}";
}
