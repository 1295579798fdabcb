namespace Sim.Kernel.Reclaim;

/// <summary>Reclaim of pages in use. Times are round figures for a server core of the late 2010s; parameters, not measurements.</summary>
public sealed record ReclaimOptions
{
    /// <summary>Pages in use are reclaimed when memory runs short; implied by a swap area.</summary>
    public bool Enabled { get; init; }

    /// <summary>How much swapping costs against reading files again, 0 to 200 (<c>vm.swappiness</c>).</summary>
    public int Swappiness { get; init; } = 60;

    /// <summary>Share of unused names and inodes that reclaim sees, in percent (<c>vm.vfs_cache_pressure</c>); 0 leaves them alone.</summary>
    public int VfsCachePressure { get; init; } = 100;

    /// <summary>How the node keeps the pages that can go.</summary>
    public LruKind Lru { get; init; }

    /// <summary>
    /// With generations, memory that was used in so many milliseconds is not to be reclaimed by kswapd: rather a process is killed
    /// (<c>/sys/kernel/mm/lru_gen/min_ttl_ms</c>); 0 for no such promise.
    /// </summary>
    public int MinTtlMs { get; init; }

    /// <summary>Which pages of a limited cgroup go first.</summary>
    public Replacement.PagePolicy Policy { get; init; }

    /// <summary>Timer of the policies that sample accessed bits, in nanoseconds of the time that tasks run; the working set's window is two of them.</summary>
    public int PolicyTickNs { get; init; } = 1_000_000;

    /// <summary>Time kswapd works before it lets others run, where there are no tasks.</summary>
    public int SliceNs { get; init; } = 50_000;

    /// <summary>Looking at a page: its flags and the entries that map it.</summary>
    public int ScanPageNs { get; init; } = 120;

    /// <summary>Looking at an entry of a page table that is walked for accessed bits; a page found accessed costs <see cref="ScanPageNs"/> more.</summary>
    public int WalkEntryNs { get; init; } = 2;

    /// <summary>Taking a page out of the page tables and out of its cache.</summary>
    public int UnmapPageNs { get; init; } = 400;

    /// <summary>Handing a request to a block device, and taking its completion.</summary>
    public int SubmitNs { get; init; } = 1_500;
}

/// <summary>How the node keeps the pages that can go.</summary>
public enum LruKind
{
    /// <summary>Active and inactive lists.</summary>
    Lists,

    /// <summary>Generations (<c>CONFIG_LRU_GEN</c>).</summary>
    Generations,
}
