using Sim.Engine.Events;

namespace Sim.Kernel.Slab;

/// <summary>A cache of objects of one size joined the cache chain (kmem_cache_create).</summary>
/// <param name="Name">Name of the cache.</param>
/// <param name="ObjectBytes">Size asked for.</param>
/// <param name="SizeBytes">Bytes from one object to the next.</param>
/// <param name="Align">Alignment of the objects.</param>
/// <param name="GfpOrder">Order of a slab's block of frames.</param>
/// <param name="Objects">Objects per slab.</param>
/// <param name="ManagementBytes">Bytes that describe one slab.</param>
/// <param name="Colours">Number of colours; two colours are as far apart as a cache line and the alignment make it.</param>
/// <param name="Flags">Properties, as bits: 1 cache-line aligned, 2 reclaimable, 4 from zone DMA, 8 described off-slab, 16 accounted, 32 free indices in an object, 64 type-safe by RCU, 128 copied to user space, 256 no leak trace, 512 from zone DMA32, 1024 constructed.</param>
/// <param name="CpuLimit">SLUB: partial slabs a CPU keeps, 0 for none. Classic slab: objects in a CPU's array.</param>
/// <param name="NodeLimit">SLUB: partial slabs a node keeps before it gives empty ones back. Classic slab: batches in the shared array, 0 for no shared array.</param>
/// <param name="FreelistSeed">Where the random order of a new slab's objects comes from; 0 for their natural order.</param>
[Event(55, "slab.cache_create")]
public readonly partial record struct SlabCacheCreate(
    [Symbol] int Name, [Unit("bytes")] int ObjectBytes, [Unit("bytes")] int SizeBytes, [Unit("bytes")] int Align, byte GfpOrder, int Objects,
    [Unit("bytes")] int ManagementBytes, int Colours, [Unit("hex")] ushort Flags, int CpuLimit, int NodeLimit, long FreelistSeed);

/// <summary>A block of frames became a slab of a cache: all objects free, constructed where the cache has a constructor (allocate_slab, cache_grow_begin).</summary>
/// <param name="Pfn">First frame.</param>
/// <param name="Cache">Number of the cache.</param>
/// <param name="Description">Physical address of the slab's description in a general cache; 0 when it lies in the slab.</param>
/// <param name="Order">Order of the block.</param>
/// <param name="Colour">Number of the slab's colour.</param>
/// <param name="FreelistStart">Where in the cache's random order the slab's begins; 0 without one.</param>
[Event(56, "slab.grow")]
public readonly partial record struct SlabGrow(
    [Unit("pfn"), Delta(12)] long Pfn, int Cache, [Address] long Description, byte Order, int Colour, int FreelistStart);

/// <summary>An object was handed out: the first free one of the CPU's slab, or the last one of the CPU's array.</summary>
/// <param name="Object">Physical address of the object; its kernel address is PAGE_OFFSET higher.</param>
/// <param name="Cache">Number of the cache.</param>
/// <param name="RequestedBytes">Bytes asked for.</param>
/// <param name="Cpu">Number of the CPU.</param>
[Event(57, "slab.alloc")]
public readonly partial record struct SlabAlloc(
    [Address, Delta(13)] long Object, int Cache, [Unit("bytes")] int RequestedBytes, byte Cpu);

/// <summary>An object was given back, to its slab or to the CPU's array.</summary>
/// <param name="Object">Physical address of the object.</param>
/// <param name="Cache">Number of the cache.</param>
/// <param name="Cpu">Number of the CPU.</param>
[Event(58, "slab.free")]
public readonly partial record struct SlabFree(
    [Address, Delta(13)] long Object, int Cache, byte Cpu);

/// <summary>An empty slab was taken apart; its frames go back to the page allocator (discard_slab, slab_destroy).</summary>
/// <param name="Pfn">First frame.</param>
/// <param name="Cache">Number of the cache.</param>
[Event(59, "slab.reap")]
public readonly partial record struct SlabReap(
    [Unit("pfn"), Delta(12)] long Pfn, int Cache);

/// <summary>A cache was asked for that one in the chain can stand in for (__kmem_cache_alias).</summary>
/// <param name="Name">Name asked for.</param>
/// <param name="Cache">Number of the cache that serves it.</param>
/// <param name="ObjectBytes">Size asked for.</param>
[Event(60, "slab.cache_alias")]
public readonly partial record struct SlabCacheAlias([Symbol] int Name, int Cache, [Unit("bytes")] int ObjectBytes);

