using Sim.Engine.Events;

namespace Sim.Kernel.Slab;

/// <summary>A cache of objects of one size joined the cache chain (kmem_cache_create).</summary>
/// <param name="Name">Name of the cache.</param>
/// <param name="ObjectBytes">Size asked for.</param>
/// <param name="SizeBytes">Bytes from one object to the next.</param>
/// <param name="GfpOrder">Order of a slab's block of frames.</param>
/// <param name="Objects">Objects per slab.</param>
/// <param name="ManagementBytes">Bytes that describe one slab.</param>
/// <param name="ColourBytes">Distance of two colours.</param>
/// <param name="Colours">Number of colours.</param>
/// <param name="HasConstructor">Objects are constructed when a slab is made.</param>
/// <param name="Flags">Properties, as bits: 1 cache-line aligned, 2 reclaimable, 4 from zone DMA, 8 described off-slab.</param>
[Event(55, "slab.cache_create")]
public readonly partial record struct SlabCacheCreate(
    [Symbol] int Name, [Unit("bytes")] int ObjectBytes, [Unit("bytes")] int SizeBytes, byte GfpOrder, int Objects,
    [Unit("bytes")] int ManagementBytes, [Unit("bytes")] int ColourBytes, int Colours, bool HasConstructor, [Unit("hex")] byte Flags);

/// <summary>A block of frames became a slab of a cache: all objects free, constructed where the cache has a constructor (cache_grow).</summary>
/// <param name="Pfn">First frame.</param>
/// <param name="Cache">Number of the cache.</param>
/// <param name="Description">Physical address of the slab's description in a general cache; 0 when it lies in the slab.</param>
[Event(56, "slab.grow")]
public readonly partial record struct SlabGrow(
    [Unit("pfn"), Delta(12)] long Pfn, int Cache, [Address] long Description);

/// <summary>An object was handed out: the first free one of the cache's first partial slab, or else of an empty one.</summary>
/// <param name="Object">Physical address of the object; its kernel address is PAGE_OFFSET higher.</param>
/// <param name="Cache">Number of the cache.</param>
/// <param name="RequestedBytes">Bytes asked for.</param>
[Event(57, "slab.alloc")]
public readonly partial record struct SlabAlloc(
    [Address, Delta(13)] long Object, int Cache, [Unit("bytes")] int RequestedBytes);

/// <summary>An object was given back to its slab.</summary>
/// <param name="Object">Physical address of the object.</param>
/// <param name="Cache">Number of the cache.</param>
[Event(58, "slab.free")]
public readonly partial record struct SlabFree(
    [Address, Delta(13)] long Object, int Cache);

/// <summary>An empty slab was taken apart; its frames go back to the page allocator (slab_destroy).</summary>
/// <param name="Pfn">First frame.</param>
/// <param name="Cache">Number of the cache.</param>
[Event(59, "slab.reap")]
public readonly partial record struct SlabReap(
    [Unit("pfn"), Delta(12)] long Pfn, int Cache);
