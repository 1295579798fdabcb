using Sim.Engine.Events;
using Sim.Engine.Random;
using Sim.Hardware.Cpu;
using Sim.Kernel.Buddy;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Slab;

/// <summary>What stands between a cache and its slabs: SLUB or the classic slab. It decides; <see cref="SlabState"/> changes through events.</summary>
internal abstract class ObjectAllocator(SlabState state, PageAllocator pages, Journal journal, SlabAllocatorOptions options, RandomStream? freelistRandom)
{
    /// <summary>What of a request's gfp reaches the page allocator (<c>GFP_RECLAIM_MASK</c>, <c>GFP_CONSTRAINT_MASK</c>).</summary>
    private const GfpFlags PassedOn = GfpFlags.Kernel | GfpFlags.High | GfpFlags.AtomicBit | GfpFlags.NoWarn | GfpFlags.RetryMayFail
        | GfpFlags.NoFail | GfpFlags.NoRetry | GfpFlags.MemAlloc | GfpFlags.NoMemAlloc | GfpFlags.Hardwall | GfpFlags.ThisNode;

    private readonly long _growPs = options.GrowNs * 1000L, _constructPs = options.ConstructNs * 1000L;

    protected SlabState State { get; } = state;

    protected Journal Journal { get; } = journal;

    protected long AllocPs { get; } = options.AllocNs * 1000L;

    protected long FreePs { get; } = options.FreeNs * 1000L;

    protected long RefillPs { get; } = options.RefillNs * 1000L;

    /// <summary>The layout and sizes of a cache to be made; the name and number are the caller's.</summary>
    public abstract SlabCacheCreate Plan(int name, int objectBytes, int align, SlabFlags flags);

    /// <summary>Hands out an object; -1 when there is no memory for another slab.</summary>
    public abstract long Alloc(SlabCache cache, int requestedBytes, GfpFlags gfp, CpuClock cpu, long cause);

    /// <summary>Takes back an object that is handed out.</summary>
    public abstract void Free(SlabCache cache, long address, CpuClock cpu, long cause);

    /// <summary>Takes apart what a cache can do without (<c>kmem_cache_shrink</c>).</summary>
    public abstract void Shrink(SlabCache cache, CpuClock cpu, long cause);

    /// <summary>A round of the CPU's reaping timer.</summary>
    public abstract void Reap(long nodePeriodPs, CpuClock cpu, long cause);

    /// <summary>Frees the description of a slab that was taken apart.</summary>
    public Action<long, CpuClock, long> FreeDescription { get; set; } = (_, _, _) => { };

    /// <summary>Allocates the description of a slab to be made; -1 when there is no memory for it.</summary>
    public Func<int, GfpFlags, CpuClock, long, long> AllocDescription { get; set; } = (_, _, _, _) => -1;

    /// <summary>Asks for the frames of a slab.</summary>
    /// <returns>The first frame, or -1.</returns>
    protected long AllocFrames(SlabCache cache, int order, GfpFlags gfp, CpuClock cpu, long cause) =>
        pages.AllocPages(order, gfp, KernelUser.SlabCache(cache.Number), cpu, cause);

    /// <summary>Gives a block of frames back that did not become a slab.</summary>
    protected void FreeFrames(long pfn, int order, CpuClock cpu, long cause) => pages.FreePages(pfn, order, cpu, cause);

    /// <summary>The gfp of a slab's frames before the allocator's own wishes.</summary>
    protected static GfpFlags FrameGfp(SlabCache cache, GfpFlags gfp)
    {
        GfpFlags frames = gfp & PassedOn;
        frames |= (cache.Flags & SlabFlags.CacheDma) != 0 ? GfpFlags.Dma : 0;
        frames |= (cache.Flags & SlabFlags.CacheDma32) != 0 ? GfpFlags.Dma32 : 0;
        frames |= (cache.Flags & SlabFlags.ReclaimAccount) != 0 ? GfpFlags.Reclaimable : 0;
        return frames;
    }

    /// <summary>Makes frames a slab.</summary>
    protected void Grow(SlabCache cache, long pfn, int order, int colour, long description, CpuClock cpu, long cause)
    {
        cpu.Charge(_growPs + (cache.HasConstructor ? cache.ObjectsPerSlab * _constructPs : 0));
        int start = cache.RandomOrder is null ? 0 : (int)freelistRandom!.NextBelow((ulong)cache.ObjectsPerSlab);
        var e = new SlabGrow(pfn, cache.Number, description, (byte)order, colour, start);
        EventHeader header = Journal.Emit(in e, cause);
        State.Apply(in e, in header);
    }

    /// <summary>Takes an empty slab apart and gives its frames back.</summary>
    protected void Destroy(SlabCache cache, int number, CpuClock cpu, long cause)
    {
        SlabRecord slab = State.Slab(number);
        cpu.Charge(_growPs);
        var e = new SlabReap(slab.Pfn, cache.Number);
        EventHeader header = Journal.Emit(in e, cause);
        State.Apply(in e, in header);
        pages.FreePages(slab.Pfn, slab.Order, cpu, header.Sequence);
        if (slab.Description != 0)
        {
            FreeDescription(slab.Description, cpu, header.Sequence);
        }
    }

    /// <summary>The seed of a new cache's random order; 0 for the natural one.</summary>
    protected long FreelistSeed(int objects) => freelistRandom is null || objects < 2 ? 0 : (long)(freelistRandom.NextUInt64() >> 1) | 1;
}
