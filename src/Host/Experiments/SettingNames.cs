namespace Sim.Host.Experiments;

/// <summary>Values of settings as the experiment file writes them.</summary>
public static class SettingNames
{
    /// <summary>The name of a choice, such as <c>i386-classic</c>.</summary>
    public static string Of(Enum choice) =>
        Array.Find(SettingsType.ChoicesOf(choice.GetType()), c => c.Value.Equals(choice)).Name;
}
