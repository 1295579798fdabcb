using System.Globalization;

namespace Sim.Host.Sweeps;

/// <summary>Draws the charts that a sweep asks for.</summary>
internal static class SweepChart
{
    /// <summary>A chart of a complete table.</summary>
    /// <exception cref="CommandException">No run has the figure.</exception>
    public static string Draw(SweepSettings sweep, SweepPlot plot, SweepTable table)
    {
        if (!table.Columns.Contains(plot.Y))
        {
            throw new CommandException(ExitCode.Configuration,
                $"The chart {plot.File} shows {plot.Y}, which no run counts.{Suggestion.For(plot.Y, table.Columns)} There are {string.Join(", ", table.Columns)}.");
        }
        int across = IndexOf(sweep, plot.X), lines = IndexOf(sweep, plot.Lines);
        string[] labels = [.. sweep.Axes[lines].Points.Select(p => p.Label)];
        return LineChart.Draw(
            plot.Title, plot.XLabel, plot.YLabel, plot.YMax,
            [.. labels.Where(l => plot.Only.Count == 0 || plot.Only.Contains(l)).Select(l => new ChartLine(
                l, plot.Dashed.Contains(l),
                [.. table.Rows.Where(r => r.Point.Labels[lines] == l && r.Figures.ContainsKey(plot.Y)).Select(r => (
                    double.Parse(r.Point.Labels[across], CultureInfo.InvariantCulture), (double)r.Figures[plot.Y] / plot.DivideBy))]))]);
    }

    private static int IndexOf(SweepSettings sweep, string axis) => sweep.Axes.ToList().FindIndex(a => a.Name == axis);
}
