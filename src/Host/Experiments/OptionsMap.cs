using System.Reflection;
using Sim.Kernel.Mm;
using Sim.Kernel.Swap;

namespace Sim.Host.Experiments;

/// <summary>
/// Copies settings onto the options record they stand for, property by property of the same name. Sizes become bytes,
/// and enums go by the names of their values.
/// </summary>
internal static class OptionsMap
{
    /// <summary>Options with the values of a settings record; every setting must have its option.</summary>
    public static TOptions To<TOptions>(object settings) where TOptions : class, new()
    {
        var options = new TOptions();
        foreach (Setting setting in SettingsType.Of(settings.GetType()).Settings)
        {
            PropertyInfo option = typeof(TOptions).GetProperty(setting.Property.Name)
                ?? throw new InvalidOperationException($"{typeof(TOptions).Name} has no {setting.Property.Name}.");
            option.SetValue(options, Convert(setting.Property.GetValue(settings), option.PropertyType));
        }
        return options;
    }

    private static object? Convert(object? value, Type type) => value switch
    {
        ByteSize size => size.Bytes,
        Enum choice when choice.GetType() != type => Enum.Parse(Nullable.GetUnderlyingType(type) ?? type, choice.ToString()),
        string text when type == typeof(KernelVersion) && KernelVersion.TryParse(text, out KernelVersion version) => version,
        IReadOnlyList<SwapAreaSettings> areas => areas.Select(To<SwapAreaOptions>).ToArray(),
        _ => value,
    };
}
