using Sim.Engine.Events;
using Sim.Kernel.Buddy;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Compaction;

/// <summary>How much a pass may do (enum migrate_mode).</summary>
public enum CompactMode : byte
{
    /// <summary>Never waits.</summary>
    Async,

    /// <summary>Waits for pages, not for input and output.</summary>
    SyncLight,

    /// <summary>Waits for anything.</summary>
    Sync,
}

/// <summary>A page moved to another frame: its content, its owner and provenance, and every page-table entry that maps it (mm_migrate_pages).</summary>
/// <param name="FromPfn">Frame it leaves; to be freed next.</param>
/// <param name="ToPfn">Frame it moves to, taken aside before.</param>
/// <param name="Cpu">CPU that did it.</param>
[Event(101, "compact.migrate")]
public readonly partial record struct CompactMigrate(
    [Unit("pfn"), Delta(12)] long FromPfn, [Unit("pfn"), Delta(13)] long ToPfn, byte Cpu);

/// <summary>Where the next pass over a zone starts changed.</summary>
/// <param name="Zone">The zone.</param>
/// <param name="AsyncPfn">Migrate scanner of a pass that never waits.</param>
/// <param name="SyncPfn">Migrate scanner of one that does.</param>
/// <param name="FreePfn">Free scanner.</param>
[Event(102, "compact.position")]
public readonly partial record struct CompactPosition(
    ZoneType Zone, [Unit("pfn"), Delta(12)] long AsyncPfn, [Unit("pfn"), Delta(12)] long SyncPfn, [Unit("pfn"), Delta(13)] long FreePfn);

/// <summary>A page block was marked as not worth another scan for now (PB_migrate_skip).</summary>
/// <param name="Pfn">A frame of the block.</param>
[Event(103, "compact.skip")]
public readonly partial record struct CompactSkip([Unit("pfn"), Delta(12)] long Pfn);

/// <summary>A pass over a zone began (mm_compaction_begin).</summary>
/// <param name="Zone">The zone.</param>
/// <param name="Order">Order wanted; -1 for none in particular.</param>
/// <param name="Mode">How much it may do.</param>
/// <param name="MigratePfn">Where the migrate scanner starts.</param>
/// <param name="FreePfn">Where the free scanner starts.</param>
[Event(104, "compact.begin", Ignorable = true)]
public readonly partial record struct CompactBegin(
    ZoneType Zone, int Order, CompactMode Mode, [Unit("pfn")] long MigratePfn, [Unit("pfn")] long FreePfn);

/// <summary>A pass over a zone ended (mm_compaction_end).</summary>
/// <param name="Zone">The zone.</param>
/// <param name="Order">Order wanted; -1 for none in particular.</param>
/// <param name="Outcome">How.</param>
/// <param name="MigratePfn">Where the migrate scanner is.</param>
/// <param name="FreePfn">Where the free scanner is.</param>
/// <param name="MigrateScanned">Frames the migrate scanner has looked at.</param>
/// <param name="FreeScanned">Frames the free scanner has looked at.</param>
/// <param name="Isolated">Pages and free frames taken aside.</param>
/// <param name="Failed">Pages that could not be moved.</param>
/// <param name="Daemon">kcompactd did it.</param>
[Event(105, "compact.end")]
public readonly partial record struct CompactEnd(
    ZoneType Zone, int Order, CompactResult Outcome, [Unit("pfn")] long MigratePfn, [Unit("pfn")] long FreePfn,
    [Unit("pages")] long MigrateScanned, [Unit("pages")] long FreeScanned, [Unit("pages")] long Isolated, [Unit("pages")] long Failed, bool Daemon);

/// <summary>Whether compaction of a zone is worth trying changed, or was asked.</summary>
/// <param name="Zone">The zone.</param>
/// <param name="Considered">Requests that have left it alone since it last failed.</param>
/// <param name="DeferShift">Logarithm of how many will.</param>
/// <param name="OrderFailed">Lowest order at which it failed.</param>
/// <param name="Flush">The marks of compact.skip are to be cleared when kswapd goes to sleep.</param>
[Event(106, "compact.defer")]
public readonly partial record struct CompactDefer(ZoneType Zone, int Considered, byte DeferShift, byte OrderFailed, bool Flush);

/// <summary>Marks of compact.skip were cleared where a sample of the block shows a page to move or a free frame, and the scanners start at the outermost such blocks.</summary>
/// <param name="Zone">The zone.</param>
[Event(107, "compact.reset")]
public readonly partial record struct CompactReset(ZoneType Zone);

/// <summary>A free list was turned round, so that the next search looks at other blocks first.</summary>
/// <param name="Zone">Zone of the list.</param>
/// <param name="Order">Order of the list; its type is movable.</param>
/// <param name="Pfn">The block that is at the list's end now.</param>
/// <param name="Last">It is the last one, otherwise the first.</param>
[Event(108, "compact.rotate")]
public readonly partial record struct CompactRotate(ZoneType Zone, byte Order, [Unit("pfn"), Delta(12)] long Pfn, bool Last);

/// <summary>kcompactd woke to make blocks of an order (mm_compaction_kcompactd_wake).</summary>
/// <param name="Order">The order.</param>
/// <param name="HighestZone">Highest zone of interest.</param>
[Event(109, "compact.daemon_wake")]
public readonly partial record struct CompactDaemonWake(byte Order, ZoneType HighestZone);
