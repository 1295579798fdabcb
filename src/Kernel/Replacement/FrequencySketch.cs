using System.Numerics;

namespace Sim.Kernel.Replacement;

/// <summary>
/// Estimates how often each of very many pages was referenced lately, in a few bytes a frame: a count-min sketch of 4-bit counters, four for
/// a page, of which the least is its estimate. After a sample of sixteen references a frame, the most that four bits are good for, all are
/// halved (Einziger, Friedman and Manes, "TinyLFU: a highly efficient cache admission policy", ACM TOS 2017, 3.3).
/// </summary>
internal sealed class FrequencySketch
{
    private const int Rows = 4;
    private const byte MaxCount = 15;

    private readonly byte[] _counters;
    private readonly int _shift;
    private readonly long _sample;
    private long _additions;

    /// <summary>Empty.</summary>
    /// <param name="frames">Frames; each row has two to four counters a frame.</param>
    public FrequencySketch(int frames)
    {
        int bits = 1 + (frames > 1 ? BitOperations.Log2((uint)frames - 1) + 1 : 0);
        _shift = 64 - bits;
        _counters = new byte[Rows << bits];
        _sample = 16L * frames;
    }

    /// <summary>A page's estimate, 0 to 15.</summary>
    public int Estimate(int page)
    {
        int least = MaxCount;
        for (int row = 0; row < Rows; row++)
        {
            least = Math.Min(least, _counters[Place(page, row)]);
        }
        return least;
    }

    /// <summary>Counts a reference.</summary>
    public void Add(int page)
    {
        for (int row = 0; row < Rows; row++)
        {
            ref byte counter = ref _counters[Place(page, row)];
            counter += (byte)(counter < MaxCount ? 1 : 0);
        }
        if (++_additions == _sample)
        {
            _additions /= 2;
            for (int i = 0; i < _counters.Length; i++)
            {
                _counters[i] >>= 1;
            }
        }
    }

    // Multiplicative hashing with a different odd constant for each row.
    private int Place(int page, int row)
    {
        ulong hash = unchecked(((ulong)(uint)page + 1) * (0x9E3779B97F4A7C15UL + 2 * (ulong)row * 0xD1B54A32D192ED03UL));
        hash = unchecked((hash ^ (hash >> 32)) * 0xD6E8FEB86659FD93UL);
        return (int)(hash >> _shift) + (row << (64 - _shift));
    }
}