/// <summary>SLUB: a CPU whose free objects ran out took all free ones of a slab, and gave its old slab up (___slab_alloc).</summary>
/// <param name="Pfn">First frame of the slab; 0 when the CPU only gave its old one up.</param>
/// <param name="Cache">Number of the cache.</param>
/// <param name="Cpu">Number of the CPU.</param>
/// <param name="Source">Where the slab was: 0 nowhere, none was found, 1 with the CPU already, 2 on its partial list, 3 on the node's partial list, 4 it is new.</param>
/// <param name="Further">Slabs that went from the node's partial list to the CPU's on the way.</param>
[Event(61, "slab.cpu_slab")]
public readonly partial record struct SlabCpuSlab(
    [Unit("pfn"), Delta(12)] long Pfn, int Cache, byte Cpu, CpuSlabSource Source, int Further);

/// <summary>SLUB: partial slabs of a CPU went to the node's partial list, those without an object handed out to be taken apart where the node has enough (__unfreeze_partials).</summary>
/// <param name="Cache">Number of the cache.</param>
/// <param name="Cpu">Number of the CPU.</param>
/// <param name="Kept">Slabs the CPU keeps, the newest.</param>
/// <param name="Moved">Slabs that left it.</param>
[Event(62, "slab.unfreeze")]
public readonly partial record struct SlabUnfreeze(int Cache, byte Cpu, int Kept, int Moved);

/// <summary>Classic slab: objects went into a CPU's empty array (cache_alloc_refill).</summary>
/// <param name="Cache">Number of the cache.</param>
/// <param name="Cpu">Number of the CPU.</param>
/// <param name="Source">Where from: 0 the shared array, 1 partial slabs and then free ones, 2 a new slab.</param>
/// <param name="Batch">Objects wanted.</param>
[Event(63, "slab.array_refill")]
public readonly partial record struct SlabArrayRefill(int Cache, byte Cpu, ArrayRefillSource Source, int Batch);

/// <summary>Classic slab: the objects longest in an array left it (cache_flusharray, drain_array).</summary>
/// <param name="Cache">Number of the cache.</param>
/// <param name="Cpu">Number of the CPU; -1 for the shared array.</param>
/// <param name="Objects">Objects that left.</param>
/// <param name="ToShared">They went to the shared array, not to their slabs.</param>
[Event(64, "slab.array_flush")]
public readonly partial record struct SlabArrayFlush(int Cache, int Cpu, int Objects, bool ToShared);

/// <summary>Classic slab: a round of cache_reap ended; arrays that were in use are no longer marked so.</summary>
/// <param name="Cpu">Number of the CPU.</param>
/// <param name="Node">Shared arrays and free slabs had their turn too.</param>
[Event(65, "slab.reap_round")]
public readonly partial record struct SlabReapRound(byte Cpu, bool Node);

/// <summary>SLUB: a cache was shrunk: all CPUs gave their slabs up, the fullest partial slabs went first, empty ones are taken apart (kmem_cache_shrink).</summary>
/// <param name="Cache">Number of the cache.</param>
[Event(66, "slab.shrink")]
public readonly partial record struct SlabShrink(int Cache);

/// <summary>kmalloc asked for more than a cache has: the bytes of a block of frames are a caller's (kmalloc_large).</summary>
/// <param name="Pfn">First frame of the block.</param>
/// <param name="Bytes">Bytes asked for; what the block has beyond is internal fragmentation.</param>
[Event(246, "slab.large_alloc")]
public readonly partial record struct SlabLargeAlloc([Unit("pfn"), Delta(10)] long Pfn, long Bytes);

/// <summary>A block of frames that kmalloc handed out is given back; it is freed next.</summary>
/// <param name="Pfn">First frame of the block.</param>
[Event(247, "slab.large_free")]
public readonly partial record struct SlabLargeFree([Unit("pfn"), Delta(10)] long Pfn);

/// <summary>Where a CPU's next slab was.</summary>
public enum CpuSlabSource : byte
{
    /// <summary>There is none yet.</summary>
    None,

    /// <summary>With the CPU already: objects were given back to it meanwhile.</summary>
    Own,

    /// <summary>On the CPU's partial list.</summary>
    CpuPartial,

    /// <summary>On the node's partial list.</summary>
    NodePartial,

    /// <summary>Made for the purpose.</summary>
    New,
}

/// <summary>Where an array's objects came from.</summary>
public enum ArrayRefillSource : byte
{
    /// <summary>The array that the node's CPUs share.</summary>
    Shared,

    /// <summary>Partial slabs, then free ones.</summary>
    Lists,

    /// <summary>A slab made for the purpose.</summary>
    New,
}
