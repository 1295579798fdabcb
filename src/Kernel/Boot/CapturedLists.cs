using Sim.Kernel.Zones;

namespace Sim.Kernel.Boot;

/// <summary>
/// The page allocator's lists of a real kernel at one moment, in list order: a machine may begin with them instead of
/// pristine ones. What is not on a list is held by somebody, and nobody tells by whom.
/// </summary>
/// <param name="Zones">The zones that have memory.</param>
public sealed record CapturedLists(IReadOnlyList<CapturedZone> Zones)
{
    /// <summary>
    /// The simulated kernel makes page tables and caches of its own, in frames of which the lists do not tell and in pages
    /// from the lists; false where every page is the workload's.
    /// </summary>
    public bool OwnKernel { get; init; }
}

/// <summary>One zone of <see cref="CapturedLists"/>; sizes in pages.</summary>
public sealed record CapturedZone
{
    /// <summary>Which zone.</summary>
    public ZoneType Type { get; init; }

    /// <summary>First frame.</summary>
    public long StartPfn { get; init; }

    /// <summary>Frame numbers from first to last.</summary>
    public long SpannedPages { get; init; }

    /// <summary>Frames that memory stands behind.</summary>
    public long PresentPages { get; init; }

    /// <summary>Frames the allocator manages.</summary>
    public long ManagedPages { get; init; }

    /// <summary>Watermarks min, low and high.</summary>
    public IReadOnlyList<long> Watermarks { get; init; } = [];

    /// <summary>Pages kept from requests for each of the kernel's zones, lowest zone first.</summary>
    public IReadOnlyList<long> LowmemReserve { get; init; } = [];

    /// <summary>By how much the watermarks were raised for the time being.</summary>
    public long WatermarkBoost { get; init; }

    /// <summary>Pages reserved for urgent requests of higher orders.</summary>
    public long ReservedHighAtomic { get; init; }

    /// <summary>The counter <c>NR_FREE_PAGES</c>, without what CPUs have not added to it yet.</summary>
    public long FreePagesCounter { get; init; }

    /// <summary>Free blocks in the order of their lists.</summary>
    public IReadOnlyList<CapturedBlock> Free { get; init; } = [];

    /// <summary>The per-CPU lists, by CPU.</summary>
    public IReadOnlyList<CapturedPcp> PerCpu { get; init; } = [];

    /// <summary>First frame of the first page block of <see cref="PageblockTypes"/>.</summary>
    public long FirstPageblock { get; init; }

    /// <summary>Frames of a page block.</summary>
    public int PageblockPages { get; init; }

    /// <summary>Migratetype of each page block; null where there is no memory.</summary>
    public IReadOnlyList<MigrateType?> PageblockTypes { get; init; } = [];
}

/// <summary>A free block.</summary>
/// <param name="Pfn">First frame.</param>
/// <param name="Order">Its order.</param>
/// <param name="List">Migratetype of the list it is on, or, on a per-CPU list, that it was freed with.</param>
public readonly record struct CapturedBlock(long Pfn, int Order, MigrateType List);

/// <summary>One CPU's lists of a zone (<c>struct per_cpu_pages</c>).</summary>
/// <param name="High">Frames from which a free hands some back.</param>
/// <param name="Batch">Frames moved at a time.</param>
/// <param name="FreeFactor">Doublings of the batch.</param>
/// <param name="Blocks">Blocks with the number of the list they are on, in list order.</param>
public sealed record CapturedPcp(int High, int Batch, int FreeFactor, IReadOnlyList<(int List, CapturedBlock Block)> Blocks);
