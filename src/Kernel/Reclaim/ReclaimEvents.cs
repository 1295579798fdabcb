using Sim.Engine.Events;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Reclaim;

/// <summary>Why a page that was looked at stays (<c>shrink_folio_list</c>).</summary>
public enum KeepReason : byte
{
    /// <summary>Accessed once: it gets another round on the inactive list.</summary>
    Referenced,

    /// <summary>Accessed more than once, or locked: it is active.</summary>
    Activated,

    /// <summary>Being written: active until then, and reclaimed as soon as it is.</summary>
    Writeback,

    /// <summary>No slot of the swap area was left.</summary>
    NoSwap,

    /// <summary>A page of a file that is dirty, which is the flusher's business: active until it is written, and reclaimed as soon as it is.</summary>
    Dirty,

    /// <summary>Its program said it was not needed, and has written to it since: it is an anonymous page as others.</summary>
    Rewritten,

    /// <summary>The request may not write, the page is being read, or the device takes no more requests.</summary>
    MayNot,
}

/// <summary>A page that was looked at went back to its lists.</summary>
/// <param name="Pfn">Its frame.</param>
/// <param name="Reason">Why.</param>
[Event(164, "reclaim.keep")]
public readonly partial record struct ReclaimKeep(
    [Unit("pfn"), Delta(21)] long Pfn,
    KeepReason Reason);

/// <summary>
/// A page was taken out of all page tables (<c>try_to_unmap</c>): anonymous ones leave the number of their slot in each entry.
/// </summary>
/// <param name="Pfn">Its frame.</param>
/// <param name="Slot">Slot of the swap area that it got (<c>add_to_swap</c>); 0 when it had one or needs none.</param>
/// <param name="Cpu">CPU whose slots it came from.</param>
[Event(165, "reclaim.unmap")]
public readonly partial record struct ReclaimUnmap(
    [Unit("pfn"), Delta(21)] long Pfn,
    [Unit("slots"), Delta(24)] long Slot,
    byte Cpu);

/// <summary>The writing of a page to its backing store began (<c>pageout</c>), or with a synchronous device was done.</summary>
/// <param name="Pfn">Its frame.</param>
/// <param name="Done">The device took the page at once.</param>
[Event(166, "reclaim.pageout")]
public readonly partial record struct ReclaimPageout(
    [Unit("pfn"), Delta(21)] long Pfn,
    bool Done);

/// <summary>The writing of a page ended (<c>folio_end_writeback</c>).</summary>
/// <param name="Pfn">Its frame.</param>
[Event(167, "writeback.end")]
public readonly partial record struct WritebackEnd(
    [Unit("pfn"), Delta(21)] long Pfn);

/// <summary>
/// A page left its cache and its frame is to be freed (<c>__remove_mapping</c>); a shadow entry remembers when.
/// </summary>
/// <param name="Pfn">Its frame.</param>
[Event(168, "reclaim.free")]
public readonly partial record struct ReclaimFree(
    [Unit("pfn"), Delta(21)] long Pfn);

/// <summary>Pages taken off an inactive list have all been looked at.</summary>
/// <param name="FilePages">They were file pages.</param>
/// <param name="Written">How many had to be written: what it cost to take from this kind (<c>lru_note_cost</c>).</param>
[Event(169, "reclaim.cost")]
public readonly partial record struct ReclaimCost(
    bool FilePages,
    [Unit("pages")] int Written);

/// <summary>kswapd began to balance the node (mm_vmscan_kswapd_wake).</summary>
/// <param name="Order">Order it was woken for.</param>
/// <param name="Highest">Highest zone.</param>
[Event(170, "kswapd.wake")]
public readonly partial record struct KswapdWake(
    [Unit("order")] byte Order,
    ZoneType Highest);

/// <summary>Why kswapd left off.</summary>
public enum KswapdRest : byte
{
    /// <summary>Balanced: it looks again in a tenth of a second.</summary>
    Nap,

    /// <summary>It was needed again before the nap was over.</summary>
    LowWmarkHitQuickly,

    /// <summary>After the nap the node was out of balance again.</summary>
    HighWmarkHitQuickly,

    /// <summary>Balanced for good, or hopeless: it sleeps until woken (mm_vmscan_kswapd_sleep).</summary>
    Sleep,
}

/// <summary>kswapd rests, or was roused from its nap.</summary>
/// <param name="Rest">How.</param>
[Event(171, "kswapd.sleep")]
public readonly partial record struct KswapdSleep(KswapdRest Rest);

/// <summary>A round of reclaim ended; refaults are counted from here (<c>snapshot_refaults</c>).</summary>
/// <param name="Kswapd">By kswapd; otherwise by a request that reclaims for itself.</param>
[Event(172, "reclaim.round")]
public readonly partial record struct ReclaimRound(bool Kswapd);
