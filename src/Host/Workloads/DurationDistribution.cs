using Sim.Engine.Random;
using Sim.Engine.Snapshots;

namespace Sim.Host.Workloads;

/// <summary>
/// A distribution of durations as an inverse table: 1,024 equally likely pieces, linear inside each. Integer arithmetic
/// only, so a draw is the same on every machine. One draw takes one number from the stream, whatever the shape.
/// </summary>
[NotInSnapshot]
public sealed class DurationDistribution
{
    private const int PieceBits = 10;
    private const int Pieces = 1 << PieceBits;
    private const int FractionBits = 20;

    private readonly long[] _quantilesPs;

    private DurationDistribution(long[] quantilesPs) => _quantilesPs = quantilesPs;

    /// <summary>Always <paramref name="ps"/>.</summary>
    public static DurationDistribution Fixed(long ps)
    {
        long[] quantiles = new long[Pieces + 1];
        Array.Fill(quantiles, ps);
        return new DurationDistribution(quantiles);
    }

    /// <summary>Evenly spread over [<paramref name="minPs"/>, <paramref name="maxPs"/>].</summary>
    public static DurationDistribution Uniform(long minPs, long maxPs)
    {
        long[] quantiles = new long[Pieces + 1];
        for (int i = 0; i <= Pieces; i++)
        {
            quantiles[i] = minPs + (long)((Int128)(maxPs - minPs) * i / Pieces);
        }
        return new DurationDistribution(quantiles);
    }

    /// <summary>Exponential with the given mean; the last piece ends one mean beyond its start, which keeps the mean.</summary>
    public static DurationDistribution Exponential(long meanPs)
    {
        long[] quantiles = new long[Pieces + 1];
        for (int i = 0; i < Pieces; i++)
        {
            // -ln(1 - i/1024) = ln(1024) - ln(1024 - i), in units of 2^-32.
            quantiles[i] = (long)((Int128)meanPs * (LnQ32(Pieces) - LnQ32(Pieces - i)) >> 32);
        }
        quantiles[Pieces] = quantiles[Pieces - 1] + 2 * meanPs;
        return new DurationDistribution(quantiles);
    }

    /// <summary>A duration in picoseconds.</summary>
    public long Sample(RandomStream random)
    {
        ulong bits = random.NextUInt64() >> (64 - PieceBits - FractionBits);
        int piece = (int)(bits >> FractionBits);
        ulong fraction = bits & ((1UL << FractionBits) - 1);
        long from = _quantilesPs[piece];
        return from + (long)((UInt128)(ulong)(_quantilesPs[piece + 1] - from) * fraction >> FractionBits);
    }

    /// <summary>Natural logarithm of an integer from 1 to 2^20, in units of 2^-32: log2 bit by bit, times ln 2.</summary>
    internal static long LnQ32(int value)
    {
        const long Ln2Q32 = 2_977_044_472;
        int whole = 31 - int.LeadingZeroCount(value);
        UInt128 x = (UInt128)(uint)value << (62 - whole);
        long log2 = (long)whole << 32;
        for (long bit = 1L << 31; bit > 0; bit >>= 1)
        {
            x = x * x >> 62;
            if (x >= (UInt128)1 << 63)
            {
                x >>= 1;
                log2 |= bit;
            }
        }
        return (long)((Int128)log2 * Ln2Q32 >> 32);
    }
}
