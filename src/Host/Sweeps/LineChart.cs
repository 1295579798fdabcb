using System.Globalization;
using System.Security;
using System.Text;

namespace Sim.Host.Sweeps;

/// <summary>A line of a chart.</summary>
/// <param name="Name">Its name, written at its end.</param>
/// <param name="Dashed">It is a bound or a reference rather than one of those compared: dashed, and without a hue.</param>
/// <param name="Points">Its points, in their order from left to right.</param>
public sealed record ChartLine(string Name, bool Dashed, IReadOnlyList<(double X, double Y)> Points);

/// <summary>
/// A line chart as SVG that follows the reader's choice of light or dark. Lines are named at their right end, so there is no legend to
/// look things up in; a value shows when the pointer rests on its mark.
/// </summary>
public static class LineChart
{
    private const double Width = 720, Height = 440, Left = 64, Right = 112, Top = 52, Bottom = 52;

    /// <summary>Least distance between two names, in units of the drawing.</summary>
    private const double NameDistance = 14;

    // Hues that keep apart for the colour-blind too, in a fixed order, on a light and on a dark ground.
    private static readonly string[] Light = ["#2a78d6", "#eb6834", "#1baf7a", "#eda100", "#e87ba4", "#008300", "#4a3aa7", "#e34948"];
    private static readonly string[] Dark = ["#3987e5", "#d95926", "#199e70", "#c98500", "#d55181", "#008300", "#9085e9", "#e66767"];

    /// <summary>Draws a chart.</summary>
    /// <param name="title">What it shows.</param>
    /// <param name="xLabel">Name of the axis across.</param>
    /// <param name="yLabel">Name of the upright axis.</param>
    /// <param name="yMax">Where the upright axis ends; 0 to fit.</param>
    /// <param name="lines">The lines; at most eight that are not dashed.</param>
    public static string Draw(string title, string xLabel, string yLabel, double yMax, IReadOnlyList<ChartLine> lines)
    {
        double[] xs = [.. lines.SelectMany(l => l.Points).Select(p => p.X).Distinct()];
        double first = xs.Length > 0 ? xs[0] : 0, last = xs.Length > 0 ? xs[^1] : 1;
        double step = NiceStep(yMax > 0 ? yMax : Math.Max(lines.SelectMany(l => l.Points).Select(p => p.Y).DefaultIfEmpty(1).Max(), double.Epsilon));
        double top = yMax > 0 ? yMax : step * Math.Ceiling(lines.SelectMany(l => l.Points).Select(p => p.Y).DefaultIfEmpty(1).Max() / step);
        top = top > 0 ? top : 1;
        double X(double x) => Left + ((Width - Left - Right) * (last == first ? 0.5 : (x - first) / (last - first)));
        double Y(double y) => Height - Bottom - ((Height - Top - Bottom) * Math.Min(y, top) / top);

        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {Height}\" role=\"img\" aria-label=\"{Text(title)}\">\n");
        Style(svg);
        svg.Append(CultureInfo.InvariantCulture, $"<rect class=\"ground\" width=\"{Width}\" height=\"{Height}\"/>\n");
        svg.Append(CultureInfo.InvariantCulture, $"<text class=\"title\" x=\"{Left}\" y=\"24\">{Text(title)}</text>\n");
        svg.Append(CultureInfo.InvariantCulture, $"<text class=\"quiet\" x=\"{Left}\" y=\"42\">{Text(yLabel)}</text>\n");
        for (double y = 0; y <= top * 1.0001; y += step)
        {
            svg.Append(CultureInfo.InvariantCulture, $"<line class=\"{(y == 0 ? "base" : "grid")}\" x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{Y(y):0.#}\" y2=\"{Y(y):0.#}\"/>");
            svg.Append(CultureInfo.InvariantCulture, $"<text class=\"quiet\" text-anchor=\"end\" x=\"{Left - 8}\" y=\"{Y(y) + 4:0.#}\">{y:#,0.##}</text>\n");
        }
        foreach (double x in xs)
        {
            svg.Append(CultureInfo.InvariantCulture, $"<text class=\"quiet\" text-anchor=\"middle\" x=\"{X(x):0.#}\" y=\"{Height - Bottom + 18}\">{x:0.##}</text>\n");
        }
        svg.Append(CultureInfo.InvariantCulture, $"<text class=\"quiet\" text-anchor=\"middle\" x=\"{(Left + Width - Right) / 2:0.#}\" y=\"{Height - 12}\">{Text(xLabel)}</text>\n");
        double[] names = NamePlaces([.. lines.Select(l => l.Points.Count > 0 ? Y(l.Points[^1].Y) : Height - Bottom)]);
        for (int i = 0, hue = 0; i < lines.Count; i++)
        {
            ChartLine line = lines[i];
            string style = line.Dashed ? "bound" : $"hue{hue++ % Light.Length}";
            svg.Append(CultureInfo.InvariantCulture, $"<g class=\"{style}\"><polyline points=\"{string.Join(' ', line.Points.Select(p => Pair(X(p.X), Y(p.Y))))}\"/>");
            foreach ((double x, double y) in line.Points)
            {
                svg.Append(CultureInfo.InvariantCulture, $"<circle cx=\"{X(x):0.#}\" cy=\"{Y(y):0.#}\" r=\"2.5\"><title>{Text(line.Name)}, {x:0.##}: {y:#,0.##}</title></circle>");
            }
            if (line.Points.Count > 0)
            {
                (double endX, double endY) = (X(line.Points[^1].X), Y(line.Points[^1].Y));
                svg.Append(CultureInfo.InvariantCulture, $"<path class=\"lead\" d=\"M{endX + 4:0.#} {endY:0.#}L{endX + 14:0.#} {names[i]:0.#}\"/>");
                svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{endX + 18:0.#}\" y=\"{names[i] + 4:0.#}\">{Text(line.Name)}</text>");
            }
            svg.Append("</g>\n");
        }
        return svg.Append("</svg>\n").ToString();
    }

