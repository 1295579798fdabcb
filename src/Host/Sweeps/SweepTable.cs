using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Sim.Host.Sweeps;

/// <summary>The results of a sweep: a row for each run, with its labels and its figures.</summary>
public sealed class SweepTable
{
    private readonly string[] _axes;
    private readonly List<(SweepPoint Point, IReadOnlyDictionary<string, long> Figures)> _rows = [];
    private readonly List<string> _columns = [];

    /// <param name="sweep">The sweep.</param>
    public SweepTable(SweepSettings sweep) => _axes = [.. sweep.Axes.Select(a => a.Name)];

    /// <summary>Names of the figures.</summary>
    public IReadOnlyList<string> Columns => _columns;

    /// <summary>The rows, by the number of their run.</summary>
    public IEnumerable<(SweepPoint Point, IReadOnlyDictionary<string, long> Figures)> Rows => _rows;

    /// <summary>Adds a run.</summary>
    public void Add(SweepPoint point, IReadOnlyDictionary<string, long> figures)
    {
        _rows.Add((point, figures));
        _columns.AddRange(figures.Keys.Except(_columns));
    }

    /// <summary>Comma-separated values with a header; a figure that a run has not is empty.</summary>
    public string ToCsv()
    {
        var text = new StringBuilder();
        text.Append(string.Join(',', ["run", .. _axes, .. _columns])).Append('\n');
        foreach ((SweepPoint point, IReadOnlyDictionary<string, long> figures) in _rows)
        {
            IEnumerable<string> values = _columns.Select(c => figures.TryGetValue(c, out long v) ? v.ToString(CultureInfo.InvariantCulture) : "");
            text.Append(string.Join(',', [point.Folder, .. point.Labels.Select(Quoted), .. values])).Append('\n');
        }
        return text.ToString();
    }

    /// <summary>The same as an array of objects: <c>run</c>, <c>axes</c>, <c>figures</c>.</summary>
    public string ToJson() => JsonSerializer.Serialize(
        _rows.Select(r => new
        {
            run = r.Point.Folder,
            axes = _axes.Zip(r.Point.Labels).ToDictionary(a => a.First, a => a.Second),
            figures = r.Figures,
        }),
        HostJson.Indented) + "\n";

    private static string Quoted(string label) =>
        label.AsSpan().IndexOfAny(",\"\n\r") < 0 ? label : $"\"{label.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
