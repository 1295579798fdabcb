using Sim.Engine.Events;

namespace Sim.Kernel.PageCache;

/// <summary>
/// The writing of a file's dirty page began: entries that map it are write-protected, so that the next write is noticed
/// (<c>folio_clear_dirty_for_io</c>, <c>folio_start_writeback</c>).
/// </summary>
/// <param name="Pfn">Its frame.</param>
[Event(186, "file.writeback")]
public readonly partial record struct FileWriteback(
    [Unit("pfn"), Delta(21)] long Pfn);

/// <summary>Why the flusher works.</summary>
public enum FlushReason : byte
{
    /// <summary>More is dirty than <c>vm.dirty_background_ratio</c> allows.</summary>
    Background,

    /// <summary>Files have been dirty for <c>vm.dirty_expire_centisecs</c>.</summary>
    Periodic,

    /// <summary>Reclaim met dirty pages only.</summary>
    Vmscan,
}

/// <summary>The flusher began to write (writeback_start). Changes no state by itself.</summary>
/// <param name="Why">Why.</param>
/// <param name="DirtyPages">Pages dirty at the time.</param>
[Event(187, "flusher.start", Ignorable = true)]
public readonly partial record struct FlusherStart(
    FlushReason Why,
    [Unit("pages")] long DirtyPages);

/// <summary>The flusher is done (writeback_pages_written). Changes no state by itself.</summary>
/// <param name="Why">Why it worked.</param>
/// <param name="WrittenPages">Pages it handed to the device.</param>
/// <param name="DirtyPages">Pages dirty at the end.</param>
[Event(188, "flusher.end", Ignorable = true)]
public readonly partial record struct FlusherEnd(
    FlushReason Why,
    [Unit("pages")] long WrittenPages,
    [Unit("pages")] long DirtyPages);

/// <summary>A task that makes pages dirty has to pause (<c>balance_dirty_pages</c>). Changes no state by itself.</summary>
/// <param name="Pid">The task.</param>
/// <param name="DirtyPages">Pages dirty or being written.</param>
/// <param name="LimitPages">How many may be.</param>
/// <param name="PauseNs">How long it pauses.</param>
[Event(189, "dirty.pause", Ignorable = true)]
public readonly partial record struct DirtyPause(
    [Unit("pid")] int Pid,
    [Unit("pages")] long DirtyPages,
    [Unit("pages")] long LimitPages,
    [Unit("ns")] long PauseNs);

/// <summary>A file became shorter: what lay behind its new end is out of memory and out of all page tables (<c>truncate_setsize</c>).</summary>
/// <param name="File">The file's symbol.</param>
/// <param name="Pages">Its new length.</param>
[Event(190, "file.truncate")]
public readonly partial record struct FileTruncate(
    [Symbol] int File,
    [Unit("pages")] long Pages);
