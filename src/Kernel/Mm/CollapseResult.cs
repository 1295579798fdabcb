namespace Sim.Kernel.Mm;

/// <summary>What came of a look at the pages of a block (<c>enum scan_result</c>, mm/khugepaged.c), as far as it can happen here.</summary>
public enum CollapseResult : byte
{
    /// <summary>It is a huge page now (<c>SCAN_SUCCEED</c>).</summary>
    Succeed,

    /// <summary>There are no page tables (<c>SCAN_PMD_NULL</c>).</summary>
    PmdNull,

    /// <summary>There is no table of pages (<c>SCAN_PMD_NONE</c>).</summary>
    PmdNone,

    /// <summary>It is a huge page already (<c>SCAN_PMD_MAPPED</c>).</summary>
    PmdMapped,

    /// <summary>Too many pages are not there (<c>SCAN_EXCEED_NONE_PTE</c>).</summary>
    ExceedNonePte,

    /// <summary>Too many pages are swapped out (<c>SCAN_EXCEED_SWAP_PTE</c>).</summary>
    ExceedSwapPte,

    /// <summary>Too many pages are mapped by others too (<c>SCAN_EXCEED_SHARED_PTE</c>).</summary>
    ExceedSharedPte,

    /// <summary>A page went while a block was sought (<c>SCAN_PTE_NON_PRESENT</c>).</summary>
    PteNonPresent,

    /// <summary>No page may be written (<c>SCAN_PAGE_RO</c>).</summary>
    PageReadOnly,

    /// <summary>No page was used, or too few for reading others from the swap area (<c>SCAN_LACK_REFERENCED_PAGE</c>).</summary>
    LackReferencedPage,

    /// <summary>A page is in the hands of reclaim (<c>SCAN_PAGE_LRU</c>).</summary>
    PageLru,

    /// <summary>A page is being read (<c>SCAN_PAGE_LOCK</c>).</summary>
    PageLock,

    /// <summary>A page is a file's (<c>SCAN_PAGE_ANON</c>).</summary>
    PageAnon,

    /// <summary>There was no block (<c>SCAN_ALLOC_HUGE_PAGE_FAIL</c>).</summary>
    AllocHugePageFail,

    /// <summary>There was no memory for a page to be read from the swap area (<c>SCAN_FAIL</c>).</summary>
    Fail,
}
