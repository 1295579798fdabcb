using System.Globalization;

namespace Sim.Engine.Time;

/// <summary>
/// An instant or a span of simulated time: a whole number of picoseconds, so that a DDR4-2400 clock (2,500/3 ps) and a
/// week-long experiment share one unit. <c>default</c> is the start of the run. Range: ±106 days. Not wall-clock time.
/// </summary>
/// <param name="Ps">Picoseconds.</param>
public readonly record struct SimTime(long Ps) : IComparable<SimTime>
{
    /// <summary>The start of a run.</summary>
    public static SimTime Zero => default;

    /// <summary>The greatest instant, 106 days in; also used as "never".</summary>
    public static SimTime MaxValue => new(long.MaxValue);

    /// <summary>
    /// Where a run ends in any case, 104 days in. A CPU's clock is ahead of the run's, and what is due after a while is due after that;
    /// up to here these sums stay in range.
    /// </summary>
    public static SimTime End => new(9_000_000_000_000_000_000);

    public static SimTime FromNs(long ns) => new(checked(ns * 1_000));
    public static SimTime FromUs(long us) => new(checked(us * 1_000_000));
    public static SimTime FromMs(long ms) => new(checked(ms * 1_000_000_000));
    public static SimTime FromSeconds(long s) => new(checked(s * 1_000_000_000_000));

    public static SimTime operator +(SimTime a, SimTime b) => new(checked(a.Ps + b.Ps));
    public static SimTime operator -(SimTime a, SimTime b) => new(checked(a.Ps - b.Ps));
    public static bool operator <(SimTime a, SimTime b) => a.Ps < b.Ps;
    public static bool operator >(SimTime a, SimTime b) => a.Ps > b.Ps;
    public static bool operator <=(SimTime a, SimTime b) => a.Ps <= b.Ps;
    public static bool operator >=(SimTime a, SimTime b) => a.Ps >= b.Ps;

    public int CompareTo(SimTime other) => Ps.CompareTo(other.Ps);

    /// <summary>The largest unit in which the value reads easily: <c>1.5 ms</c>, <c>417 ps</c>.</summary>
    public override string ToString()
    {
        ReadOnlySpan<(long Unit, string Name)> units =
            [(1_000_000_000_000, "s"), (1_000_000_000, "ms"), (1_000_000, "us"), (1_000, "ns")];
        foreach (var (unit, name) in units)
        {
            if (Ps >= unit || Ps <= -unit)
            {
                return ((decimal)Ps / unit).ToString("0.###", CultureInfo.InvariantCulture) + " " + name;
            }
        }
        return Ps.ToString(CultureInfo.InvariantCulture) + " ps";
    }

    /// <summary>
    /// Reads a decimal number with a unit (<c>ps ns us ms s</c>), such as <c>10s</c> or <c>2.5 ms</c>.
    /// False when the unit is missing or unknown, the number is malformed, negative, or not a whole number of picoseconds.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<char> text, out SimTime time) => TryParse(text, out time, out _);

    /// <summary>The same, telling apart the times that are written well and lie behind <see cref="MaxValue"/>.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out SimTime time, out bool tooLate)
    {
        time = default;
        tooLate = false;
        text = text.Trim();
        int digits = 0;
        while (digits < text.Length && (char.IsAsciiDigit(text[digits]) || text[digits] == '.'))
        {
            digits++;
        }
        long unit = text[digits..].TrimStart() switch
        {
            "ps" => 1,
            "ns" => 1_000,
            "us" or "µs" => 1_000_000,
            "ms" => 1_000_000_000,
            "s" => 1_000_000_000_000,
            _ => 0,
        };
        if (unit == 0)
        {
            return false;
        }
        if (!decimal.TryParse(text[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal number))
        {
            // More digits than a decimal has, or no number.
            tooLate = double.TryParse(text[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double _);
            return false;
        }
        if (number > long.MaxValue / (decimal)unit)
        {
            tooLate = true;
            return false;
        }
        decimal ps = number * unit;
        if (ps != decimal.Truncate(ps))
        {
            return false;
        }
        time = new SimTime((long)ps);
        return true;
    }
}
