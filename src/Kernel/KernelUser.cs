namespace Sim.Kernel;

/// <summary>Users of page frames inside the kernel: the owner of a frame that belongs to no process.</summary>
public static class KernelUser
{
    /// <summary>Pages of files and of shared memory.</summary>
    public const int PageCache = -2;

    /// <summary>Large blocks that <c>kmalloc</c> passes on to the page allocator.</summary>
    public const int LargeKmalloc = -3;

    /// <summary>Nobody knows who: the frame was held when the run began with captured lists.</summary>
    public const int BeforeStart = -4;

    /// <summary>Free pages that compaction has taken aside to move others to.</summary>
    public const int Compaction = -5;

    /// <summary>The pool of huge pages.</summary>
    public const int Hugetlb = -6;

    /// <summary>The huge zero page.</summary>
    public const int HugeZeroPage = -7;

    /// <summary>Page tables that boot makes in advance for the vmalloc area.</summary>
    public const int VmallocTables = -8;

    /// <summary>Pages that compressed memory holds (zram).</summary>
    public const int Zram = -10;

    /// <summary>Pages of the vmalloc area.</summary>
    public const int Vmalloc = -11;

    /// <summary>The first slab cache; the others follow downwards.</summary>
    private const int FirstSlabCache = -16;

    /// <summary>The slabs of a cache.</summary>
    public static int SlabCache(int cache) => FirstSlabCache - cache;
}
