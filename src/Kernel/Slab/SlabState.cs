using System.Runtime.CompilerServices;
using Sim.Engine.Events;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Slab;

/// <summary>
/// The slab allocator's sourced state: the cache chain, slabs and where they are, what CPUs hold, and for every object
/// either the next free one or the bytes it was asked for with. Objects are numbers, not objects of the host: a slab's
/// bufctl is a stretch of one pool. Only <c>Apply</c> changes it.
/// </summary>
/// <remarks>This file has what both allocators share; <c>SlabState.Slub.cs</c> and <c>SlabState.Arrays.cs</c> have their own.</remarks>
public sealed partial class SlabState :
    IApply<SlabCacheCreate>, IApply<SlabCacheAlias>, IApply<SlabGrow>, IApply<SlabAlloc>, IApply<SlabFree>, IApply<SlabReap>,
    IApply<SlabLargeAlloc>, IApply<SlabLargeFree>
{
    /// <summary>End of a chain of free objects, and no slab.</summary>
    internal const int End = -1;

    private readonly List<SlabCache> _caches = [];
    private readonly FrameTable _frames;

    /// <param name="profile">Which kernel.</param>
    /// <param name="kind">Which allocator.</param>
    /// <param name="frames">The machine's frames.</param>
    /// <param name="pages">Usable frames; small machines use smaller slabs.</param>
    /// <param name="cpus">Number of CPUs.</param>
    public SlabState(KernelProfile profile, SlabAllocatorKind kind, FrameTable frames, long pages, int cpus)
    {
        _frames = frames;
        Profile = profile;
        Kind = kind;
        Cpus = cpus;
        Machine = SlabMachine.Of(profile, pages);
    }

    /// <summary>Which kernel.</summary>
    public KernelProfile Profile { get; }

    /// <summary>Which allocator.</summary>
    public SlabAllocatorKind Kind { get; }

    /// <summary>Number of CPUs.</summary>
    public int Cpus { get; }

    /// <summary>Sizes that decide a slab's layout.</summary>
    public SlabMachine Machine { get; }

    /// <summary>The cache chain, oldest first.</summary>
    public IReadOnlyList<SlabCache> Caches => _caches;

    /// <summary>Bytes that were asked for with blocks of frames, which are too many for a cache.</summary>
    public long LargeBytes { get; private set; }

    /// <summary>Frames of those blocks.</summary>
    public long LargePages { get; private set; }

    /// <summary>Frames of all slabs of caches that can, or cannot, be reclaimed.</summary>
    public long Pages(bool reclaimable)
    {
        long pages = 0;
        foreach (SlabCache cache in _caches)
        {
            pages += (cache.Flags & SlabFlags.ReclaimAccount) != 0 == reclaimable ? cache.Pages : 0;
        }
        return pages;
    }

    /// <summary>Adds the cache to the chain.</summary>
    public void Apply(in SlabCacheCreate e, in EventHeader header)
    {
        // A new slab has the colour after the last one's; 2.6 begins with the first colour, 6.1 with the second.
        int lastColour = Machine.Is26 ? e.Colours - 1 : 0;
        _caches.Add(new SlabCache(_caches.Count, in e, Kind, Cpus, Machine.CacheLineBytes, lastColour, NewHead(), NewHead(), NewHead()));
    }

    /// <summary>The cache stands in for one more.</summary>
    public void Apply(in SlabCacheAlias e, in EventHeader header)
    {
        SlabCache cache = _caches[e.Cache];
        cache.References++;
        cache.ObjectBytes = Math.Max(cache.ObjectBytes, e.ObjectBytes);
    }

    /// <summary>Makes the frames a slab: for SLUB on no list yet, otherwise last of the free ones.</summary>
    public void Apply(in SlabGrow e, in EventHeader header)
    {
        SlabCache cache = _caches[e.Cache];
        int number = NewRecord();
        int bufctl = NewBufctl(cache);
        bool descriptionFirst = Machine.Is26 && (cache.Flags & SlabFlags.OffSlab) == 0;
        ref SlabRecord slab = ref _slabs[number];
        slab = default;
        slab.Cache = e.Cache;
        slab.Pfn = (int)e.Pfn;
        slab.Order = e.Order;
        slab.Objects = e.Order == cache.GfpOrder ? cache.ObjectsPerSlab : (int)(Page.Size << e.Order) / cache.SizeBytes;
        slab.Bufctl = bufctl;
        slab.Cpu = End;
        slab.FirstObject = (e.Colour * cache.ColourBytes) + (descriptionFirst ? cache.ManagementBytes : 0);
        slab.Description = e.Description;
        slab.Free = Chain(cache, bufctl, slab.Objects, e.FreelistStart);
        for (long pfn = e.Pfn; pfn < e.Pfn + (1L << e.Order); pfn++)
        {
            _frames[pfn].Use = FrameUse.Slab;
            _frames[pfn].Index = number;
        }
        cache.LastColour = e.Colour;
        cache.Slabs++;
        cache.Pages += 1L << e.Order;
        cache.Objects += slab.Objects;
        cache.Grown++;
        cache.Constructions += cache.HasConstructor ? slab.Objects : 0;
        if (Kind == SlabAllocatorKind.Slab)
        {
            slab.Place = SlabPlace.Lists;
            Link(_slabs[cache.Empty].Prev, cache.Empty, number);
            cache.FreeSlabs++;
            cache.FreeObjects += slab.Objects;
        }
    }

    /// <summary>Takes the object from the CPU's free ones.</summary>
    public void Apply(in SlabAlloc e, in EventHeader header)
    {
        SlabCache cache = _caches[e.Cache];
        ref SlabRecord slab = ref _slabs[SlabOf(e.Object)];
        int index = IndexOf(in slab, cache, e.Object);
        if (Kind == SlabAllocatorKind.Slub)
        {
            cache.Cpu(e.Cpu).Freelist = _bufctl[slab.Bufctl + index];
        }
        else
        {
            ArrayCache array = cache.Array(e.Cpu);
            array.Pop();
            array.Touched = true;
        }
        _bufctl[slab.Bufctl + index] = Taken - e.RequestedBytes;
        cache.ActiveSlabs += slab.Taken++ == 0 ? 1 : 0;
        cache.ActiveObjects++;
        cache.RequestedBytes += e.RequestedBytes;
    }

    /// <summary>Gives the object to its slab, for SLUB, or to the CPU's array.</summary>
    public void Apply(in SlabFree e, in EventHeader header)
    {
        SlabCache cache = _caches[e.Cache];
        int number = SlabOf(e.Object);
        ref SlabRecord slab = ref _slabs[number];
        int index = IndexOf(in slab, cache, e.Object);
        cache.RequestedBytes -= Taken - _bufctl[slab.Bufctl + index];
        cache.ActiveObjects--;
        cache.ActiveSlabs -= --slab.Taken == 0 ? 1 : 0;
        if (Kind == SlabAllocatorKind.Slub)
        {
            GiveBack(cache, number, index, e.Cpu);
        }
        else
        {
            _bufctl[slab.Bufctl + index] = InArray;
            cache.Array(e.Cpu).Push(e.Object);
        }
    }

    /// <summary>Takes the slab off its list; its frames are ordinary allocated ones again.</summary>
    public void Apply(in SlabReap e, in EventHeader header)
    {
        SlabCache cache = _caches[e.Cache];
        int number = _frames[e.Pfn].Index;
        ref SlabRecord slab = ref _slabs[number];
        switch (slab.Place)
        {
            case SlabPlace.Discard:
                _discard = slab.Next;
                break;
            case SlabPlace.NodePartial:
                LeaveNodePartial(cache, number);
                break;
            default:
                Unlink(number);
                cache.FreeSlabs--;
                cache.FreeObjects -= slab.Objects;
                break;
        }
        _bufctl[slab.Bufctl] = cache.SpareBufctl;
        cache.SpareBufctl = slab.Bufctl;
        for (long pfn = e.Pfn; pfn < e.Pfn + (1L << slab.Order); pfn++)
        {
            _frames[pfn].Use = FrameUse.None;
            _frames[pfn].Index = 0;
        }
        cache.Slabs--;
        cache.Pages -= 1L << slab.Order;
        cache.Objects -= slab.Objects;
        cache.Reaped++;
        slab = default;
        slab.Cache = -1;
        slab.Next = _spareSlab;
        _spareSlab = number;
    }

    public void Apply(in SlabLargeAlloc e, in EventHeader header)
    {
        ref Frame frame = ref _frames[e.Pfn];
        // At most 4 MiB.
        frame.Index = (int)e.Bytes;
        LargeBytes += e.Bytes;
        LargePages += 1L << frame.Order;
    }

    public void Apply(in SlabLargeFree e, in EventHeader header)
    {
        ref Frame frame = ref _frames[e.Pfn];
        LargeBytes -= frame.Index;
        LargePages -= 1L << frame.Order;
        frame.Index = 0;
    }

    /// <summary>Appends the state to a state hash.</summary>
    public void HashInto(ref XxHash64 hash)
    {
        hash.Add(_caches.Count);
        foreach (SlabCache cache in _caches)
        {
            cache.HashInto(ref hash);
        }
        hash.Add(_spareSlab);
        hash.Add(_discard);
        hash.Add(LastNodeReapPs);
        hash.AddSpan<SlabRecord>(_slabs.AsSpan(0, _slabCount));
        hash.AddSpan<int>(_bufctl.AsSpan(0, _bufctlCount));
        // Nothing is added without large blocks: logs from before them keep their hashes.
        if (LargePages != 0)
        {
            hash.Add(LargeBytes);
            hash.Add(LargePages);
        }
    }

    /// <summary>A cache by its number.</summary>
    internal SlabCache Cache(int number) => _caches[number];

    /// <summary>Number of the slab that an object lies in.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal int SlabOf(long address) => _frames[address >> Page.Shift].Index;

    /// <summary>Index of the object at an address in its slab.</summary>
    internal static int IndexOf(in SlabRecord slab, SlabCache cache, long address) =>
        (int)(address - ((long)slab.Pfn << Page.Shift) - slab.FirstObject) / cache.SizeBytes;

    /// <summary>Address of an object.</summary>
    internal static long AddressOf(in SlabRecord slab, SlabCache cache, int index) =>
        ((long)slab.Pfn << Page.Shift) + slab.FirstObject + ((long)index * cache.SizeBytes);
}
