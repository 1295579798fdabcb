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

/// <summary>A page of a file began to be read into the page cache; nobody may use it yet (<c>filemap_add_folio</c>).</summary>
/// <param name="File">The file's symbol.</param>
/// <param name="Pgoff">Offset in the file.</param>
/// <param name="Pfn">The frame it gets.</param>
/// <param name="Marker">Whoever asks for it has the next window read ahead (<c>PG_readahead</c>).</param>
[Event(181, "file.read")]
public readonly partial record struct FileRead(
    [Symbol] int File,
    [Unit("pages"), Delta(22)] long Pgoff,
    [Unit("pfn"), Delta(21)] long Pfn,
    bool Marker);

/// <summary>The reading of a file's page ended.</summary>
/// <param name="Pfn">Its frame.</param>
[Event(182, "file.read_end")]
public readonly partial record struct FileReadEnd(
    [Unit("pfn"), Delta(21)] long Pfn);

/// <summary>The readahead window of a file moved (<c>ondemand_readahead</c>, <c>do_sync_mmap_readahead</c>).</summary>
/// <param name="File">The file's symbol.</param>
/// <param name="FromPgoff">First page of the window.</param>
/// <param name="WindowPages">Its length; 0 when the page that is missing is read alone, and the window stays.</param>
/// <param name="AsyncPages">Pages that are left of it when the next one is read.</param>
/// <param name="Miss">A mapped page was missing.</param>
[Event(183, "file.readahead")]
public readonly partial record struct FileReadahead(
    [Symbol] int File,
    [Unit("pages")] long FromPgoff,
    [Unit("pages")] int WindowPages,
    [Unit("pages")] int AsyncPages,
    bool Miss);

/// <summary>A call read or wrote a page of a file (<c>filemap_read</c>, <c>generic_perform_write</c>).</summary>
/// <param name="File">The file's symbol.</param>
/// <param name="Pgoff">Offset in the file.</param>
/// <param name="Pfn">Its frame.</param>
/// <param name="Write">Written.</param>
/// <param name="ToEnd">Up to the end of the page.</param>
[Event(184, "file.access")]
public readonly partial record struct FilePageAccess(
    [Symbol] int File,
    [Unit("pages"), Delta(22)] long Pgoff,
    [Unit("pfn"), Delta(21)] long Pfn,
    bool Write,
    bool ToEnd);

/// <summary>Someone has come to a marked page, which is marked no longer (<c>page_cache_async_ra</c>).</summary>
/// <param name="Pfn">Its frame.</param>
[Event(185, "file.mark")]
public readonly partial record struct FileMark(
    [Unit("pfn"), Delta(21)] long Pfn);
