using Sim.Engine.Events;

namespace Sim.Kernel.Shrinkers;

/// <summary>A cache joined those that memory pressure shrinks (<c>register_shrinker</c>).</summary>
/// <param name="Name">Its name.</param>
/// <param name="BatchObjects">Objects looked at in one call.</param>
/// <param name="Seeks">Cost of making an object again, in seeks of a disk; 0 for objects that cost no I/O.</param>
[Event(192, "shrinker.register")]
public readonly partial record struct ShrinkerRegister(
    [Symbol] int Name,
    [Unit("objects")] int BatchObjects,
    int Seeks);

/// <summary>A walk of reclaim over the node's lists asked a shrinker for its share (mm_shrink_slab_start, mm_shrink_slab_end).</summary>
/// <param name="Shrinker">Number of the shrinker.</param>
/// <param name="ScanPriority">Priority of the walk; lower is harder.</param>
/// <param name="FreeableObjects">Objects that it could have freed, after the pressure ratio.</param>
/// <param name="ScannedObjects">Objects it was asked to look at (<c>slabs_scanned</c>).</param>
/// <param name="FreedObjects">Objects it freed.</param>
/// <param name="FreedPages">Frames of slabs that were empty for it and went back to the page allocator.</param>
/// <param name="DeferredObjects">Objects it is to look at beside the next walk's share (<c>nr_deferred</c>).</param>
[Event(193, "shrinker.shrink")]
public readonly partial record struct ShrinkerShrink(
    int Shrinker,
    byte ScanPriority,
    [Unit("objects")] long FreeableObjects,
    [Unit("objects")] long ScannedObjects,
    [Unit("objects")] long FreedObjects,
    [Unit("pages")] long FreedPages,
    [Unit("objects")] long DeferredObjects);
