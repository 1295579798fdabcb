using System.Collections.Concurrent;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using Sim.Engine.Time;

namespace Sim.Host.Experiments;

/// <summary>What kind of JSON value a setting takes.</summary>
internal enum SettingShape
{
    Bool,
    Integer,
    Text,
    Choice,
    Size,
    Time,
    File,
    List,
    Record,
    Workload,
}

/// <summary>One key of a settings record.</summary>
/// <param name="Key">In camelCase.</param>
/// <param name="Type">The property's type without <c>Nullable</c>.</param>
/// <param name="Nullable">May be null or left out without a default.</param>
internal sealed record Setting(string Key, PropertyInfo Property, Type Type, bool Nullable, SettingShape Shape, SettingAttribute Attribute)
{
    /// <summary>Type of a list's items.</summary>
    public Type ItemType => Type.GetGenericArguments()[0];
}

/// <summary>The keys of a settings record, in the order of declaration; found once per type.</summary>
internal sealed class SettingsType
{
    private static readonly ConcurrentDictionary<Type, SettingsType> Known = new();
    private static readonly NullabilityInfoContext Nullability = new();

    private SettingsType(Type type)
    {
        Type = type;
        var settings = new List<Setting>();
        foreach (PropertyInfo property in type.GetProperties().OrderBy(p => p.MetadataToken))
        {
            if (property.GetCustomAttribute<SettingAttribute>() is { } attribute)
            {
                Type bare = System.Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
                bool nullable = bare != property.PropertyType;
                lock (Nullability)
                {
                    nullable |= !bare.IsValueType && Nullability.Create(property).ReadState == NullabilityState.Nullable;
                }
                settings.Add(new Setting(
                    JsonNamingPolicy.CamelCase.ConvertName(property.Name), property, bare, nullable, ShapeOf(bare), attribute));
            }
        }
        Settings = [.. settings];
    }

    public Type Type { get; }

    public Setting[] Settings { get; }

    public static SettingsType Of(Type type) => Known.GetOrAdd(type, static t => new SettingsType(t));

    /// <summary>A record whose settings have their defaults.</summary>
    public object CreateDefault() => Activator.CreateInstance(Type)!;

    public static SettingShape ShapeOf(Type type) =>
        type == typeof(bool) ? SettingShape.Bool
        : type == typeof(int) || type == typeof(long) ? SettingShape.Integer
        : type == typeof(string) ? SettingShape.Text
        : type.IsEnum ? SettingShape.Choice
        : type == typeof(ByteSize) ? SettingShape.Size
        : type == typeof(SimTime) ? SettingShape.Time
        : type == typeof(InputFile) ? SettingShape.File
        : type == typeof(WorkloadOptions) ? SettingShape.Workload
        : type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) ? SettingShape.List
        : type.IsClass ? SettingShape.Record
        : throw new NotSupportedException($"A setting cannot have the type {type}.");

    /// <summary>The names of an enum's values in the experiment file: the given name, else camelCase.</summary>
    public static (string Name, object Value)[] ChoicesOf(Type type) =>
    [
        .. type.GetFields(BindingFlags.Public | BindingFlags.Static).OrderBy(f => f.MetadataToken).Select(f => (
            f.GetCustomAttribute<JsonStringEnumMemberNameAttribute>()?.Name ?? JsonNamingPolicy.CamelCase.ConvertName(f.Name),
            f.GetValue(null)!)),
    ];
}
