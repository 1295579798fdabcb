using System.Numerics;
using Sim.Engine.Events;
using Sim.Engine.Random;
using Sim.Hardware.Cpu;
using Sim.Kernel.Buddy;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Slab;

/// <summary>
/// SLUB (mm/slub.c of 6.1): a CPU allocates from its own slab; when that has no free object left it goes on with its own
/// partial slabs, the node's, or a new one.
/// </summary>
internal sealed class Slub : ObjectAllocator
{
    private readonly SlubLayout _layout;
    private readonly bool _cpuPartial;

    public Slub(SlabState state, PageAllocator pages, Journal journal, SlabAllocatorOptions options, RandomStream? freelistRandom)
        : base(state, pages, journal, options, freelistRandom)
    {
        _layout = SlubLayout.For(options, state.Cpus);
        _cpuPartial = options.CpuPartial;
    }

    /// <inheritdoc/>
    public override SlabCacheCreate Plan(int name, int objectBytes, int align, SlabFlags flags)
    {
        SlabGeometry g = _layout.Of(objectBytes, align, flags, State.Machine);
        return new SlabCacheCreate(
            name, objectBytes, g.Size, g.Align, (byte)g.GfpOrder, g.Objects, g.ManagementBytes, g.Colours, (ushort)flags,
            _cpuPartial ? CpuPartialSlabsFor(g.Size, g.Objects) : 0, MinPartialFor(g.Size), FreelistSeed(g.Objects));
    }

    /// <summary>Partial slabs a node keeps: more of large objects, whose slabs cost more to make (<c>kmem_cache_open</c>).</summary>
    public static int MinPartialFor(int size) => Math.Clamp(BitOperations.Log2((uint)size) / 2, 5, 10);

    /// <summary>Slabs that hold the objects a CPU may keep when they are half full (<c>set_cpu_partial</c>, <c>slub_set_cpu_partial</c>).</summary>
    public static int CpuPartialSlabsFor(int size, int objectsPerSlab)
    {
        int objects = size switch
        {
            >= (int)Page.Size => 6,
            >= 1024 => 24,
            >= 256 => 52,
            _ => 120,
        };
        return ((objects * 2) + objectsPerSlab - 1) / objectsPerSlab;
    }

    /// <inheritdoc/>
    public override long Alloc(SlabCache cache, int requestedBytes, GfpFlags gfp, CpuClock cpu, long cause)
    {
        if (cache.Cpu(cpu.Id).Freelist == SlabState.End && !Refill(cache, gfp, cpu, cause))
        {
            return -1;
        }
        ref SlubCpu own = ref cache.Cpu(cpu.Id);
        long address = SlabState.AddressOf(in State.Slab(own.Slab), cache, own.Freelist);
        cpu.Charge(AllocPs);
        var e = new SlabAlloc(address, cache.Number, requestedBytes, (byte)cpu.Id);
        EventHeader header = Journal.Emit(in e, cause);
        State.Apply(in e, in header);
        return address;
    }

    /// <inheritdoc/>
    public override void Free(SlabCache cache, long address, CpuClock cpu, long cause)
    {
        int number = State.SlabOf(address);
        SlabPlace before = State.Slab(number).Place;
        cpu.Charge(FreePs);
        var e = new SlabFree(address, cache.Number, (byte)cpu.Id);
        EventHeader header = Journal.Emit(in e, cause);
        State.Apply(in e, in header);

        ref SlabRecord slab = ref State.Slab(number);
        if (before == SlabPlace.Full && slab.Place == SlabPlace.CpuPartial && slab.PartialSlabs > cache.CpuPartialSlabs)
        {
            Unfreeze(cache, cpu, slab.PartialSlabs - 1, header.Sequence);
        }
        else if (slab.Place == SlabPlace.NodePartial && slab.InUse == 0 && cache.NodePartial >= cache.MinPartial)
        {
            Destroy(cache, number, cpu, header.Sequence);
        }
        else if (slab.Place == SlabPlace.Discard)
        {
            DestroyDiscarded(cache, cpu, header.Sequence);
        }
    }

    /// <inheritdoc/>
    public override void Shrink(SlabCache cache, CpuClock cpu, long cause)
    {
        cpu.Charge(RefillPs);
        var e = new SlabShrink(cache.Number);
        EventHeader header = Journal.Emit(in e, cause);
        State.Apply(in e, in header);
        DestroyDiscarded(cache, cpu, header.Sequence);
    }

