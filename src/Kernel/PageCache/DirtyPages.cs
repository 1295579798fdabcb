using System.Numerics;
using Sim.Engine.Events;

namespace Sim.Kernel.PageCache;

/// <summary>The dirty pages of a file, found in the order of their offsets (the tag <c>PAGECACHE_TAG_DIRTY</c> of <c>i_pages</c>). Sourced state.</summary>
public sealed class DirtyPages
{
    // One bit a page, 64 pages an entry.
    private readonly SortedList<long, ulong> _words = [];

    /// <summary>Pages.</summary>
    public long Count { get; private set; }

    /// <summary>When the file, clean until then, got its first dirty page (<c>dirtied_when</c>), in picoseconds.</summary>
    public long SincePs { get; private set; }

    /// <summary>The first dirty page from one on; -1 when there is none.</summary>
    public long FirstFrom(long pgoff)
    {
        int low = 0, high = _words.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = _words.Keys[middle] < pgoff >> 6 ? (middle + 1, high) : (low, middle);
        }
        for (; low < _words.Count; low++)
        {
            long first = _words.Keys[low] << 6;
            ulong word = _words.Values[low] & (first < pgoff ? ulong.MaxValue << (int)(pgoff & 63) : ulong.MaxValue);
            if (word != 0)
            {
                return first + BitOperations.TrailingZeroCount(word);
            }
        }
        return -1;
    }

    internal void Add(long pgoff, long timePs)
    {
        SincePs = Count++ == 0 ? timePs : SincePs;
        _words[pgoff >> 6] = _words.GetValueOrDefault(pgoff >> 6) | (1UL << (int)(pgoff & 63));
    }

    internal void Remove(long pgoff)
    {
        Count--;
        ulong word = _words[pgoff >> 6] & ~(1UL << (int)(pgoff & 63));
        if (word != 0)
        {
            _words[pgoff >> 6] = word;
        }
        else
        {
            _words.Remove(pgoff >> 6);
        }
    }

    internal void HashInto(ref XxHash64 hash)
    {
        hash.Add(Count);
        hash.Add(Count > 0 ? SincePs : 0);
        foreach ((long word, ulong pages) in _words)
        {
            hash.Add(word);
            hash.Add((long)pages);
        }
    }
}
