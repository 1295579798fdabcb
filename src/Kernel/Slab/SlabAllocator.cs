using Sim.Engine.Events;
using Sim.Engine.Random;
using Sim.Hardware.Cpu;
using Sim.Kernel.Buddy;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Slab;

/// <summary>
/// Caches of equal objects and <c>kmalloc</c> (mm/slab_common.c): the chain of caches, which of them are one, the general
/// ones. Objects come from SLUB or the classic slab, as the options say.
/// </summary>
/// <remarks>An object is named by its physical address: pfn × 4096 + offset.</remarks>
public sealed class SlabAllocator
{
    private readonly SlabState _state;
    private readonly PageAllocator _pages;
    private readonly FrameTable _frames;
    private readonly Journal _journal;
    private readonly KmallocCaches _kmalloc;
    private readonly ObjectAllocator _objects;
    private readonly bool _merge;

    /// <param name="state">What it manages.</param>
    /// <param name="pages">Where slabs get their frames.</param>
    /// <param name="journal">Where its decisions go.</param>
    /// <param name="options">Settings; the allocator is the state's.</param>
    /// <param name="seed">The run's seed.</param>
    public SlabAllocator(SlabState state, PageAllocator pages, Journal journal, SlabAllocatorOptions options, ulong seed = 0)
    {
        _state = state;
        _pages = pages;
        _frames = pages.State.Frames;
        _journal = journal;
        _kmalloc = new KmallocCaches(state);
        RandomStream? random = options.FreelistRandom ? new RandomStream(seed, "kernel/slab/freelist") : null;
        bool slub = state.Kind == SlabAllocatorKind.Slub;
        _objects = slub
            ? new Slub(state, pages, journal, options, random)
            : new ArraySlab(state, pages, journal, options, random, _kmalloc.GeneralBytes);
        _objects.AllocDescription = (bytes, gfp, cpu, cause) => Kmalloc(bytes, gfp, cpu, cause);
        _objects.FreeDescription = Kfree;
        _merge = options.Merge && (slub || !state.Machine.Is26);
    }

    /// <summary>What it manages.</summary>
    public SlabState State => _state;

    private long Frames => _state.Pages(reclaimable: true) + _state.Pages(reclaimable: false);

    /// <summary>Makes the caches the allocator itself needs and the general ones; the first thing after boot (<c>kmem_cache_init</c>).</summary>
    public void Initialize(CpuClock cpu)
    {
        bool slub = _state.Kind == SlabAllocatorKind.Slub;
        int bytes = slub ? _state.Machine.SlubCacheBytes : _state.Machine.CacheDescriptorBytes;
        _kmalloc.Unmergeable.Add(Make("kmem_cache", bytes, 0, SlabFlags.HwCacheAlign, cpu, -1));
        if (slub)
        {
            _kmalloc.Unmergeable.Add(Make("kmem_cache_node", _state.Machine.SlubNodeBytes, 0, SlabFlags.HwCacheAlign, cpu, -1));
        }
        _kmalloc.Create(this, cpu);
    }

    /// <summary>
    /// Adds a cache to the chain, unless one there can stand in for it; its description is an object of the cache <c>kmem_cache</c>.
    /// </summary>
    /// <param name="name">Name, as in slabinfo.</param>
    /// <param name="objectBytes">Size of an object; 1 to <see cref="SlabGeometry.MaxObjectBytes"/>.</param>
    /// <param name="align">Alignment, a power of two; 0 for none in particular.</param>
    /// <param name="flags">Properties.</param>
    /// <param name="cpu">The CPU that works.</param>
    /// <param name="cause">Sequence of the event that led here; -1 for none.</param>
    /// <returns>The number of the cache that serves it.</returns>
    /// <exception cref="ArgumentException">The size or alignment is out of range.</exception>
    public int CreateCache(string name, int objectBytes, int align, SlabFlags flags, CpuClock cpu, long cause)
    {
        if (objectBytes is < 1 or > SlabGeometry.MaxObjectBytes)
        {
            throw new ArgumentException($"A cache of objects of {objectBytes} bytes cannot be: give 1 to {SlabGeometry.MaxObjectBytes}.", nameof(objectBytes));
        }
        if (align < 0 || align > Page.Size || (align & (align - 1)) != 0)
        {
            throw new ArgumentException($"Objects cannot be aligned to {align} bytes: give a power of two up to {Page.Size}, or 0.", nameof(align));
        }
        if (_merge && CacheMerging.Find(_state, _kmalloc.Unmergeable, objectBytes, align, flags) is { } same)
        {
            var e = new SlabCacheAlias(_journal.Intern(name), same.Number, objectBytes);
            EventHeader header = _journal.Emit(in e, cause);
            _state.Apply(in e, in header);
            return same.Number;
        }
        return Make(name, objectBytes, align, flags, cpu, cause);
    }

