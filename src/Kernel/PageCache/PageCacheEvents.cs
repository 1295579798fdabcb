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

/// <summary>A file's length became known; a page behind it cannot be mapped.</summary>
/// <param name="File">The file's symbol.</param>
/// <param name="Pages">Pages that hold any of it.</param>
[Event(157, "cache.size")]
public readonly partial record struct CacheSize(
    [Symbol] int File,
    [Unit("pages")] long Pages);