    /// <summary>SLUB gives slabs back when they empty; it has no timer.</summary>
    public override void Reap(long nodePeriodPs, CpuClock cpu, long cause)
    {
    }

    /// <summary>Gives the CPU a slab with free objects; false when there is no memory for a new one.</summary>
    private bool Refill(SlabCache cache, GfpFlags gfp, CpuClock cpu, long cause)
    {
        SlubCpu own = cache.Cpu(cpu.Id);
        cpu.Charge(RefillPs);
        if (own.Slab != SlabState.End && State.Slab(own.Slab).Free != SlabState.End)
        {
            Take(cache, own.Slab, CpuSlabSource.Own, further: 0, cpu, cause);
            return true;
        }
        if (own.Partial != SlabState.End)
        {
            Take(cache, own.Partial, CpuSlabSource.CpuPartial, further: 0, cpu, cause);
            return true;
        }
        if (cache.NodePartial > 0)
        {
            Take(cache, State.Slab(cache.Partial).Next, CpuSlabSource.NodePartial, State.FurtherPartial(cache), cpu, cause);
            return true;
        }
        if (own.Slab != SlabState.End)
        {
            Emit(new SlabCpuSlab(0, cache.Number, (byte)cpu.Id, CpuSlabSource.None, 0), cause);
        }
        long pfn = NewSlab(cache, gfp, cpu, cause);
        if (pfn < 0)
        {
            return false;
        }
        Emit(new SlabCpuSlab(pfn, cache.Number, (byte)cpu.Id, CpuSlabSource.New, 0), cause);
        return true;
    }

    private void Take(SlabCache cache, int number, CpuSlabSource source, int further, CpuClock cpu, long cause) =>
        Emit(new SlabCpuSlab(State.Slab(number).Pfn, cache.Number, (byte)cpu.Id, source, further), cause);

    private void Emit(in SlabCpuSlab e, long cause)
    {
        EventHeader header = Journal.Emit(in e, cause);
        State.Apply(in e, in header);
    }

    /// <summary>
    /// A slab of new frames. The first attempt is half-hearted: it neither reclaims for a larger block than an object needs
    /// nor warns; the second is as the caller asked, for the least block (<c>allocate_slab</c>).
    /// </summary>
    private long NewSlab(SlabCache cache, GfpFlags gfp, CpuClock cpu, long cause)
    {
        int order = cache.GfpOrder;
        long pfn = AllocFrames(cache, order, FirstAttempt(cache, gfp), cpu, cause);
        if (pfn < 0)
        {
            order = cache.MinOrder;
            pfn = AllocFrames(cache, order, Wanted(cache, gfp), cpu, cause);
        }
        if (pfn >= 0)
        {
            Grow(cache, pfn, order, colour: 0, description: 0, cpu, cause);
        }
        return pfn;
    }

    /// <summary>How a slab of the full order is asked for.</summary>
    internal static GfpFlags FirstAttempt(SlabCache cache, GfpFlags gfp)
    {
        GfpFlags first = (Wanted(cache, gfp) | GfpFlags.NoWarn | GfpFlags.NoRetry) & ~GfpFlags.NoFail;
        return (first & GfpFlags.DirectReclaim) != 0 && cache.GfpOrder > cache.MinOrder
            ? (first | GfpFlags.NoMemAlloc) & ~(GfpFlags.DirectReclaim | GfpFlags.KswapdReclaim)
            : first;
    }

    private static GfpFlags Wanted(SlabCache cache, GfpFlags gfp) =>
        FrameGfp(cache, gfp) | (cache.GfpOrder > 0 ? GfpFlags.Compound : 0);

    /// <summary>The CPU's partial list is over its limit: the slab that just joined stays, those before it go to the node.</summary>
    private void Unfreeze(SlabCache cache, CpuClock cpu, int moved, long cause)
    {
        cpu.Charge(RefillPs);
        var e = new SlabUnfreeze(cache.Number, (byte)cpu.Id, 1, moved);
        EventHeader header = Journal.Emit(in e, cause);
        State.Apply(in e, in header);
        DestroyDiscarded(cache, cpu, header.Sequence);
    }

    private void DestroyDiscarded(SlabCache cache, CpuClock cpu, long cause)
    {
        while (State.Discard != SlabState.End)
        {
            Destroy(cache, State.Discard, cpu, cause);
        }
    }
}
