using System.Globalization;

namespace Sim.Compare;

/// <summary>One line of the comparison: a figure of ours, the limit or bound it is held to, and whether it holds.</summary>
/// <param name="What">What was measured.</param>
/// <param name="Unit">What is counted.</param>
/// <param name="Value">Ours, in units per CPU-second or a plain amount.</param>
/// <param name="Against">The limit's name, or empty for an absolute bound.</param>
/// <param name="Limit">The limit's figure in the same run; 1 for an absolute bound.</param>
/// <param name="Target">Least ratio to the limit; negative: its absolute value is the greatest that holds.</param>
internal readonly record struct Figure(string What, string Unit, double Value, string Against, double Limit, double Target)
{
    public double Ratio => Value / Limit;

    public bool Holds => Target >= 0 ? Ratio >= Target : Ratio <= -Target;

    public string Text
    {
        get
        {
            string sign = Target >= 0 ? "≥" : "≤";
            string versus = Against.Length == 0
                ? $"target {sign} {Number(Math.Abs(Target))}"
                : $"{Against} {Number(Limit)}, ratio {Ratio.ToString("0.00", CultureInfo.InvariantCulture)}, target {sign} {Math.Abs(Target).ToString("0.##", CultureInfo.InvariantCulture)}";
            return $"{(Holds ? "ok  " : "MISS")} {What}: {Number(Value)} {Unit}; {versus}";
        }
    }

    private static string Number(double value) => value >= 1e5
        ? (value / 1e6).ToString("0.00", CultureInfo.InvariantCulture) + " M"
        : value.ToString("0.##", CultureInfo.InvariantCulture);
}
