using Sim.Engine.Events;
using Sim.Engine.Random;
using Sim.Hardware.Cpu;
using Sim.Kernel.Buddy;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Slab;

/// <summary>
/// The classic slab allocator (mm/slab.c): a request is answered from the CPU's array of objects; an empty array is filled
/// from the shared one, from partial slabs, from free ones, or from a new slab; a full one gives half away.
/// </summary>
internal sealed class ArraySlab : ObjectAllocator
{
    /// <summary>An array that was not in use lately gets no more than this (<c>BATCHREFILL_LIMIT</c>).</summary>
    private const int IdleBatch = 16;

    private readonly Func<int, int> _generalBytes;

    /// <param name="state">What it manages.</param>
    /// <param name="pages">Where slabs get their frames.</param>
    /// <param name="journal">Where its decisions go.</param>
    /// <param name="options">Settings.</param>
    /// <param name="freelistRandom">For the order of new slabs; null for the natural one.</param>
    /// <param name="generalBytes">Bytes an object of the general cache for so many bytes takes; 0 when none can hold a slab's description.</param>
    public ArraySlab(
        SlabState state, PageAllocator pages, Journal journal, SlabAllocatorOptions options, RandomStream? freelistRandom, Func<int, int> generalBytes)
        : base(state, pages, journal, options, freelistRandom)
    {
        _generalBytes = generalBytes;
    }

    /// <inheritdoc/>
    public override SlabCacheCreate Plan(int name, int objectBytes, int align, SlabFlags flags)
    {
        SlabGeometry g = State.Machine.Is26
            ? BufctlLayout.Of(objectBytes, align, flags, State.Machine, _generalBytes(1) > 0)
            : ArraySlabLayout.Of(objectBytes, align, flags, State.Machine, _generalBytes);
        flags = (flags & ~(SlabFlags.OffSlab | SlabFlags.ObjFreelist))
            | (g.OffSlab ? SlabFlags.OffSlab : 0) | (g.ObjFreelist ? SlabFlags.ObjFreelist : 0);
        var tuning = ArrayTuning.For(g.Size, State.Cpus);
        return new SlabCacheCreate(
            name, objectBytes, g.Size, g.Align, (byte)g.GfpOrder, g.Objects, g.ManagementBytes, g.Colours, (ushort)flags,
            tuning.Limit, tuning.SharedFactor, FreelistSeed(g.Objects));
    }

    /// <inheritdoc/>
    public override long Alloc(SlabCache cache, int requestedBytes, GfpFlags gfp, CpuClock cpu, long cause)
    {
        ArrayCache array = cache.Array(cpu.Id);
        if (array.Available == 0 && !Refill(cache, array, gfp, cpu, cause))
        {
            return -1;
        }
        long address = array.Last;
        cpu.Charge(AllocPs);
        var e = new SlabAlloc(address, cache.Number, requestedBytes, (byte)cpu.Id);
        EventHeader header = Journal.Emit(in e, cause);
        State.Apply(in e, in header);
        return address;
    }

    /// <inheritdoc/>
    public override void Free(SlabCache cache, long address, CpuClock cpu, long cause)
    {
        ArrayCache array = cache.Array(cpu.Id);
        if (array.Available == array.Limit)
        {
            MakeRoom(cache, array, cpu, cause);
        }
        cpu.Charge(FreePs);
        var e = new SlabFree(address, cache.Number, (byte)cpu.Id);
        EventHeader header = Journal.Emit(in e, cause);
        State.Apply(in e, in header);
    }

    /// <inheritdoc/>
    public override void Shrink(SlabCache cache, CpuClock cpu, long cause)
    {
        for (int i = 0; i < cache.Cpus; i++)
        {
            Flush(cache, i, cache.Array(i).Available, cpu, cause);
        }
        Flush(cache, -1, cache.SharedAvailable, cpu, cause);
        DestroyFree(cache, int.MaxValue, cpu, cause);
    }

    /// <summary>
    /// <c>cache_reap</c>: arrays that were not in use since the last round lose a fifth of their limit; and in the node's turn a
    /// cache without need of its free slabs loses some.
    /// </summary>
    public override void Reap(long nodePeriodPs, CpuClock cpu, long cause)
    {
        bool node = cpu.TimePs - State.LastNodeReapPs >= nodePeriodPs;
        for (int number = State.Caches.Count - 1; number >= 0; number--)
        {
            SlabCache cache = State.Cache(number);
            DrainIdle(cache, cache.Array(cpu.Id), cpu.Id, cpu, cause);
            if (!node)
            {
                continue;
            }
            if (cache.Shared is { } shared)
            {
                DrainIdle(cache, shared, -1, cpu, cause);
            }
            if (!cache.FreeTouched)
            {
                int fifth = 5 * cache.ObjectsPerSlab;
                DestroyFree(cache, (cache.FreeLimit + fifth - 1) / fifth, cpu, cause);
            }
        }
        var e = new SlabReapRound((byte)cpu.Id, node);
        EventHeader header = Journal.Emit(in e, cause);
        State.Apply(in e, in header);
    }

