namespace Sim.Host.Experiments;

/// <summary>What a value of the experiment file is, before it is bound to a setting.</summary>
public enum ConfigKind
{
    Object,
    Array,
    String,
    Number,
    True,
    False,
    Null,

    /// <summary>The text after <c>--set path=</c>: becomes whatever the setting wants.</summary>
    Raw,
}

/// <summary>A value of the experiment file that knows where it stands.</summary>
public sealed class ConfigNode(ConfigKind kind, ConfigPlace place, string text = "")
{
    public ConfigKind Kind { get; } = kind;

    /// <summary>Where it was written.</summary>
    public ConfigPlace Place { get; } = place;

    /// <summary>Content of a string, digits of a number, text of a raw value.</summary>
    public string Text { get; } = text;

    /// <summary>Members of an object, in the order of the file; the place of a member is that of its key.</summary>
    public List<ConfigMember> Members { get; } = [];

    /// <summary>Items of an array.</summary>
    public List<ConfigNode> Items { get; } = [];

    /// <summary>The member with a key, or null.</summary>
    public ConfigNode? this[string key]
    {
        get
        {
            foreach (ConfigMember member in Members)
            {
                if (member.Key == key)
                {
                    return member.Value;
                }
            }
            return null;
        }
    }

    /// <summary>Adds a member or replaces its value.</summary>
    public void Put(string key, ConfigNode value)
    {
        int index = Members.FindIndex(m => m.Key == key);
        var member = new ConfigMember(key, value.Place, value);
        if (index < 0)
        {
            Members.Add(member);
        }
        else
        {
            Members[index] = member;
        }
    }

    /// <summary>How a message calls it.</summary>
    public string Describe() => Kind switch
    {
        ConfigKind.Object => "an object",
        ConfigKind.Array => "a list",
        ConfigKind.String => $"the string \"{Short(Text)}\"",
        ConfigKind.Number => $"the number {Short(Text)}",
        ConfigKind.True => "true",
        ConfigKind.False => "false",
        ConfigKind.Null => "null",
        _ => $"\"{Short(Text)}\"",
    };

    private static string Short(string text)
    {
        string head = text.Length <= 60 ? text : text[..60] + "…";
        return new string([.. head.Select(c => char.IsControl(c) ? '·' : c)]);
    }
}

/// <summary>A member of an object.</summary>
public readonly record struct ConfigMember(string Key, ConfigPlace Place, ConfigNode Value);

/// <summary>Where a value was written: a byte of the file, or the option on the command line.</summary>
/// <param name="Offset">Byte in the file; -1 when it is not from a file.</param>
/// <param name="Option">The option as given, such as <c>--set machine.cpus=4</c>; null when from the file.</param>
public readonly record struct ConfigPlace(long Offset, string? Option = null);
