using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Kernel.Buddy;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Slab;

/// <summary>
/// The classic slab allocator (mm/slab.c of 2.6): a request is answered from the cache's first partial slab, or its
/// first empty one, or from a slab made of new frames. It reads <see cref="SlabState"/> and changes it through events.
/// </summary>
/// <remarks>An object is named by its physical address: pfn × 4096 + offset.</remarks>
public sealed class SlabAllocator
{
    private readonly SlabState _state;
    private readonly PageAllocator _pages;
    private readonly FrameTable _frames;
    private readonly Journal _journal;
    private readonly KmallocCaches _kmalloc;
    private readonly long _allocPs, _freePs, _growPs, _constructPs;

    /// <param name="state">What it manages.</param>
    /// <param name="pages">Where slabs get their frames.</param>
    /// <param name="journal">Where its decisions go.</param>
    /// <param name="costs">Time its work takes.</param>
    public SlabAllocator(SlabState state, PageAllocator pages, Journal journal, SlabCosts costs)
    {
        _state = state;
        _pages = pages;
        _frames = pages.State.Frames;
        _journal = journal;
        _allocPs = costs.AllocNs * 1000L;
        _freePs = costs.FreeNs * 1000L;
        _growPs = costs.GrowNs * 1000L;
        _constructPs = costs.ConstructNs * 1000L;
        _kmalloc = new KmallocCaches(state.Profile);
    }

    /// <summary>What it manages.</summary>
    public SlabState State => _state;

    /// <summary>Makes the general caches; the first thing after boot (<c>kmem_cache_init</c>).</summary>
    public void Initialize(CpuClock cpu)
    {
        CreateCache("kmem_cache", _state.Machine.CacheDescriptorBytes, 0, SlabFlags.HwCacheAlign, false, cpu, -1);
        _kmalloc.Create(this, cpu);
    }

    /// <summary>Adds a cache to the chain; its description is an object of the cache <c>kmem_cache</c>.</summary>
    /// <param name="name">Name, as in slabinfo.</param>
    /// <param name="objectBytes">Size of an object; 1 to <see cref="SlabGeometry.MaxObjectBytes"/>.</param>
    /// <param name="align">Alignment, a power of two; 0 for none in particular.</param>
    /// <param name="flags">Properties.</param>
    /// <param name="hasConstructor">Objects are constructed when a slab is made.</param>
    /// <param name="cpu">The CPU that works.</param>
    /// <param name="cause">Sequence of the event that led here; -1 for none.</param>
    /// <returns>The cache's number.</returns>
    /// <exception cref="ArgumentException">The size or alignment is out of range.</exception>
    public int CreateCache(string name, int objectBytes, int align, SlabFlags flags, bool hasConstructor, CpuClock cpu, long cause)
    {
        if (objectBytes is < 1 or > SlabGeometry.MaxObjectBytes)
        {
            throw new ArgumentException($"A cache of objects of {objectBytes} bytes cannot be: give 1 to {SlabGeometry.MaxObjectBytes}.", nameof(objectBytes));
        }
        if (align < 0 || align > Page.Size || (align & (align - 1)) != 0)
        {
            throw new ArgumentException($"Objects cannot be aligned to {align} bytes: give a power of two up to {Page.Size}, or 0.", nameof(align));
        }
        int number = _state.Caches.Count;
        SlabGeometry geometry = SlabGeometry.Of(objectBytes, align, flags, _state.Machine, _kmalloc.CanDescribe);
        SlabFlags kept = geometry.OffSlab ? flags | SlabFlags.OffSlab : flags & ~SlabFlags.OffSlab;
        var e = new SlabCacheCreate(_journal.Intern(name), objectBytes, geometry.Size, (byte)geometry.GfpOrder, geometry.Objects,
            geometry.ManagementBytes, geometry.ColourBytes, geometry.Colours, hasConstructor, (byte)kept);
        EventHeader header = _journal.Emit(in e, cause);
        _state.Apply(in e, in header);
        if (number > 0)
        {
            Alloc(0, GfpFlags.Kernel, cpu, header.Sequence);
        }
        return number;
    }

    /// <summary>Asks a cache for an object.</summary>
    /// <returns>The object's physical address, or -1 when there is no memory for another slab.</returns>
    public long Alloc(int cache, GfpFlags gfp, CpuClock cpu, long cause) =>
        Alloc(_state.Cache(cache), _state.Cache(cache).ObjectBytes, gfp, cpu, cause);

    /// <summary>Gives an object back.</summary>
    /// <exception cref="InvalidOperationException">No object of a cache begins there, or it is free already.</exception>
    public void Free(long address, CpuClock cpu, long cause)
    {
        ref Frame frame = ref _frames[address >> Page.Shift];
        if (frame.Use != FrameUse.Slab)
        {
            throw new InvalidOperationException($"Address 0x{address:x} is not in a slab: its frame is {frame.State}.");
        }
        ref SlabRecord slab = ref _state.Slab(frame.Index);
        SlabCache cache = _state.Cache(slab.Cache);
        Check(in slab, cache, address);
        cpu.Charge(_freePs);
        var e = new SlabFree(address, cache.Number);
        EventHeader header = _journal.Emit(in e, cause);
        _state.Apply(in e, in header);
    }

