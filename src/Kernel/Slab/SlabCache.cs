using Sim.Engine.Events;

namespace Sim.Kernel.Slab;

/// <summary>
/// A cache of equal objects (<c>struct kmem_cache</c>): its layout, its lists of slabs and what the CPUs hold of it. Part
/// of the sourced state; changed by <c>Apply</c> only.
/// </summary>
public sealed class SlabCache
{
    private readonly SlubCpu[] _cpus;
    private readonly ArrayCache[] _arrays;

    internal SlabCache(int number, in SlabCacheCreate e, SlabAllocatorKind kind, int cpus, int lineBytes, int lastColour, int full, int partial, int empty)
    {
        Number = number;
        Kind = kind;
        Name = e.Name;
        ObjectBytes = e.ObjectBytes;
        SizeBytes = e.SizeBytes;
        Align = e.Align;
        GfpOrder = e.GfpOrder;
        MinOrder = kind == SlabAllocatorKind.Slub ? Math.Min(e.GfpOrder, SlabGeometry.OrderOf(e.SizeBytes)) : e.GfpOrder;
        ObjectsPerSlab = e.Objects;
        ManagementBytes = e.ManagementBytes;
        ColourBytes = Math.Max(lineBytes, e.Align);
        Colours = e.Colours;
        LastColour = lastColour;
        Flags = (SlabFlags)e.Flags;
        if (kind == SlabAllocatorKind.Slub)
        {
            (CpuPartialSlabs, MinPartial) = (e.CpuLimit, e.NodeLimit);
        }
        else
        {
            Tuning = new ArrayTuning(e.CpuLimit, e.NodeLimit);
            FreeLimit = ((1 + cpus) * Tuning.BatchCount) + e.Objects;
        }
        RandomOrder = e.FreelistSeed == 0 ? null : FreelistOrder.Of(e.Objects, e.FreelistSeed);
        Full = full;
        Partial = partial;
        Empty = empty;
        _cpus = new SlubCpu[kind == SlabAllocatorKind.Slub ? cpus : 0];
        _cpus.AsSpan().Fill(new SlubCpu { Slab = SlabState.End, Freelist = SlabState.End, Partial = SlabState.End });
        _arrays = new ArrayCache[kind == SlabAllocatorKind.Slab ? cpus : 0];
        for (int i = 0; i < _arrays.Length; i++)
        {
            _arrays[i] = new ArrayCache(Tuning.Limit, Tuning.BatchCount);
        }
        Shared = Tuning.SharedFactor > 0 ? new ArrayCache(Tuning.SharedFactor * Tuning.BatchCount, Tuning.BatchCount) : null;
    }

    /// <summary>Place in the cache chain, from 0.</summary>
    public int Number { get; }

    /// <summary>The allocator it belongs to.</summary>
    public SlabAllocatorKind Kind { get; }

    /// <summary>Symbol of the name.</summary>
    public int Name { get; }

    /// <summary>Size asked for when the cache was made, or by the largest of those it stands in for.</summary>
    public int ObjectBytes { get; internal set; }

    /// <summary>Bytes from one object to the next.</summary>
    public int SizeBytes { get; }

    /// <summary>Alignment of the objects.</summary>
    public int Align { get; }

    /// <summary>Order of a slab's block of frames.</summary>
    public int GfpOrder { get; }

    /// <summary>Order of the block that makes do when none of <see cref="GfpOrder"/> is to be had.</summary>
    public int MinOrder { get; }

    public int ObjectsPerSlab { get; }

    /// <summary>Bytes that describe one slab.</summary>
    public int ManagementBytes { get; }

    /// <summary>Distance of two colours.</summary>
    public int ColourBytes { get; }

    public int Colours { get; }

    public bool HasConstructor => (Flags & SlabFlags.Constructor) != 0;

    public SlabFlags Flags { get; }

    /// <summary>SLUB: partial slabs the node keeps before it gives empty ones back.</summary>
    public int MinPartial { get; }

    /// <summary>SLUB: partial slabs a CPU keeps; 0 for none.</summary>
    public int CpuPartialSlabs { get; }

    /// <summary>Classic slab: sizes of the arrays.</summary>
    public ArrayTuning Tuning { get; }

    /// <summary>Classic slab: free objects on lists beyond which free slabs are taken apart.</summary>
    public int FreeLimit { get; }

