using Sim.Engine.Events;

namespace Sim.Kernel.PageCache;

/// <summary>
/// Which frame holds which page of a file or shared memory object: the <c>i_pages</c> of all objects in one open-addressed
/// hash table. Sourced state.
/// </summary>
public sealed class PageCacheTable
{
    private struct Slot
    {
        public long Pgoff;
        public int File;
        public int Pfn;
    }

    private Slot[] _slots = new Slot[64];
    private readonly SortedList<int, long> _sizes = [];

    /// <summary>Pages in the cache.</summary>
    public int Count { get; private set; }

    /// <summary>The frame of a page; -1 when the page is not in the cache.</summary>
    /// <param name="file">The object; not 0.</param>
    /// <param name="pgoff">Offset in the object, in pages.</param>
    public long Find(int file, long pgoff)
    {
        for (int i = Home(file, pgoff); ; i = (i + 1) & (_slots.Length - 1))
        {
            ref readonly Slot slot = ref _slots[i];
            if (slot.File == 0)
            {
                return -1;
            }
            if (slot.File == file && slot.Pgoff == pgoff)
            {
                return slot.Pfn;
            }
        }
    }

    /// <summary>Pages a file has; as many as one likes when nobody told its length.</summary>
    public long Size(int file) => _sizes.TryGetValue(file, out long pages) ? pages : long.MaxValue;

    /// <summary>Tells a file's length.</summary>
    public void SetSize(int file, long pages) => _sizes[file] = pages;

    /// <summary>Offset behind the last page of an object that is in the cache; 0 when none is.</summary>
    public long End(int file)
    {
        long end = 0;
        foreach (ref readonly Slot slot in _slots.AsSpan())
        {
            end = slot.File == file ? Math.Max(end, slot.Pgoff + 1) : end;
        }
        return end;
    }

    /// <summary>All pages: object, offset, frame; in no order that means anything.</summary>
    public IEnumerable<(int File, long Pgoff, int Pfn)> Entries
    {
        get
        {
            foreach (Slot slot in _slots)
            {
                if (slot.File != 0)
                {
                    yield return (slot.File, slot.Pgoff, slot.Pfn);
                }
            }
        }
    }

    /// <summary>Adds a page that is not in the cache.</summary>
    public void Add(int file, long pgoff, long pfn)
    {
        if ((Count + 1) * 4 > _slots.Length * 3)
        {
            Grow();
        }
        Put(new Slot { File = file, Pgoff = pgoff, Pfn = checked((int)pfn) });
        Count++;
    }

    /// <summary>A page that is in the cache is in another frame now.</summary>
    public void Replace(int file, long pgoff, long pfn)
    {
        int i = Home(file, pgoff);
        while (_slots[i].File != file || _slots[i].Pgoff != pgoff)
        {
            if (_slots[i].File == 0)
            {
                throw new InvalidOperationException($"Page {pgoff} of object {file} is not in the cache.");
            }
            i = (i + 1) & (_slots.Length - 1);
        }
        _slots[i].Pfn = checked((int)pfn);
    }

    /// <summary>Removes a page; closes the hole it leaves in the probe sequence.</summary>
    /// <returns>Its frame; -1 when the page was not in the cache.</returns>
    public long Remove(int file, long pgoff)
    {
        int mask = _slots.Length - 1, i = Home(file, pgoff);
        while (_slots[i].File != file || _slots[i].Pgoff != pgoff)
        {
            if (_slots[i].File == 0)
            {
                return -1;
            }
            i = (i + 1) & mask;
        }
        long pfn = _slots[i].Pfn;
        for (int j = (i + 1) & mask; _slots[j].File != 0; j = (j + 1) & mask)
        {
            int home = Home(_slots[j].File, _slots[j].Pgoff);
            if (((j - home) & mask) >= ((j - i) & mask))
            {
                _slots[i] = _slots[j];
                i = j;
            }
        }
        _slots[i] = default;
        Count--;
        return pfn;
    }

    /// <summary>Appends the pages to a state hash, whatever order the table has them in.</summary>
    public void HashInto(ref XxHash64 hash)
    {
        ulong sum = 0;
        foreach (ref readonly Slot slot in _slots.AsSpan())
        {
            if (slot.File != 0)
            {
                sum += Mix(Mix((ulong)slot.Pgoff) + (ulong)(uint)slot.File * 0x9E3779B97F4A7C15 + (ulong)slot.Pfn);
            }
        }
        hash.Add(Count);
        hash.Add((long)sum);
        foreach ((int file, long pages) in _sizes)
        {
            hash.Add(file);
            hash.Add(pages);
        }
    }

    private int Home(int file, long pgoff) => (int)Mix((ulong)pgoff + (ulong)(uint)file * 0x9E3779B97F4A7C15) & (_slots.Length - 1);

    private void Put(Slot added)
    {
        int i = Home(added.File, added.Pgoff);
        while (_slots[i].File != 0)
        {
            i = (i + 1) & (_slots.Length - 1);
        }
        _slots[i] = added;
    }

    private void Grow()
    {
        Slot[] old = _slots;
        _slots = new Slot[old.Length * 2];
        foreach (Slot slot in old)
        {
            if (slot.File != 0)
            {
                Put(slot);
            }
        }
    }

    /// <summary>Bijective mixing of 64 bits (the finalizer of MurmurHash3, Appleby).</summary>
    private static ulong Mix(ulong x)
    {
        x = (x ^ (x >> 33)) * 0xFF51AFD7ED558CCD;
        x = (x ^ (x >> 33)) * 0xC4CEB9FE1A85EC53;
        return x ^ (x >> 33);
    }
}
