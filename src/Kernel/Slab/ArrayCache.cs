using Sim.Engine.Events;

namespace Sim.Kernel.Slab;

/// <summary>
/// Objects of a cache at a CPU's hand, or between the CPUs of a node (mm/slab.c, <c>struct array_cache</c>): a stack of
/// physical addresses, taken from and given to its end. Part of the sourced state; changed by <c>Apply</c> only.
/// </summary>
internal sealed class ArrayCache(int limit, int batchCount)
{
    private readonly long[] _entries = new long[limit];

    /// <summary>Objects it holds at most.</summary>
    public int Limit { get; } = limit;

    /// <summary>Objects moved at a time.</summary>
    public int BatchCount { get; } = batchCount;

    /// <summary>Objects it holds.</summary>
    public int Available { get; private set; }

    /// <summary>Was taken from since the last round of <c>cache_reap</c>, which therefore leaves it alone.</summary>
    public bool Touched { get; set; }

    /// <summary>The objects, the one handed out next last.</summary>
    public ReadOnlySpan<long> Entries => _entries.AsSpan(0, Available);

    /// <summary>The object handed out next.</summary>
    public long Last => _entries[Available - 1];

    public void Push(long address) => _entries[Available++] = address;

    public void Pop() => Available--;

    /// <summary>Moves the last <paramref name="count"/> of another array here (<c>transfer_objects</c>).</summary>
    public void TakeLast(ArrayCache from, int count)
    {
        from._entries.AsSpan(from.Available - count, count).CopyTo(_entries.AsSpan(Available));
        from.Available -= count;
        Available += count;
    }

    /// <summary>Moves the first <paramref name="count"/> of another array, those it has not used for longest, here.</summary>
    public void TakeFirst(ArrayCache from, int count)
    {
        from._entries.AsSpan(0, count).CopyTo(_entries.AsSpan(Available));
        Available += count;
        from.DropFirst(count);
    }

    /// <summary>Forgets its first <paramref name="count"/> objects.</summary>
    public void DropFirst(int count)
    {
        Available -= count;
        _entries.AsSpan(count, Available).CopyTo(_entries);
    }

    public void HashInto(ref XxHash64 hash)
    {
        hash.Add(Available);
        hash.Add(Touched ? 1 : 0);
        hash.AddSpan<long>(_entries.AsSpan(0, Available));
    }
}
