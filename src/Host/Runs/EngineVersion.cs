namespace Sim.Host.Runs;

/// <summary>
/// The behaviour version: raised by hand whenever the same experiment and seed give another log than before. It is
/// not a commit and not a release.
/// </summary>
public static class EngineVersion
{
    public const int Current = 5;

    /// <summary>As the log's header has it.</summary>
    public static string Text => Current.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
