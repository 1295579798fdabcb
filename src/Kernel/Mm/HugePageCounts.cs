namespace Sim.Kernel.Mm;

/// <summary>What became of huge pages so far (the <c>thp_</c> counters of mm/vmstat.c).</summary>
/// <param name="FaultAllocs">Faults that got a block (<c>thp_fault_alloc</c>).</param>
/// <param name="FaultFallbacks">Faults that had to do with a page (<c>thp_fault_fallback</c>).</param>
/// <param name="PmdSplits">Entries split (<c>thp_split_pmd</c>).</param>
/// <param name="PageSplits">Blocks split (<c>thp_split_page</c>).</param>
/// <param name="ZeroPageAllocs">Huge zero pages made (<c>thp_zero_page_alloc</c>).</param>
/// <param name="ZeroPageFailures">Times there was no block for one (<c>thp_zero_page_alloc_failed</c>).</param>
/// <param name="DeferredSplits">Blocks of which a part was unmapped, so that they wait to be split (<c>thp_deferred_split_page</c>).</param>
/// <param name="Swpouts">Blocks written to the swap area as a whole (<c>thp_swpout</c>).</param>
/// <param name="SwpoutFallbacks">Blocks split because there was no place for them as a whole (<c>thp_swpout_fallback</c>).</param>
/// <param name="CollapseAllocs">Blocks that khugepaged got (<c>thp_collapse_alloc</c>).</param>
/// <param name="CollapseFailures">Times there was none for it (<c>thp_collapse_alloc_failed</c>).</param>
/// <param name="ExceedNone">Ranges with too many pages missing (<c>thp_scan_exceed_none_pte</c>).</param>
/// <param name="ExceedSwap">Ranges with too many pages swapped out (<c>thp_scan_exceed_swap_pte</c>).</param>
/// <param name="ExceedShared">Ranges with too many pages that others map (<c>thp_scan_exceed_share_pte</c>).</param>
public readonly record struct HugePageCounts(
    long FaultAllocs, long FaultFallbacks, long PmdSplits, long PageSplits, long ZeroPageAllocs, long ZeroPageFailures,
    long DeferredSplits = 0, long Swpouts = 0, long SwpoutFallbacks = 0, long CollapseAllocs = 0, long CollapseFailures = 0,
    long ExceedNone = 0, long ExceedSwap = 0, long ExceedShared = 0);