    /// <summary>Asks for bytes: an object of the smallest general cache that holds them, or beyond 128 KiB a block of frames.</summary>
    /// <returns>The physical address, or -1 when there is no memory or no block that large.</returns>
    public long Kmalloc(long bytes, GfpFlags gfp, CpuClock cpu, long cause)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bytes, 1);
        int cache = _kmalloc.For(bytes, (gfp & GfpFlags.Dma) != 0);
        if (cache >= 0)
        {
            return Alloc(_state.Cache(cache), (int)bytes, gfp, cpu, cause);
        }
        if (bytes > Page.Size << PageOrder.Max)
        {
            return -1;
        }
        long pfn = _pages.AllocPages(PageOrder.Of(bytes), gfp | GfpFlags.Compound, KernelUser.LargeKmalloc, cpu, cause);
        return pfn < 0 ? -1 : pfn << Page.Shift;
    }

    /// <summary>Gives back what <see cref="Kmalloc"/> handed out.</summary>
    /// <exception cref="InvalidOperationException">Nothing that was handed out begins there.</exception>
    public void Kfree(long address, CpuClock cpu, long cause)
    {
        ref Frame frame = ref _frames[address >> Page.Shift];
        if (frame.Use == FrameUse.Slab)
        {
            Free(address, cpu, cause);
            return;
        }
        if (frame.Owner != KernelUser.LargeKmalloc || (address & (Page.Size - 1)) != 0)
        {
            throw new InvalidOperationException($"Address 0x{address:x} was not handed out by kmalloc: its frame is {frame.State}.");
        }
        _pages.FreePages(address >> Page.Shift, frame.Order, cpu, cause);
    }

    /// <summary>Takes a cache's empty slabs apart (<c>kmem_cache_shrink</c>); returns the frames given back.</summary>
    public long Reap(int cache, CpuClock cpu, long cause)
    {
        SlabCache reaped = _state.Cache(cache);
        long pages = 0;
        int number;
        while ((number = _state.Slab(reaped.Empty).Next) != reaped.Empty)
        {
            SlabRecord slab = _state.Slab(number);
            cpu.Charge(_growPs);
            var e = new SlabReap(slab.Pfn, cache);
            EventHeader header = _journal.Emit(in e, cause);
            _state.Apply(in e, in header);
            _pages.FreePages(slab.Pfn, reaped.GfpOrder, cpu, header.Sequence);
            if (slab.Description != 0)
            {
                Free(slab.Description, cpu, header.Sequence);
            }
            pages += 1L << reaped.GfpOrder;
        }
        return pages;
    }

    /// <summary>Takes the empty slabs of all caches apart (<c>cache_reap</c>); returns the frames given back.</summary>
    public long ReapAll(CpuClock cpu, long cause)
    {
        long pages = 0;
        // Backwards: descriptions lie in general caches, which come first in the chain and then lose slabs too.
        for (int cache = _state.Caches.Count - 1; cache >= 0; cache--)
        {
            pages += Reap(cache, cpu, cause);
        }
        return pages;
    }

    private long Alloc(SlabCache cache, int requestedBytes, GfpFlags gfp, CpuClock cpu, long cause)
    {
        // Per-CPU arrays of objects answer first where there are any; then partial, empty, and new slabs.
        int number = _state.Slab(cache.Partial).Next;
        if (number == cache.Partial)
        {
            number = _state.Slab(cache.Empty).Next;
            if (number == cache.Empty)
            {
                if (!Grow(cache, gfp, cpu, cause))
                {
                    return -1;
                }
                number = _state.Slab(cache.Empty).Next;
            }
        }
        ref SlabRecord slab = ref _state.Slab(number);
        long address = SlabState.AddressOf(in slab, cache, slab.Free);
        cpu.Charge(_allocPs);
        var e = new SlabAlloc(address, cache.Number, requestedBytes);
        EventHeader header = _journal.Emit(in e, cause);
        _state.Apply(in e, in header);
        return address;
    }

    /// <summary>Makes a slab of new frames; false when there is no memory for it or its description.</summary>
    private bool Grow(SlabCache cache, GfpFlags gfp, CpuClock cpu, long cause)
    {
        GfpFlags pageGfp = gfp & ~(GfpFlags.Zero | GfpFlags.HighMem | GfpFlags.Movable);
        pageGfp |= (cache.Flags & SlabFlags.CacheDma) != 0 ? GfpFlags.Dma : 0;
        pageGfp |= (cache.Flags & SlabFlags.ReclaimAccount) != 0 ? GfpFlags.Reclaimable : 0;
        pageGfp |= cache.GfpOrder > 0 ? GfpFlags.Compound : 0;
        long pfn = _pages.AllocPages(cache.GfpOrder, pageGfp, KernelUser.SlabCache(cache.Number), cpu, cause);
        if (pfn < 0)
        {
            return false;
        }
        long description = 0;
        if ((cache.Flags & SlabFlags.OffSlab) != 0)
        {
            SlabCache general = _state.Cache(_kmalloc.For(cache.ManagementBytes, dma: false));
            description = Alloc(general, cache.ManagementBytes, gfp & ~GfpFlags.Dma, cpu, cause);
            if (description < 0)
            {
                _pages.FreePages(pfn, cache.GfpOrder, cpu, cause);
                return false;
            }
        }
        cpu.Charge(_growPs + (cache.HasConstructor ? cache.ObjectsPerSlab * _constructPs : 0));
        var e = new SlabGrow(pfn, cache.Number, description);
        EventHeader header = _journal.Emit(in e, cause);
        _state.Apply(in e, in header);
        return true;
    }

    private void Check(in SlabRecord slab, SlabCache cache, long address)
    {
        int index = SlabState.IndexOf(in slab, cache, address);
        if ((uint)index >= (uint)cache.ObjectsPerSlab || SlabState.AddressOf(in slab, cache, index) != address)
        {
            throw new InvalidOperationException($"No object of cache {_journal.Symbols[cache.Name]} begins at 0x{address:x}.");
        }
        if (!_state.IsTaken(in slab, index))
        {
            throw new InvalidOperationException($"The object of cache {_journal.Symbols[cache.Name]} at 0x{address:x} is freed twice.");
        }
    }
}
