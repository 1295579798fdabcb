namespace Sim.Kernel.Slab;

/// <summary>Properties of a slab cache.</summary>
[Flags]
public enum SlabFlags : byte
{
    None = 0,

    /// <summary>Objects begin at cache lines, or at a half, quarter… of one if they fit there (<c>SLAB_HWCACHE_ALIGN</c>).</summary>
    HwCacheAlign = 1,

    /// <summary>Its pages can be reclaimed (<c>SLAB_RECLAIM_ACCOUNT</c>).</summary>
    ReclaimAccount = 2,

    /// <summary>Its pages come from zone DMA (<c>SLAB_CACHE_DMA</c>).</summary>
    CacheDma = 4,

    /// <summary>The description of a slab lies outside of it, in a general cache (<c>CFLGS_OFF_SLAB</c>).</summary>
    OffSlab = 8,
}
