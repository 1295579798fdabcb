namespace Sim.Kernel.Slab;

/// <summary>Which allocator stands behind <c>kmem_cache_alloc</c>.</summary>
public enum SlabAllocatorKind : byte
{
    /// <summary>mm/slub.c: each CPU works on a slab of its own and keeps partial ones beside it.</summary>
    Slub,

    /// <summary>mm/slab.c: each CPU keeps an array of objects; slabs are on full, partial and free lists.</summary>
    Slab,
}
