using Sim.Engine.Events;

namespace Sim.Kernel.Reclaim.Generations;

/// <summary>
/// Which leaf page tables are worth a look when pages are aged: two Bloom filters of 2^15 bits and two keys, one that this aging reads and
/// one that it, and reclaim until the next, write (<c>update_bloom_filter</c>, <c>test_bloom_filter</c>, mm/vmscan.c, Linux 6.1).
/// A table that is not in the filter is skipped; one that is may have been put there by others. Sourced state.
/// </summary>
/// <remarks>The kernel's items are addresses of page-directory entries; here the physical address of the entry is hashed by the same multiplier.</remarks>
public sealed class TableFilter
{
    private const int KeyBits = 15;
    private const ulong GoldenRatio = 0x61C8864680B583EB;

    private readonly ulong[]?[] _bits = new ulong[]?[2];

    /// <summary>Whether a table may be in the filter of a generation; a filter never written to holds all.</summary>
    public bool MayContain(long sequence, long entryAddress)
    {
        if (_bits[sequence & 1] is not { } bits)
        {
            return true;
        }
        (int first, int second) = Keys(entryAddress);
        return Test(bits, first) && Test(bits, second);
    }

    /// <summary>Puts a table into the filter of a generation, if there is one.</summary>
    internal void Add(long sequence, long entryAddress)
    {
        if (_bits[sequence & 1] is { } bits)
        {
            (int first, int second) = Keys(entryAddress);
            bits[first >> 6] |= 1UL << first;
            bits[second >> 6] |= 1UL << second;
        }
    }

    /// <summary>Empties the filter of a generation.</summary>
    internal void Reset(long sequence)
    {
        ref ulong[]? bits = ref _bits[sequence & 1];
        bits ??= new ulong[1 << (KeyBits - 6)];
        bits.AsSpan().Clear();
    }

    internal void HashInto(ref XxHash64 hash)
    {
        foreach (ulong[]? bits in _bits)
        {
            hash.AddSpan<ulong>(bits);
        }
    }

    private static (int First, int Second) Keys(long item)
    {
        uint hash = (uint)(unchecked((ulong)item * GoldenRatio) >> (64 - (2 * KeyBits)));
        return ((int)(hash & ((1 << KeyBits) - 1)), (int)(hash >> KeyBits));
    }

    private static bool Test(ulong[] bits, int key) => (bits[key >> 6] & (1UL << key)) != 0;
}
