namespace Sim.Host.Experiments;

/// <summary>
/// Declares a property of a settings record as a key of the experiment file. The key is the property's name in
/// camelCase; the property's initial value is the default. Reading, defaults, ranges, the effective configuration, the
/// configuration hash and the JSON Schema all come from this one declaration.
/// </summary>
/// <param name="description">What it means and its unit, for people.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class SettingAttribute(string description) : Attribute
{
    public string Description { get; } = description;

    /// <summary>Least number, bytes or picoseconds.</summary>
    public long Min { get; init; } = long.MinValue;

    /// <summary>Greatest number, bytes or picoseconds.</summary>
    public long Max { get; init; } = long.MaxValue;

    /// <summary>The key must be there.</summary>
    public bool Required { get; init; }

    /// <summary>Least number of items of a list.</summary>
    public int MinItems { get; init; }

    /// <summary>Greatest number of items of a list.</summary>
    public int MaxItems { get; init; } = 100_000;

    /// <summary>Regular expression (of the kind JSON Schema and .NET share) that a string must match.</summary>
    public string? Pattern { get; init; }

    /// <summary>What matches the pattern, in words; null where the pattern says it best.</summary>
    public string? Expected { get; init; }

    /// <summary>True when the setting does not change what the simulated machine does, so it is no part of the configuration hash.</summary>
    public bool OutsideIdentity { get; init; }

    /// <summary>
    /// True when a branch may change the setting, or all of its section, in the middle of a run: it is policy or cost, read
    /// when it is needed, and shapes no state that is there already.
    /// </summary>
    public bool MidRun { get; init; }
}

/// <summary>Settings that can be wrong together although each is right alone.</summary>
public interface ICheckedSettings
{
    /// <summary>The first thing that cannot be, or null.</summary>
    SettingProblem? Check();
}

/// <summary>What is wrong with a record of settings.</summary>
/// <param name="Key">Key of the record, in camelCase, to which the message points.</param>
/// <param name="What">What is wrong and what would be right.</param>
public sealed record SettingProblem(string Key, string What);