    /// <summary>Asks a cache for an object.</summary>
    /// <returns>The object's physical address, or -1 when there is no memory for another slab.</returns>
    public long Alloc(int cache, GfpFlags gfp, CpuClock cpu, long cause)
    {
        SlabCache from = _state.Cache(cache);
        return _objects.Alloc(from, from.ObjectBytes, gfp, cpu, cause);
    }

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
        _objects.Free(cache, address, cpu, cause);
    }

    /// <summary>
    /// Asks for bytes: an object of the smallest general cache that holds them, of the family that the gfp says, or a block of
    /// frames when none does.
    /// </summary>
    /// <returns>The physical address, or -1 when there is no memory or no block that large.</returns>
    public long Kmalloc(long bytes, GfpFlags gfp, CpuClock cpu, long cause)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bytes, 1);
        int cache = _kmalloc.For(bytes, gfp);
        if (cache >= 0)
        {
            return _objects.Alloc(_state.Cache(cache), (int)bytes, gfp, cpu, cause);
        }
        if (bytes > Page.Size << PageOrder.Max)
        {
            return -1;
        }
        long pfn = _pages.AllocPages(PageOrder.Of(bytes), gfp | GfpFlags.Compound, KernelUser.LargeKmalloc, cpu, cause);
        if (pfn < 0)
        {
            return -1;
        }
        var large = new SlabLargeAlloc(pfn, bytes);
        EventHeader header = _journal.Emit(in large, cause);
        _state.Apply(in large, in header);
        return pfn << Page.Shift;
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
        var large = new SlabLargeFree(address >> Page.Shift);
        EventHeader header = _journal.Emit(in large, cause);
        _state.Apply(in large, in header);
        _pages.FreePages(address >> Page.Shift, frame.Order, cpu, cause);
    }

    /// <summary>Bytes that what <see cref="Kmalloc"/> handed out takes of memory (<c>ksize</c>).</summary>
    public long SizeOf(long address)
    {
        ref readonly Frame frame = ref _frames[address >> Page.Shift];
        return frame.Use == FrameUse.Slab ? _state.Cache(_state.Slab(frame.Index).Cache).SizeBytes : Page.Size << frame.Order;
    }

    /// <summary>Takes a cache's empty slabs apart, and what keeps objects from them (<c>kmem_cache_shrink</c>); returns the frames given back.</summary>
    public long Shrink(int cache, CpuClock cpu, long cause)
    {
        long before = Frames;
        _objects.Shrink(_state.Cache(cache), cpu, cause);
        return before - Frames;
    }

    /// <summary>Shrinks all caches; returns the frames given back.</summary>
    public long ShrinkAll(CpuClock cpu, long cause)
    {
        long before = Frames;
        // Backwards: descriptions lie in general caches, which come first in the chain and then lose slabs too.
        for (int cache = _state.Caches.Count - 1; cache >= 0; cache--)
        {
            _objects.Shrink(_state.Cache(cache), cpu, cause);
        }
        return before - Frames;
    }

    /// <summary>A round of the classic slab's reaping timer on a CPU (<c>cache_reap</c>); SLUB has none.</summary>
    /// <param name="nodePeriodPs">How often shared arrays and free slabs have their turn; the kernel's 4 s (<c>REAPTIMEOUT_NODE</c>) are twice its timer's period.</param>
    /// <param name="cpu">The CPU.</param>
    /// <param name="cause">Sequence of the event that led here; -1 for none.</param>
    /// <returns>The frames given back.</returns>
    public long Reap(long nodePeriodPs, CpuClock cpu, long cause)
    {
        long before = Frames;
        _objects.Reap(nodePeriodPs, cpu, cause);
        return before - Frames;
    }

    /// <summary>Adds a cache without a look at the others.</summary>
    internal int Make(string name, int objectBytes, int align, SlabFlags flags, CpuClock cpu, long cause)
    {
        int number = _state.Caches.Count;
        SlabCacheCreate e = _objects.Plan(_journal.Intern(name), objectBytes, align, flags);
        EventHeader header = _journal.Emit(in e, cause);
        _state.Apply(in e, in header);
        Describe(number, cpu, header.Sequence);
        return number;
    }

    /// <summary>The objects that describe a cache, from when there are caches for them.</summary>
    private void Describe(int number, CpuClock cpu, long cause)
    {
        if (_state.Kind == SlabAllocatorKind.Slub)
        {
            // The first cache gets its own together with the second, when both exist.
            for (int pairs = Math.Min(number, 1) + (number == 1 ? 1 : 0); pairs > 0; pairs--)
            {
                Alloc(0, GfpFlags.Kernel, cpu, cause);
                Alloc(1, GfpFlags.Kernel, cpu, cause);
            }
            return;
        }
        if (number > 0)
        {
            Alloc(0, GfpFlags.Kernel, cpu, cause);
        }
        if (_kmalloc.Exist && !_state.Machine.Is26)
        {
            Kmalloc(_state.Machine.NodeDescriptorBytes, GfpFlags.Kernel, cpu, cause);
        }
    }

    private void Check(in SlabRecord slab, SlabCache cache, long address)
    {
        int index = SlabState.IndexOf(in slab, cache, address);
        if ((uint)index >= (uint)slab.Objects || SlabState.AddressOf(in slab, cache, index) != address)
        {
            throw new InvalidOperationException($"No object of cache {_journal.Symbols[cache.Name]} begins at 0x{address:x}.");
        }
        if (!_state.IsTaken(in slab, index))
        {
            throw new InvalidOperationException($"The object of cache {_journal.Symbols[cache.Name]} at 0x{address:x} is freed twice.");
        }
    }
}
