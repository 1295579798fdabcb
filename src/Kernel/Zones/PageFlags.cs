namespace Sim.Kernel.Zones;

/// <summary>
/// Flags of an allocated frame's page, as far as reclaim and swap need them (<c>enum pageflags</c>, include/linux/page-flags.h).
/// They share a word with the map count.
/// </summary>
[Flags]
public enum PageFlags : uint
{
    None = 0,

    /// <summary>On an LRU list (<c>PG_lru</c>).</summary>
    Lru = 1u << 18,

    /// <summary>Its list is an active one (<c>PG_active</c>).</summary>
    Active = 1u << 19,

    /// <summary>Its list is the unevictable one (<c>PG_unevictable</c>).</summary>
    Unevictable = 1u << 20,

    /// <summary>Seen referenced once (<c>PG_referenced</c>).</summary>
    Referenced = 1u << 21,

    /// <summary>Its content is newer than what its backing store has (<c>PG_dirty</c>).</summary>
    Dirty = 1u << 22,

    /// <summary>Is being written (<c>PG_writeback</c>).</summary>
    Writeback = 1u << 23,

    /// <summary>Is being read: nobody may use it yet (<c>PG_locked</c> of a page that is not up to date).</summary>
    Locked = 1u << 24,

    /// <summary>Has a slot of the swap area (<c>PG_swapcache</c>).</summary>
    SwapCache = 1u << 25,

    /// <summary>Was part of the working set when it was evicted, or is held to be (<c>PG_workingset</c>).</summary>
    Workingset = 1u << 26,

    /// <summary>To be reclaimed as soon as it has been written (<c>PG_reclaim</c>).</summary>
    Reclaim = 1u << 27,

    /// <summary>Was read ahead and has not been asked for yet (<c>PG_readahead</c>).</summary>
    Readahead = 1u << 28,

    /// <summary>Waits in a CPU's batch to be put on an LRU list (a page of <c>lru_pvecs.lru_add</c>).</summary>
    Batched = 1u << 29,

    /// <summary>An anonymous page whose content is not needed as long as nobody writes to it again (not <c>PG_swapbacked</c>); it is on the lists of files.</summary>
    LazyFree = 1u << 30,

    /// <summary>An area locks it in memory (<c>PG_mlocked</c>).</summary>
    Mlocked = 1u << 31,
}

/// <summary>How map count and flags share a word.</summary>
internal static class PageFlagBits
{
    public const uint MapCountMask = (1u << 18) - 1;
}
