using System.Runtime.CompilerServices;
using Sim.Engine.Time;

namespace Sim.Hardware.Cpu;

/// <summary>
/// Converts absolute cycle counts of one clock into another's (or into picoseconds) by one multiplication, exactly.
/// </summary>
/// <remarks>
/// The ratio is whole + r/b with r &lt; b. With m = ⌊r·2⁶⁴/b⌋ the product n·m/2⁶⁴ is below n·r/b by less than n/2⁶⁴. Fractions of
/// n·r/b are multiples of 1/b, so while n·b &lt; 2⁶⁴ the shortfall cannot reach the next multiple: its ceiling is
/// the ceiling of n·r/b. The floor is taken from m + 1 and an excess bounded in the same way. Beyond that bound the same result comes from
/// 128-bit division.
/// </remarks>
public readonly struct ClockRatio
{
    private readonly ulong _whole, _multiplier, _limit;
    private readonly ulong _numerator, _denominator;

    /// <param name="from">The clock whose cycles are given.</param>
    /// <param name="to">The clock whose cycles are wanted.</param>
    public ClockRatio(ClockDomain from, ClockDomain to)
        : this((UInt128)from.PeriodNumeratorPs * (ulong)to.PeriodDenominator, (UInt128)from.PeriodDenominator * (ulong)to.PeriodNumeratorPs)
    {
    }

    /// <summary>Multiplies by <paramref name="numerator"/> / <paramref name="denominator"/>.</summary>
    /// <exception cref="OverflowException">The reduced fraction does not fit in 64 bits.</exception>
    public ClockRatio(UInt128 numerator, UInt128 denominator)
    {
        UInt128 a = numerator, b = denominator;
        while (b != 0)
        {
            (a, b) = (b, a % b);
        }
        _numerator = checked((ulong)(numerator / a));
        _denominator = checked((ulong)(denominator / a));
        _whole = _numerator / _denominator;
        _multiplier = (ulong)(((UInt128)(_numerator % _denominator) << 64) / _denominator);
        _limit = ulong.MaxValue / _denominator;
    }

    /// <summary>The cycle of the other clock that begins at or after the beginning of cycle <paramref name="cycle"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long Ceiling(long cycle)
    {
        ulong n = (ulong)cycle;
        if (n >= _limit)
        {
            return CeilingExact(n);
        }
        // The lower half is multiplied again: BigMul gives it through memory, which is waited for.
        ulong high = Math.BigMul(n, _multiplier, out _), low = unchecked(n * _multiplier);
        return (long)(n * _whole + high + (low != 0 ? 1UL : 0UL));
    }

    /// <summary>The cycle of the other clock under way, or beginning, when cycle <paramref name="cycle"/> begins.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long Floor(long cycle)
    {
        ulong n = (ulong)cycle;
        if (n >= _limit)
        {
            return (long)(ulong)((UInt128)n * _numerator / _denominator);
        }
        // m + 1 overflows only for r = b − 1 and b = 2⁶⁴, which a reduced fraction of clock periods never is.
        return _multiplier == 0 ? (long)(n * _whole) : (long)(n * _whole + Math.BigMul(n, _multiplier + 1, out _));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private long CeilingExact(ulong n) => (long)(ulong)(((UInt128)n * _numerator + _denominator - 1) / _denominator);
}
