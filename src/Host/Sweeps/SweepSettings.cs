using Sim.Host.Experiments;

namespace Sim.Host.Sweeps;

/// <summary>A sweep: one experiment, run once for every combination of values.</summary>
public sealed record SweepSettings : ICheckedSettings
{
    [Setting("Name of the sweep and of its directory. Default: the name of the file.", Pattern = Experiments.Experiment.NamePattern)]
    public string? Name { get; init; }

    [Setting("The experiment; relative to this file.", Required = true)]
    public InputFile Experiment { get; init; }

    [Setting("Settings of all runs, each as path=value.")]
    public IReadOnlyList<string> Set { get; init; } = [];

    [Setting("What varies. Every combination is a run; the last one varies fastest.", Required = true, MinItems = 1, MaxItems = 4)]
    public IReadOnlyList<SweepAxis> Axes { get; init; } = [];

    [Setting("Charts of the results.", MaxItems = 100)]
    public IReadOnlyList<SweepPlot> Plots { get; init; } = [];

    /// <summary>Columns that the results of every sweep have.</summary>
    private static readonly string[] OwnColumns = ["run", "simulatedPs", "events"];

    public SettingProblem? Check()
    {
        string[] names = [.. Axes.Select(a => a.Name)];
        if (names.Distinct().Count() < names.Length)
        {
            return new SettingProblem("axes", "two axes have the same name.");
        }
        if (Axes.GroupBy(a => a.Place).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            return new SettingProblem("axes", $"two axes vary {twice.Key}, of which the last would win.");
        }
        if (names.FirstOrDefault(OwnColumns.Contains) is { } taken)
        {
            return new SettingProblem("axes", $"an axis may not be called \"{taken}\": the results have a column of that name.");
        }
        if (Set.FirstOrDefault(s => s.IndexOf('=') <= 0) is { } wrong)
        {
            return new SettingProblem("set", $"\"{wrong}\": expected path=value, such as \"machine.memory=2GiB\".");
        }
        foreach (SweepPlot plot in Plots)
        {
            foreach (string axis in (string[])[plot.X, plot.Lines])
            {
                if (!names.Contains(axis))
                {
                    return new SettingProblem("plots", $"there is no axis \"{axis}\"; the axes are {string.Join(", ", names)}.");
                }
            }
            if (plot.X == plot.Lines || Axes.Any(a => a.Name != plot.X && a.Name != plot.Lines && a.Values.Count > 1))
            {
                return new SettingProblem("plots", "a chart has one axis across and another as its lines; no third one may vary.");
            }
            if (Axes.First(a => a.Name == plot.X).Points.FirstOrDefault(p => !double.TryParse(p.Label, System.Globalization.CultureInfo.InvariantCulture, out double number) || !double.IsFinite(number)).Label is { } word)
            {
                return new SettingProblem("plots", $"the labels of the axis across have to be numbers, \"{word}\" is none.");
            }
            string[] labels = [.. Axes.First(a => a.Name == plot.Lines).Points.Select(p => p.Label)];
            if (plot.Only.Concat(plot.Dashed).FirstOrDefault(o => !labels.Contains(o)) is { } unknown)
            {
                return new SettingProblem("plots",
                    $"the chart {plot.File} names the line \"{unknown}\".{Suggestion.For(unknown, labels)} The lines are {string.Join(", ", labels)}.");
            }
        }
        return Plots.GroupBy(p => p.File).FirstOrDefault(g => g.Count() > 1) is { } same
            ? new SettingProblem("plots", $"two charts have the file {same.Key}.")
            : null;
    }
}

/// <summary>A setting that varies.</summary>
public sealed record SweepAxis : ICheckedSettings
{
    [Setting("Name of its column in the results.", Required = true, Pattern = "^[A-Za-z][A-Za-z0-9]{0,31}$")]
    public string Name { get; init; } = "";

    [Setting("The setting, such as kernel.memcg.max.", Required = true, Pattern = "^[^=\\s]+$", Expected = "a setting, such as kernel.memcg.max")]
    public string Path { get; init; } = "";

    [Setting("Its values, as after --set path=.", Required = true, MinItems = 1, MaxItems = 10_000)]
    public IReadOnlyList<string> Values { get; init; } = [];

    [Setting("What the values are called in results and charts; empty for the values themselves.")]
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>The values with their labels.</summary>
    public IEnumerable<(string Value, string Label)> Points => Values.Select((v, i) => (v, Labels.Count > 0 ? Labels[i] : v));

    /// <summary>The setting written in one way, for "workload[0].visits" is "workload.0.visits".</summary>
    internal string Place => Path.Replace("[", ".", StringComparison.Ordinal).Replace("]", "", StringComparison.Ordinal);

    public SettingProblem? Check() =>
        Labels.Count > 0 && Labels.Count != Values.Count
            ? new SettingProblem("labels", $"there are {Labels.Count} labels for {Values.Count} values.")
        : Points.Select(p => p.Label).Distinct().Count() < Values.Count ? new SettingProblem("values", "two values have the same label.")
        : Points.FirstOrDefault(p => p.Label.Any(char.IsControl)).Label is { } label ? new SettingProblem("values", $"the label \"{string.Concat(label.Select(c => char.IsControl(c) ? '·' : c))}\" has a control character.")
        : null;
}

/// <summary>A chart: a figure of the runs over one axis, a line for each value of another.</summary>
public sealed record SweepPlot
{
    [Setting("Name of the file.", Required = true, Pattern = @"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\.svg$")]
    public string File { get; init; } = "";

    [Setting("Its title.")]
    public string Title { get; init; } = "";

    [Setting("Name of the axis across, in the order of its values from left to right.", Required = true)]
    public string X { get; init; } = "";

    [Setting("What the axis across shows.")]
    public string XLabel { get; init; } = "";

    [Setting("Name of the axis that gives the lines.", Required = true)]
    public string Lines { get; init; } = "";

    [Setting("Lines to show; empty for all.")]
    public IReadOnlyList<string> Only { get; init; } = [];

    [Setting("Lines to be dashed.")]
    public IReadOnlyList<string> Dashed { get; init; } = [];

    [Setting("The figure: a column of the results.", Required = true)]
    public string Y { get; init; } = "";

    [Setting("What the figure is.")]
    public string YLabel { get; init; } = "";

    [Setting("The figure is divided by this before it is drawn.", Min = 1)]
    public long DivideBy { get; init; } = 1;

    [Setting("Where the upright axis ends, after the division; 0 to fit. What is above is cut off.", Min = 0)]
    public long YMax { get; init; }
}
