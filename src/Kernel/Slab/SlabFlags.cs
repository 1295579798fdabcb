namespace Sim.Kernel.Slab;

/// <summary>Properties of a slab cache.</summary>
[Flags]
public enum SlabFlags : ushort
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

    /// <summary>Its objects are charged to memory cgroups (<c>SLAB_ACCOUNT</c>).</summary>
    Account = 16,

    /// <summary>The list of a slab's free objects lies in its last object (<c>CFLGS_OBJFREELIST_SLAB</c>).</summary>
    ObjFreelist = 32,

    /// <summary>A slab's pages outlive its objects by a grace period, so a free object keeps its contents (<c>SLAB_TYPESAFE_BY_RCU</c>).</summary>
    TypesafeByRcu = 64,

    /// <summary>A part of each object may be copied to user space (<c>usersize</c>), so no other cache joins it.</summary>
    UserCopy = 128,

    /// <summary>The leak detector keeps away from it (<c>SLAB_NOLEAKTRACE</c>).</summary>
    NoLeakTrace = 256,

    /// <summary>Its pages come from zone DMA32 (<c>SLAB_CACHE_DMA32</c>).</summary>
    CacheDma32 = 512,

    /// <summary>Objects are constructed when a slab is made, and keep what the constructor made while they are free.</summary>
    Constructor = 1024,

    /// <summary>Caches that differ in these are never merged (<c>SLAB_MERGE_SAME</c>).</summary>
    MergeSame = ReclaimAccount | CacheDma | CacheDma32 | Account,

    /// <summary>Caches with one of these are never merged (<c>SLAB_NEVER_MERGE</c>).</summary>
    NeverMerge = TypesafeByRcu | NoLeakTrace,
}
