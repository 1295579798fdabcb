namespace Sim.Host.Experiments;

/// <summary>Which allocator stands behind the slab caches.</summary>
public enum SlabAllocatorKind
{
    /// <summary>mm/slub.c.</summary>
    Slub,

    /// <summary>mm/slab.c, the classic slab.</summary>
    Slab,
}

/// <summary>The slab allocator.</summary>
public sealed record SlabSettings : ICheckedSettings
{
    [Setting("SLUB, or the classic slab with its arrays of objects per CPU; null for the classic slab on i386-classic and SLUB on all others.")]
    public SlabAllocatorKind? Allocator { get; init; }

    [Setting("SLUB: objects a slab should at least hold (slub_min_objects); 0 lets the number of CPUs decide.", Min = 0, Max = 32_767)]
    public int MinObjects { get; init; }

    [Setting("SLUB: least order of a slab (slub_min_order).", Min = 0, Max = 10)]
    public int MinOrder { get; init; }

    [Setting("SLUB: greatest order of a slab that holds more than one object (slub_max_order).", Min = 0, Max = 10)]
    public int MaxOrder { get; init; } = 3;

    [Setting("SLUB: CPUs keep partial slabs (CONFIG_SLUB_CPU_PARTIAL).")]
    public bool CpuPartial { get; init; } = true;

    [Setting("Caches of alike objects share slabs; false is the kernel's slab_nomerge. 2.6's slab never merges.")]
    public bool Merge { get; init; } = true;

    [Setting("A new slab hands its objects out in random order (CONFIG_SLAB_FREELIST_RANDOM).")]
    public bool FreelistRandom { get; init; }

    [Setting("Handing out an object. In ns.", Min = 0, Max = 1_000_000_000, MidRun = true)]
    public int AllocNs { get; init; } = 30;

    [Setting("Taking an object back. In ns.", Min = 0, Max = 1_000_000_000, MidRun = true)]
    public int FreeNs { get; init; } = 30;

    [Setting("Giving a CPU another slab, or moving objects between its array and the slabs. In ns.", Min = 0, Max = 1_000_000_000, MidRun = true)]
    public int RefillNs { get; init; } = 60;

    [Setting("Making or taking apart a slab. In ns.", Min = 0, Max = 1_000_000_000, MidRun = true)]
    public int GrowNs { get; init; } = 200;

    [Setting("Constructing one object. In ns.", Min = 0, Max = 1_000_000_000, MidRun = true)]
    public int ConstructNs { get; init; } = 15;

    public SettingProblem? Check() => MinOrder > MaxOrder
        ? new SettingProblem("minOrder", $"{MinOrder} is more than maxOrder, {MaxOrder}.")
        : null;
}
