using Sim.Engine.Log;

namespace Sim.Host.Comparison;

/// <summary>
/// Finds where two logs part by the links of their chains, which the segments' footers carry for every block: a link says
/// that all events before it are equal. Reads a handful of footers and no event.
/// </summary>
public static class ChainBisection
{
    /// <summary>The first event that the chains do not show to be equal. In both logs a block starts or the log ends there.</summary>
    /// <exception cref="CorruptLogException">A header or footer on the way is damaged.</exception>
    public static long FirstUnequal(LogReader left, LogReader right)
    {
        if (left.Events == right.Events && left.ChainHash == right.ChainHash)
        {
            return left.Events;
        }
        int segment = First(0, left.SegmentCount, s => !Ends(right, left.LastSequenceOf(s), left.Index(s)));
        if (segment == left.SegmentCount || left.Index(segment).Length == 0)
        {
            return left.Events;
        }
        // A copy, because the reader keeps one segment open beside the last, and right may be the same log.
        BlockIndexEntry[] index = left.Index(segment).ToArray();
        int block = First(0, index.Length - 1, b => right.LinkAfter(index[b + 1].FirstSequence - 1) != index[b].ChainHash);
        return index[block].FirstSequence;
    }

    private static bool Ends(LogReader right, long sequence, ReadOnlySpan<BlockIndexEntry> index)
    {
        ChainHash link = index.Length > 0 ? index[^1].ChainHash : ChainHash.Zero;
        return index.Length > 0 && right.LinkAfter(sequence) == link;
    }

    /// <summary>The first number from <paramref name="low"/> on, below <paramref name="high"/>, with which it begins to hold; <paramref name="high"/> for none.</summary>
    private static int First(int low, int high, Func<int, bool> holds)
    {
        while (low < high)
        {
            int middle = low + ((high - low) / 2);
            (low, high) = holds(middle) ? (low, middle) : (middle + 1, high);
        }
        return low;
    }
}
