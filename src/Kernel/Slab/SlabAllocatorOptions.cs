namespace Sim.Kernel.Slab;

/// <summary>The section <c>kernel.slab</c> of an experiment.</summary>
public sealed record SlabAllocatorOptions
{
    /// <summary>Which allocator; null for the one the profile's kernel is built with.</summary>
    public SlabAllocatorKind? Allocator { get; init; }

    /// <summary>Objects a slab should at least hold (<c>slub_min_objects</c>); 0 lets the number of CPUs decide.</summary>
    public int MinObjects { get; init; }

    /// <summary>Least order of a slab (<c>slub_min_order</c>).</summary>
    public int MinOrder { get; init; }

    /// <summary>Greatest order of a slab of more than one object (<c>slub_max_order</c>).</summary>
    public int MaxOrder { get; init; } = 3;

    /// <summary>CPUs keep partial slabs (<c>CONFIG_SLUB_CPU_PARTIAL</c>).</summary>
    public bool CpuPartial { get; init; } = true;

    /// <summary>Caches of alike objects share slabs; false is <c>slab_nomerge</c>.</summary>
    public bool Merge { get; init; } = true;

    /// <summary>A new slab hands its objects out in random order (<c>CONFIG_SLAB_FREELIST_RANDOM</c>).</summary>
    public bool FreelistRandom { get; init; }

    /// <summary>Handing out an object, in nanoseconds; the page allocator's time comes on top of all of these.</summary>
    public int AllocNs { get; init; } = 30;

    /// <summary>Taking an object back.</summary>
    public int FreeNs { get; init; } = 30;

    /// <summary>Giving a CPU another slab, or moving objects between its array and the slabs.</summary>
    public int RefillNs { get; init; } = 60;

    /// <summary>Making or taking apart a slab.</summary>
    public int GrowNs { get; init; } = 200;

    /// <summary>Constructing one object.</summary>
    public int ConstructNs { get; init; } = 15;

    /// <summary>The allocator of a profile.</summary>
    public SlabAllocatorKind KindFor(KernelProfile profile) =>
        Allocator ?? (profile == KernelProfile.I386Classic ? SlabAllocatorKind.Slab : SlabAllocatorKind.Slub);
}
