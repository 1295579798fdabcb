using System.Runtime.CompilerServices;
using Sim.Engine.Events;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Slab;

/// <summary>
/// The slab allocator's sourced state: the cache chain, slabs on their lists, and for every object either the next free
/// one or the bytes it was asked for with. Objects are numbers, not objects of the host: a slab's bufctl is a stretch
/// of one pool. Only <c>Apply</c> changes it.
/// </summary>
public sealed class SlabState :
    IApply<SlabCacheCreate>, IApply<SlabGrow>, IApply<SlabAlloc>, IApply<SlabFree>, IApply<SlabReap>
{
    /// <summary>End of a chain of free objects.</summary>
    internal const int End = -1;

    /// <summary>The bufctl entry of an object that is handed out is this less the bytes it was asked for with.</summary>
    private const int Taken = -1;

    private readonly List<SlabCache> _caches = [];
    private readonly FrameTable _frames;
    private SlabRecord[] _slabs = new SlabRecord[64];
    private int[] _bufctl = new int[1024];
    private int _slabCount, _bufctlCount, _spareSlab = End;

    /// <param name="profile">Which kernel.</param>
    /// <param name="frames">The machine's frames.</param>
    /// <param name="pages">Usable frames; small machines use smaller slabs.</param>
    public SlabState(KernelProfile profile, FrameTable frames, long pages)
    {
        _frames = frames;
        Profile = profile;
        Machine = SlabMachine.Of(profile, pages);
    }

    /// <summary>Which kernel.</summary>
    public KernelProfile Profile { get; }

    /// <summary>Sizes that decide a slab's layout.</summary>
    public SlabMachine Machine { get; }

    /// <summary>The cache chain, oldest first.</summary>
    public IReadOnlyList<SlabCache> Caches => _caches;

    /// <summary>Frames of all slabs of caches that can, or cannot, be reclaimed.</summary>
    public long Pages(bool reclaimable)
    {
        long pages = 0;
        foreach (SlabCache cache in _caches)
        {
            pages += (cache.Flags & SlabFlags.ReclaimAccount) != 0 == reclaimable ? (long)cache.Slabs << cache.GfpOrder : 0;
        }
        return pages;
    }

    /// <summary>Adds the cache to the chain.</summary>
    public void Apply(in SlabCacheCreate e, in EventHeader header) =>
        _caches.Add(new SlabCache(_caches.Count, in e, NewHead(), NewHead(), NewHead()));

    /// <summary>Makes the frames a slab, last of the empty ones.</summary>
    public void Apply(in SlabGrow e, in EventHeader header)
    {
        SlabCache cache = _caches[e.Cache];
        int number = NewRecord();
        int bufctl = NewBufctl(cache);
        bool offSlab = (cache.Flags & SlabFlags.OffSlab) != 0;
        int colour = cache.NextColour * cache.ColourBytes;
        cache.NextColour = (cache.NextColour + 1) % cache.Colours;
        ref SlabRecord slab = ref _slabs[number];
        slab.Cache = e.Cache;
        slab.Pfn = (int)e.Pfn;
        slab.InUse = 0;
        slab.Free = 0;
        slab.Bufctl = bufctl;
        slab.FirstObject = colour + (offSlab ? 0 : cache.ManagementBytes);
        slab.Description = e.Description;
        for (int i = 0; i < cache.ObjectsPerSlab; i++)
        {
            _bufctl[bufctl + i] = i + 1 < cache.ObjectsPerSlab ? i + 1 : End;
        }
        for (long pfn = e.Pfn; pfn < e.Pfn + (1L << cache.GfpOrder); pfn++)
        {
            _frames[pfn].Use = FrameUse.Slab;
            _frames[pfn].Index = number;
        }
        Link(_slabs[cache.Empty].Prev, cache.Empty, number);
        cache.Slabs++;
        cache.Grown++;
        cache.Constructions += cache.HasConstructor ? cache.ObjectsPerSlab : 0;
    }

    /// <summary>Takes the object, the first free one of its slab, and moves the slab to the list it then belongs on.</summary>
    public void Apply(in SlabAlloc e, in EventHeader header)
    {
        SlabCache cache = _caches[e.Cache];
        int number = SlabOf(e.Object);
        ref SlabRecord slab = ref _slabs[number];
        int index = slab.Free;
        slab.Free = _bufctl[slab.Bufctl + index];
        _bufctl[slab.Bufctl + index] = Taken - e.RequestedBytes;
        slab.InUse++;
        if (slab.Free == End)
        {
            MoveFirst(cache.Full, number);
        }
        else if (slab.InUse == 1)
        {
            MoveFirst(cache.Partial, number);
        }
        cache.ActiveSlabs += slab.InUse == 1 ? 1 : 0;
        cache.ActiveObjects++;
        cache.RequestedBytes += e.RequestedBytes;
    }

    /// <summary>Makes the object the first free one of its slab; the slab goes last among the partial or first among the empty ones.</summary>
    public void Apply(in SlabFree e, in EventHeader header)
    {
        SlabCache cache = _caches[e.Cache];
        int number = SlabOf(e.Object);
        ref SlabRecord slab = ref _slabs[number];
        int index = IndexOf(in slab, cache, e.Object);
        cache.RequestedBytes -= Taken - _bufctl[slab.Bufctl + index];
        _bufctl[slab.Bufctl + index] = slab.Free;
        slab.Free = index;
        slab.InUse--;
        cache.ActiveObjects--;
        if (slab.InUse == 0)
        {
            cache.ActiveSlabs--;
            MoveFirst(cache.Empty, number);
        }
        else
        {
            Unlink(number);
            Link(_slabs[cache.Partial].Prev, cache.Partial, number);
        }
    }

    /// <summary>Takes the slab off its list; its frames are ordinary allocated ones again.</summary>
    public void Apply(in SlabReap e, in EventHeader header)
    {
        SlabCache cache = _caches[e.Cache];
        int number = _frames[e.Pfn].Index;
        ref SlabRecord slab = ref _slabs[number];
        Unlink(number);
        _bufctl[slab.Bufctl] = cache.SpareBufctl;
        cache.SpareBufctl = slab.Bufctl;
        for (long pfn = e.Pfn; pfn < e.Pfn + (1L << cache.GfpOrder); pfn++)
        {
            _frames[pfn].Use = FrameUse.None;
            _frames[pfn].Index = 0;
        }
        slab = default;
        slab.Cache = -1;
        slab.Next = _spareSlab;
        _spareSlab = number;
        cache.Slabs--;
        cache.Reaped++;
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
        hash.AddSpan<SlabRecord>(_slabs.AsSpan(0, _slabCount));
        hash.AddSpan<int>(_bufctl.AsSpan(0, _bufctlCount));
    }

    /// <summary>A cache by its number.</summary>
    internal SlabCache Cache(int number) => _caches[number];

    /// <summary>The record of a slab or list head.</summary>
    internal ref SlabRecord Slab(int number) => ref _slabs[number];

    /// <summary>Number of the slab that an object lies in.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal int SlabOf(long address) => _frames[address >> Page.Shift].Index;

    /// <summary>Index of the object at an address in its slab.</summary>
    internal static int IndexOf(in SlabRecord slab, SlabCache cache, long address) =>
        (int)(address - ((long)slab.Pfn << Page.Shift) - slab.FirstObject) / cache.SizeBytes;

    /// <summary>Address of an object.</summary>
    internal static long AddressOf(in SlabRecord slab, SlabCache cache, int index) =>
        ((long)slab.Pfn << Page.Shift) + slab.FirstObject + ((long)index * cache.SizeBytes);

    /// <summary>True when an object is handed out.</summary>
    internal bool IsTaken(in SlabRecord slab, int index) => _bufctl[slab.Bufctl + index] < Taken;

    /// <summary>The free object after a free one; <see cref="End"/> for the last.</summary>
    internal int NextFree(in SlabRecord slab, int index) => _bufctl[slab.Bufctl + index];

    /// <summary>The bytes that an object handed out was asked for with.</summary>
    internal int RequestedBytes(in SlabRecord slab, int index) => Taken - _bufctl[slab.Bufctl + index];

    private int NewHead()
    {
        int number = NewRecord();
        ref SlabRecord head = ref _slabs[number];
        head.Cache = -1;
        head.Next = head.Prev = number;
        return number;
    }

    private int NewRecord()
    {
        if (_spareSlab != End)
        {
            int number = _spareSlab;
            _spareSlab = _slabs[number].Next;
            return number;
        }
        if (_slabCount == _slabs.Length)
        {
            Array.Resize(ref _slabs, _slabs.Length * 2);
        }
        return _slabCount++;
    }

    private int NewBufctl(SlabCache cache)
    {
        int start = cache.SpareBufctl;
        if (start != End)
        {
            cache.SpareBufctl = _bufctl[start];
            return start;
        }
        start = _bufctlCount;
        _bufctlCount += cache.ObjectsPerSlab;
        while (_bufctlCount > _bufctl.Length)
        {
            Array.Resize(ref _bufctl, _bufctl.Length * 2);
        }
        return start;
    }

    private void MoveFirst(int head, int number)
    {
        Unlink(number);
        Link(head, _slabs[head].Next, number);
    }

    private void Unlink(int number)
    {
        ref SlabRecord slab = ref _slabs[number];
        _slabs[slab.Prev].Next = slab.Next;
        _slabs[slab.Next].Prev = slab.Prev;
    }

    private void Link(int prev, int next, int number)
    {
        ref SlabRecord slab = ref _slabs[number];
        slab.Prev = prev;
        slab.Next = next;
        _slabs[prev].Next = number;
        _slabs[next].Prev = number;
    }
}
