using Sim.Engine.Events;

namespace Sim.Kernel.Mm;

/// <summary>
/// Anonymous shared memory (MAP_SHARED with MAP_ANONYMOUS; mm/shmem.c): objects numbered from 1 that live as long as any
/// page of any address space maps them. Areas name object n as file −n. Sourced state.
/// </summary>
public sealed class SharedMemoryObjects
{
    private long[] _mapped = new long[16];
    private long[] _pages = new long[16];

    /// <summary>Objects ever made; the next one has this number plus 1.</summary>
    public int Count { get; private set; }

    /// <summary>Pages an object has: the length it was first mapped with.</summary>
    public long Pages(int number) => _pages[number];

    /// <summary>Counts pages of an area that maps the object; makes it when it is new.</summary>
    internal void Map(int number, long pages)
    {
        if (number >= _mapped.Length)
        {
            Array.Resize(ref _mapped, Math.Max(number + 1, _mapped.Length * 2));
            Array.Resize(ref _pages, _mapped.Length);
        }
        if (number > Count)
        {
            Count = number;
            _pages[number] = pages;
        }
        _mapped[number] += pages;
    }

    /// <summary>Takes pages of an area away; true when the object has no mapping left.</summary>
    internal bool Unmap(int number, long pages) => (_mapped[number] -= pages) == 0;

    internal void HashInto(ref XxHash64 hash)
    {
        hash.Add(Count);
        hash.AddSpan<long>(_mapped.AsSpan(0, Count + 1));
        hash.AddSpan<long>(_pages.AsSpan(0, Count + 1));
    }
}
