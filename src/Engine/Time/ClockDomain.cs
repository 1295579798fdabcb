namespace Sim.Engine.Time;

/// <summary>
/// A clock with a rational period, such as DDR4-2400's 2,500/3 ps. Converts absolute cycle counts only, so rounding
/// never accumulates: <c>TimeOf(n)</c> is floor(n × numerator / denominator).
/// </summary>
/// <param name="PeriodNumeratorPs">Numerator of the period, in picoseconds; positive.</param>
/// <param name="PeriodDenominator">Denominator of the period; positive.</param>
public readonly record struct ClockDomain(long PeriodNumeratorPs, long PeriodDenominator)
{
    /// <summary>A clock of the given frequency in MHz.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The frequency is not positive.</exception>
    public static ClockDomain FromMegahertz(long mhz)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(mhz);
        long gcd = Gcd(1_000_000, mhz);
        return new ClockDomain(1_000_000 / gcd, mhz / gcd);
    }

    /// <summary>The instant at which cycle <paramref name="cycle"/> begins, in picoseconds.</summary>
    public long TimePsOf(long cycle) =>
        (long)((Int128)cycle * PeriodNumeratorPs / PeriodDenominator);

    /// <summary>The first cycle that begins at or after the instant.</summary>
    public long CycleAtOrAfter(long timePs) =>
        (long)(((Int128)timePs * PeriodDenominator + PeriodNumeratorPs - 1) / PeriodNumeratorPs);

    private static long Gcd(long a, long b) => b == 0 ? a : Gcd(b, a % b);
}
