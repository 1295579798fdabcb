using Sim.Engine.Events;

namespace Sim.Kernel.Mm;

/// <summary>
/// A fault in a private anonymous area mapped a huge page: a block of its own for a write, the huge zero page for a read
/// (<c>do_huge_pmd_anonymous_page</c>).
/// </summary>
/// <param name="Pid">Process.</param>
/// <param name="Vpn">First page.</param>
/// <param name="Pfn">First frame of the block.</param>
/// <param name="TablePfn">Page table set aside for the day the huge page is split.</param>
/// <param name="Zero">It is the huge zero page.</param>
[Event(81, "fault.huge")]
public readonly partial record struct FaultHuge(
    [Unit("pid")] int Pid,
    [Unit("vpn"), Delta(20)] long Vpn,
    [Unit("pfn"), Delta(21)] long Pfn,
    [Unit("pfn")] long TablePfn,
    bool Zero);

/// <summary>A huge page would have fitted and there was no block for it; the fault goes on with a page (<c>THP_FAULT_FALLBACK</c>).</summary>
/// <param name="Pid">Process.</param>
/// <param name="Vpn">Page of the fault.</param>
[Event(96, "thp.fallback")]
public readonly partial record struct ThpFallback(
    [Unit("pid")] int Pid,
    [Unit("vpn"), Delta(20)] long Vpn);

/// <summary>The entry of a huge page gave way to a table with an entry for each of its pages (<c>__split_huge_pmd</c>).</summary>
/// <param name="Pid">Process.</param>
/// <param name="Vpn">First page.</param>
[Event(97, "thp.split")]
public readonly partial record struct ThpSplit(
    [Unit("pid")] int Pid,
    [Unit("vpn"), Delta(20)] long Vpn);

/// <summary>The kernel asked for its huge zero page (<c>get_huge_zero_page</c>).</summary>
/// <param name="Pfn">First frame of the block; -1 when there was none.</param>
[Event(98, "thp.zero_page")]
public readonly partial record struct ThpZeroPage(
    [Unit("pfn")] long Pfn);

/// <summary>Why a block was split.</summary>
public enum SplitReason : byte
{
    /// <summary>Its entry was split, and nothing will come to it later: pages are not reclaimed.</summary>
    Entry,

    /// <summary>Part of it was not mapped any more, and memory is short (<c>deferred_split_scan</c>).</summary>
    Deferred,

    /// <summary>Reclaim came to it when no entry mapped it as a whole.</summary>
    Pieces,

    /// <summary>Reclaim came to it and there was no free cluster of slots for it (<c>THP_SWPOUT_FALLBACK</c>).</summary>
    NoCluster,

    /// <summary>A program's advice concerns part of it.</summary>
    Advice,
}

/// <summary>The block of a huge page was split into pages, each on the lists for itself (<c>__split_huge_page</c>).</summary>
/// <param name="Pfn">First frame of the block.</param>
/// <param name="OffList">Reclaim has it in its hands, and looks at its pages next.</param>
/// <param name="Reason">Why.</param>
[Event(252, "thp.split_page")]
public readonly partial record struct ThpSplitPage(
    [Unit("pfn"), Delta(21)] long Pfn,
    bool OffList,
    SplitReason Reason);

/// <summary>A huge page of a process is mapped by a child too; neither may write to it in place from now on (<c>copy_huge_pmd</c>).</summary>
/// <param name="Pid">Parent.</param>
/// <param name="Child">Child; its tables down to level 1 are there.</param>
/// <param name="Vpn">First page.</param>
/// <param name="TablePfn">Page table set aside for the day the child's entry is split.</param>
[Event(253, "mm.copy_huge")]
public readonly partial record struct MmCopyHuge(
    [Unit("pid")] int Pid,
    [Unit("pid")] int Child,
    [Unit("vpn"), Delta(20)] long Vpn,
    [Unit("pfn")] long TablePfn);

/// <summary>The pages of a block's range went into a block, which a huge page maps now (<c>collapse_huge_page</c>, mm/khugepaged.c).</summary>
/// <param name="Pid">Process.</param>
/// <param name="Vpn">First page.</param>
/// <param name="Pfn">First frame of the block.</param>
[Event(249, "thp.collapse")]
public readonly partial record struct ThpCollapse(
    [Unit("pid")] int Pid,
    [Unit("vpn"), Delta(20)] long Vpn,
    [Unit("pfn"), Delta(21)] long Pfn);

/// <summary>khugepaged asked for a block (<c>THP_COLLAPSE_ALLOC</c>).</summary>
/// <param name="Pid">For which process.</param>
/// <param name="Pfn">First frame of the block; -1 when there was none.</param>
[Event(250, "thp.collapse_alloc")]
public readonly partial record struct ThpCollapseAlloc(
    [Unit("pid")] int Pid,
    [Unit("pfn"), Delta(21)] long Pfn);

/// <summary>khugepaged looked at the pages of a block's range (<c>hpage_collapse_scan_pmd</c>).</summary>
/// <param name="Pid">Process.</param>
/// <param name="Vpn">First page.</param>
/// <param name="Collapse">What came of it.</param>
/// <param name="Referenced">Pages used since somebody looked.</param>
/// <param name="NoneOrZero">Pages that are not there, or are the zero page.</param>
/// <param name="Unmapped">Pages swapped out.</param>
[Event(251, "thp.scan")]
public readonly partial record struct ThpScan(
    [Unit("pid")] int Pid,
    [Unit("vpn"), Delta(20)] long Vpn,
    CollapseResult Collapse,
    short Referenced,
    short NoneOrZero,
    short Unmapped);
