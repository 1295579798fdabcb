using Sim.Engine.Tables;

namespace Sim.Host.Exports;

/// <summary>When a sample is taken.</summary>
/// <param name="Sequence">Last event before it.</param>
/// <param name="TimePs">Simulated time, in picoseconds.</param>
internal readonly record struct SampleMoment(long Sequence, long TimePs)
{
    /// <summary>Sets the columns of the moment.</summary>
    public void WriteTo(SampledTable table, int sequence, int timeNs, int timePs)
    {
        table.Set(sequence, Sequence);
        table.Set(timeNs, TimePs / 1000);
        table.Set(timePs, TimePs);
    }

    /// <summary>
    /// A round time between samples (1, 2 or 5 times a power of ten) that gives at most <paramref name="samples"/> of a
    /// run's length.
    /// </summary>
    public static long RoundInterval(long lengthPs, int samples)
    {
        long least = Math.Max(1, lengthPs / samples + (lengthPs % samples > 0 ? 1 : 0));
        long power = 1;
        while (power <= least / 10)
        {
            power *= 10;
        }
        return power >= least ? power
            : 2 * power >= least ? 2 * power
            : 5 * power >= least ? 5 * power
            : 10 * power;
    }
}
