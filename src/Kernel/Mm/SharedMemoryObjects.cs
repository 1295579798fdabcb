using Sim.Engine.Events;
using Sim.Kernel.PageCache;

namespace Sim.Kernel.Mm;

/// <summary>
/// Anonymous shared memory (MAP_SHARED with MAP_ANONYMOUS; mm/shmem.c): objects numbered from 1 that live as long as any
/// page of any address space maps them. Areas name object n as file −n. Sourced state.
/// </summary>
public sealed class SharedMemoryObjects
{
    private long[] _mapped = new long[16];
    private long[] _pages = new long[16];
    private bool[] _accounted = new bool[16];

    /// <summary>Objects ever made; the next one has this number plus 1.</summary>
    public int Count { get; private set; }

    /// <summary>Pages of all objects that are in memory (<c>NR_SHMEM</c>).</summary>
    public long ResidentPages { get; internal set; }

    /// <summary>
    /// Slots of the pages that are swapped out, by object −n and offset; the kernel keeps them in the object's page cache, where the
    /// page was (<c>swp_to_radix_entry</c>).
    /// </summary>
    public PageCacheTable SwapEntries { get; } = new();

    /// <summary>The slot of a page of an object; 0 when it is not swapped out.</summary>
    /// <param name="file">The object's number, negated.</param>
    /// <param name="pgoff">The page.</param>
    public int SlotOf(int file, long pgoff) => (int)Math.Max(SwapEntries.Find(file, pgoff), 0);

    /// <summary>Pages an object has: the length it was first mapped with.</summary>
    public long Pages(int number) => _pages[number];

    /// <summary>Pages that count as promised: the objects mapped now that were not made with MAP_NORESERVE (<c>shmem_acct_size</c>).</summary>
    public long CommittedPages { get; private set; }

    /// <summary>Counts pages of an area that maps the object; makes it when it is new.</summary>
    internal void Map(int number, long pages, bool accounted = false)
    {
        if (number >= _mapped.Length)
        {
            Array.Resize(ref _mapped, Math.Max(number + 1, _mapped.Length * 2));
            Array.Resize(ref _pages, _mapped.Length);
            Array.Resize(ref _accounted, _mapped.Length);
        }
        if (number > Count)
        {
            Count = number;
            _pages[number] = pages;
            _accounted[number] = accounted;
            CommittedPages += accounted ? pages : 0;
        }
        _mapped[number] += pages;
    }

    /// <summary>Takes pages of an area away; true when the object has no mapping left.</summary>
    internal bool Unmap(int number, long pages)
    {
        bool last = (_mapped[number] -= pages) == 0;
        CommittedPages -= last && _accounted[number] ? _pages[number] : 0;
        return last;
    }

    internal void HashInto(ref XxHash64 hash)
    {
        hash.Add(Count);
        hash.AddSpan<long>(_mapped.AsSpan(0, Count + 1));
        hash.AddSpan<long>(_pages.AsSpan(0, Count + 1));
        if (Count > 0)
        {
            hash.Add(ResidentPages);
            SwapEntries.HashInto(ref hash);
        }
    }
}
