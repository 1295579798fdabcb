using Sim.Kernel.Zones;

namespace Sim.Kernel.Reclaim;

/// <summary>A round of reclaim under way: what is wanted and how far it is (<c>struct scan_control</c>). Execution state.</summary>
internal sealed class ReclaimPass
{
    /// <summary>Where a round starts: a list's size is shifted right by it (<c>DEF_PRIORITY</c>).</summary>
    public const int DefaultPriority = 12;

    /// <summary>On behalf of kswapd.</summary>
    public bool Kswapd;

    /// <summary>Lower is harder.</summary>
    public int Priority;

    /// <summary>Order that is wanted.</summary>
    public int Order;

    /// <summary>On behalf of what request slab caches are shrunk; none on behalf of a cgroup, to which nothing of theirs is charged.</summary>
    public GfpFlags Gfp;

    /// <summary>Highest zone whose pages help.</summary>
    public ZoneType Highest;

    /// <summary>Pages wanted.</summary>
    public long Wanted;

    /// <summary>Pages freed.</summary>
    public long Reclaimed;

    /// <summary>Pages looked at.</summary>
    public long Scanned;

    /// <summary>Anonymous pages may be taken.</summary>
    public bool MaySwap;

    /// <summary>Dirty pages may be written.</summary>
    public bool MayWrite;

    /// <summary>Active pages are taken whatever the balance of the lists (<c>force_deactivate</c>).</summary>
    public bool ForceDeactivate;

    /// <summary>Pages go whatever their references (<c>ignore_references</c> of <c>shrink_folio_list</c>): a policy has chosen them.</summary>
    public bool IgnoreReferences;

    /// <summary>Active pages were spared (<c>skipped_deactivate</c>).</summary>
    public bool SkippedDeactivate;

    /// <summary>Active anonymous and file pages may be made inactive.</summary>
    public bool DeactivateAnon, DeactivateFile;

    /// <summary>There are plenty of file pages that nobody has used twice.</summary>
    public bool CacheTrim;

    /// <summary>So few file pages are left that taking them would thrash.</summary>
    public bool FileIsTiny;

    /// <summary>Pages that one walk met: all, those being written, and those being written that kswapd is to wait for.</summary>
    public long Taken, Writeback, Immediate;

    /// <summary>Pages of files that one walk met, and those of them that are dirty and not being written.</summary>
    public long FileTaken, UnqueuedDirty;

    /// <summary>kswapd met dirty pages of files only, and may write them itself (<c>PGDAT_DIRTY</c>).</summary>
    public bool AllDirty;

    /// <summary>The device takes no more requests: the walk ends, and whoever can waits.</summary>
    public bool QueueFull;

    /// <summary>Left to scan of each list, and at the start.</summary>
    public readonly long[] Left = new long[LruLists.Count], Targets = new long[LruLists.Count];

    /// <summary>What one walk over the lists has freed.</summary>
    public long WalkReclaimed;

    /// <summary>The lists are scanned in the proportion they began with (<c>proportional_reclaim</c>).</summary>
    public bool Proportional;

    /// <summary>Every page that kswapd met was being written (<c>PGDAT_WRITEBACK</c>).</summary>
    public bool AllWriteback;

    /// <summary>With generations: pages looked at in this walk, and the youngest generation at its start.</summary>
    public long SortedOrTaken, YoungestAtStart;

    /// <summary>With generations: what had been freed when kswapd began this round (<c>last_reclaimed</c>).</summary>
    public long ReclaimedBefore;

    /// <summary>With generations: kswapd ages before it reclaims (<c>memcgs_need_aging</c>); a walk that found enough without clears it.</summary>
    public bool AgesFirst;

    /// <summary>With generations: the lists were short of old pages, and anonymous ones were taken, in this walk.</summary>
    public bool NeedsAging, Swapped, Drained;

    /// <summary>Event that led here.</summary>
    public long Cause;
}
