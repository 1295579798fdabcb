using Sim.Engine.Events;

namespace Sim.Kernel.PageCache;

/// <summary>A frame became the page of a file or shared memory object.</summary>
/// <param name="File">A file's symbol; negative for anonymous shared memory.</param>
/// <param name="Pgoff">Offset in the object.</param>
/// <param name="Pfn">The frame.</param>
[Event(90, "cache.add")]
public readonly partial record struct CacheAdd(
    [Symbol] int File,
    [Unit("pages"), Delta(22)] long Pgoff,
    [Unit("pfn"), Delta(21)] long Pfn);