    /// <summary>Caches it stands in for, itself included.</summary>
    public int References { get; internal set; } = 1;

    /// <summary>Colour of the last slab made.</summary>
    public int LastColour { get; internal set; }

    /// <summary>Objects handed out.</summary>
    public long ActiveObjects { get; internal set; }

    /// <summary>Slabs with at least one object handed out.</summary>
    public int ActiveSlabs { get; internal set; }

    /// <summary>Slabs.</summary>
    public int Slabs { get; internal set; }

    /// <summary>Frames of its slabs.</summary>
    public long Pages { get; internal set; }

    /// <summary>Objects in its slabs.</summary>
    public long Objects { get; internal set; }

    /// <summary>Bytes asked for with the objects handed out; what the objects take beyond is internal fragmentation.</summary>
    public long RequestedBytes { get; internal set; }

    /// <summary>Objects constructed since boot: once each when a slab is made, not at each allocation.</summary>
    public long Constructions { get; internal set; }

    /// <summary>Slabs made since boot.</summary>
    public long Grown { get; internal set; }

    /// <summary>Slabs taken apart since boot.</summary>
    public long Reaped { get; internal set; }

    /// <summary>SLUB: slabs on the node's partial list (<c>nr_partial</c>).</summary>
    public int NodePartial { get; internal set; }

    /// <summary>SLUB: free objects of the slabs on the node's partial list, as <c>count_partial</c> finds them.</summary>
    public long NodePartialFree { get; internal set; }

    /// <summary>Classic slab: free objects in slabs, not in arrays (<c>free_objects</c>).</summary>
    public long FreeObjects { get; internal set; }

    /// <summary>Classic slab: slabs on the free list (<c>free_slabs</c>).</summary>
    public int FreeSlabs { get; internal set; }

    /// <summary>Classic slab: a free slab was looked for since the last round of reaping (<c>free_touched</c>).</summary>
    public bool FreeTouched { get; internal set; }

    /// <summary>Bytes of handed-out objects that nobody asked for.</summary>
    public long WastedBytes => (ActiveObjects * SizeBytes) - RequestedBytes;

    /// <summary>Objects in the shared array.</summary>
    public int SharedAvailable => Shared?.Available ?? 0;

    /// <summary>Head of the list of slabs without a free object; classic slab only.</summary>
    internal int Full { get; }

    /// <summary>Head of the list of slabs with free objects that are in use.</summary>
    internal int Partial { get; }

    /// <summary>Head of the list of slabs without an object in use; classic slab only.</summary>
    internal int Empty { get; }

    /// <summary>First of the cache's unused stretches of the bufctl pool; -1 for none.</summary>
    internal int SpareBufctl { get; set; } = -1;

    /// <summary>Order in which a new slab hands its objects out; null for the natural one.</summary>
    internal int[]? RandomOrder { get; }

    /// <summary>What the node's CPUs share; null for nothing.</summary>
    internal ArrayCache? Shared { get; }

    /// <summary>Number of CPUs.</summary>
    internal int Cpus => _cpus.Length + _arrays.Length;

    /// <summary>SLUB: what a CPU holds.</summary>
    internal ref SlubCpu Cpu(int cpu) => ref _cpus[cpu];

    /// <summary>Classic slab: a CPU's array.</summary>
    internal ArrayCache Array(int cpu) => _arrays[cpu];

    internal void HashInto(ref XxHash64 hash)
    {
        hash.Add(Name);
        hash.Add(ObjectBytes);
        hash.Add(References);
        hash.Add(LastColour);
        hash.Add(ActiveObjects);
        hash.Add(ActiveSlabs);
        hash.Add(Slabs);
        hash.Add(Pages);
        hash.Add(Objects);
        hash.Add(RequestedBytes);
        hash.Add(Constructions);
        hash.Add(Grown);
        hash.Add(Reaped);
        hash.Add(NodePartial);
        hash.Add(NodePartialFree);
        hash.Add(FreeObjects);
        hash.Add(FreeSlabs);
        hash.Add(FreeTouched ? 1 : 0);
        hash.Add(SpareBufctl);
        hash.AddSpan<SlubCpu>(_cpus);
        foreach (ArrayCache array in _arrays)
        {
            array.HashInto(ref hash);
        }
        Shared?.HashInto(ref hash);
    }
}