    private void DrainIdle(SlabCache cache, ArrayCache array, int arrayOf, CpuClock cpu, long cause)
    {
        if (array.Available == 0 || array.Touched)
        {
            return;
        }
        int objects = (array.Limit + 4) / 5;
        Flush(cache, arrayOf, objects > array.Available ? (array.Available + 1) / 2 : objects, cpu, cause);
    }

    private bool Refill(SlabCache cache, ArrayCache array, GfpFlags gfp, CpuClock cpu, long cause)
    {
        int batch = array.Touched ? array.BatchCount : Math.Min(array.BatchCount, IdleBatch);
        cpu.Charge(RefillPs);
        if (cache.SharedAvailable > 0)
        {
            Fill(cache, ArrayRefillSource.Shared, batch, cpu, cause);
            return true;
        }
        if (cache.FreeObjects > 0)
        {
            Fill(cache, ArrayRefillSource.Lists, batch, cpu, cause);
            return true;
        }
        if (!Grow(cache, gfp, cpu, cause))
        {
            // Reclaim may have freed objects of this very cache, although no frames.
            return array.Available > 0;
        }
        // A description's own allocation may have grown the same cache and filled the array.
        if (array.Available == 0)
        {
            Fill(cache, ArrayRefillSource.New, batch, cpu, cause);
        }
        return true;
    }

    private void Fill(SlabCache cache, ArrayRefillSource source, int batch, CpuClock cpu, long cause)
    {
        var e = new SlabArrayRefill(cache.Number, (byte)cpu.Id, source, batch);
        EventHeader header = Journal.Emit(in e, cause);
        State.Apply(in e, in header);
    }

    /// <summary>Makes a slab of new frames; false when there is no memory for it or its description.</summary>
    private bool Grow(SlabCache cache, GfpFlags gfp, CpuClock cpu, long cause)
    {
        long pfn = AllocFrames(cache, cache.GfpOrder, FrameGfp(cache, gfp) | GfpFlags.Compound, cpu, cause);
        if (pfn < 0)
        {
            return false;
        }
        long description = 0;
        if ((cache.Flags & SlabFlags.OffSlab) != 0)
        {
            description = AllocDescription(cache.ManagementBytes, gfp & ~(GfpFlags.Dma | GfpFlags.Dma32), cpu, cause);
            if (description < 0)
            {
                FreeFrames(pfn, cache.GfpOrder, cpu, cause);
                return false;
            }
        }
        Grow(cache, pfn, cache.GfpOrder, (cache.LastColour + 1) % cache.Colours, description, cpu, cause);
        return true;
    }

    /// <summary>Half of a full array goes to the shared one while that has room, otherwise to the slabs (<c>cache_flusharray</c>).</summary>
    private void MakeRoom(SlabCache cache, ArrayCache array, CpuClock cpu, long cause)
    {
        int room = cache.Shared is { } shared ? shared.Limit - shared.Available : 0;
        if (room == 0)
        {
            Flush(cache, cpu.Id, array.BatchCount, cpu, cause);
            return;
        }
        cpu.Charge(RefillPs);
        var e = new SlabArrayFlush(cache.Number, cpu.Id, Math.Min(array.BatchCount, room), true);
        EventHeader header = Journal.Emit(in e, cause);
        State.Apply(in e, in header);
    }

    /// <summary>Gives the first objects of an array back to their slabs, and frames of free slabs beyond the limit to the page allocator.</summary>
    private void Flush(SlabCache cache, int arrayOf, int objects, CpuClock cpu, long cause)
    {
        if (objects == 0)
        {
            return;
        }
        cpu.Charge(RefillPs);
        var e = new SlabArrayFlush(cache.Number, arrayOf, objects, false);
        EventHeader header = Journal.Emit(in e, cause);
        State.Apply(in e, in header);
        while (cache.FreeObjects > cache.FreeLimit && cache.FreeSlabs > 0)
        {
            DestroyFree(cache, 1, cpu, header.Sequence);
        }
    }

    /// <summary>Takes up to that many free slabs apart, the one free for longest first (<c>drain_freelist</c>).</summary>
    private void DestroyFree(SlabCache cache, int slabs, CpuClock cpu, long cause)
    {
        for (; slabs > 0 && cache.FreeSlabs > 0; slabs--)
        {
            Destroy(cache, State.Slab(cache.Empty).Prev, cpu, cause);
        }
    }
}
