using System.Globalization;
using Sim.Host.Experiments;

namespace Sim.Host.Sweeps;

/// <summary>One run of a sweep.</summary>
/// <param name="Index">Its number, from 0.</param>
/// <param name="Labels">The label of its value on each axis.</param>
/// <param name="Overrides">What is set for it.</param>
public sealed record SweepPoint(int Index, IReadOnlyList<string> Labels, IReadOnlyList<ConfigOverride> Overrides)
{
    /// <summary>Name of its run directory among the sweep's.</summary>
    public string Folder => Index.ToString("d5", CultureInfo.InvariantCulture);

    /// <summary>All points, the last axis varying fastest.</summary>
    public static IReadOnlyList<SweepPoint> Of(SweepSettings sweep)
    {
        ConfigOverride[] common = [.. sweep.Set.Select(ConfigOverride.Parse)];
        List<(string[] Labels, ConfigOverride[] Overrides)> combinations = [([], common)];
        foreach (SweepAxis axis in sweep.Axes)
        {
            combinations = [.. combinations.SelectMany(c => axis.Points.Select(
                p => ((string[])[.. c.Labels, p.Label], (ConfigOverride[])[.. c.Overrides, ConfigOverride.Parse($"{axis.Path}={p.Value}")])))];
        }
        return [.. combinations.Select((c, i) => new SweepPoint(i, c.Labels, c.Overrides))];
    }
}