    /// <summary>The distance of grid lines: 1, 2 or 5 times a power of ten, five or so to the axis.</summary>
    private static double NiceStep(double max)
    {
        double rough = max / 5, power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        double of = rough / power;
        return power * (of <= 1 ? 1 : of <= 2 ? 2 : of <= 5 ? 5 : 10);
    }

    /// <summary>Where the names go: as near the ends of their lines as they can be without touching.</summary>
    private static double[] NamePlaces(double[] ends)
    {
        int[] order = [.. Enumerable.Range(0, ends.Length).OrderBy(i => ends[i])];
        double[] places = [.. ends];
        // Names that touch form a block around the middle of their ends.
        var blocks = new List<(double Sum, int Count)>();
        foreach (int i in order)
        {
            blocks.Add((ends[i], 1));
            while (blocks.Count > 1)
            {
                (double sum, int count) = blocks[^1];
                (double sumBefore, int countBefore) = blocks[^2];
                if ((sumBefore / countBefore) + ((countBefore + count) / 2.0 * NameDistance) <= sum / count)
                {
                    break;
                }
                blocks.RemoveAt(blocks.Count - 1);
                blocks[^1] = (sumBefore + sum, countBefore + count);
            }
        }
        int at = 0;
        foreach ((double sum, int count) in blocks)
        {
            double place = Math.Max((sum / count) - ((count - 1) / 2.0 * NameDistance), Top);
            for (int i = 0; i < count; i++)
            {
                places[order[at++]] = place + (i * NameDistance);
            }
        }
        return places;
    }

    private static void Style(StringBuilder svg)
    {
        svg.Append("<style>text{font:12px system-ui,-apple-system,'Segoe UI',sans-serif;fill:var(--ink)}.title{font-size:15px;font-weight:600}"
            + "polyline{fill:none;stroke-width:2;stroke-linejoin:round}circle,.lead{stroke-width:1}.lead{fill:none;opacity:.5}"
            + ".bound polyline{stroke-dasharray:5 4}.ground{fill:var(--ground)}.grid{stroke:var(--grid)}.base{stroke:var(--quiet)}text.quiet{fill:var(--quiet)}"
            + "g{stroke:var(--line)}g circle{fill:var(--line);stroke:var(--ground)}g text{stroke:none}");
        svg.Append("svg{--ground:#fcfcfb;--ink:#0b0b0b;--quiet:#6b6a66;--grid:#e8e7e3}.bound{--line:#52514e}");
        Hues(svg, Light);
        svg.Append("@media(prefers-color-scheme:dark){svg{--ground:#1a1a19;--ink:#fff;--quiet:#a3a29c;--grid:#34332f}.bound{--line:#c3c2b7}");
        Hues(svg, Dark);
        svg.Append("}</style>\n");
    }

    private static void Hues(StringBuilder svg, string[] hues)
    {
        for (int i = 0; i < hues.Length; i++)
        {
            svg.Append(CultureInfo.InvariantCulture, $".hue{i}{{--line:{hues[i]}}}");
        }
    }

    private static string Pair(double x, double y) => string.Create(CultureInfo.InvariantCulture, $"{x:0.#},{y:0.#}");

    // XML has no way to write most control characters.
    private static string Text(string text) =>
        SecurityElement.Escape(string.Concat(text.EnumerateRunes().Select(r => r.Value is < ' ' or 0xFFFE or 0xFFFF ? " " : r.ToString())));
}
