using Sim.Hardware.Cpu;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Buddy;

/// <summary>What reclaim does for requests that wait for it (mm/vmscan.c). A kernel without it cannot free pages in use.</summary>
public interface IPageReclaim
{
    /// <summary>Frees pages in the zones of a request (<c>try_to_free_pages</c>); returns how many.</summary>
    long TryToFreePages(ReadOnlySpan<Zone> zones, int order, GfpFlags gfp, CpuClock cpu, long cause);

    /// <summary>Pages of a zone that reclaim could free (<c>zone_reclaimable_pages</c>).</summary>
    long ReclaimablePages(Zone zone);

    /// <summary>
    /// Whether a request that can be made again has to wait now: before it reclaims, because kswapd needs the rest
    /// (<c>throttle_direct_reclaim</c>), or after it did in vain, because pages are still being written (<c>reclaim_throttle</c>).
    /// </summary>
    /// <param name="owner">For whom it is; woken when there is reason to try again.</param>
    /// <param name="gfp">Its flags.</param>
    /// <param name="failed">It has reclaimed and got nothing.</param>
    bool MustWait(int owner, GfpFlags gfp, bool failed) => false;

    /// <summary>Nothing is left to try (<c>out_of_memory</c>).</summary>
    /// <param name="order">Order of the request.</param>
    /// <param name="gfp">Its flags.</param>
    /// <param name="asker">For whom it is.</param>
    /// <param name="mayWait">It can be made again.</param>
    /// <param name="cpu">The CPU.</param>
    /// <param name="cause">Event that led here.</param>
    OutOfMemoryAnswer OutOfMemory(int order, GfpFlags gfp, int asker, bool mayWait, CpuClock cpu, long cause) => OutOfMemoryAnswer.Fail;
}

/// <summary>What is to become of a request for which there is no memory.</summary>
public enum OutOfMemoryAnswer : byte
{
    /// <summary>It fails.</summary>
    Fail,

    /// <summary>A process is being killed: it is to try again shortly.</summary>
    Wait,

    /// <summary>It cannot wait, and may use everything.</summary>
    Reserves,
}

/// <summary>The thread that reclaims in the background (<c>kswapd</c>).</summary>
public interface IKswapd
{
    /// <summary>A request found a zone short of free pages, or free blocks of its order (<c>wakeup_kswapd</c>).</summary>
    void Wakeup(Zone zone, int order, ZoneType highestZone, GfpFlags gfp, CpuClock cpu, long cause);
}

/// <summary>How hard direct compaction tries; lower is harder (<c>enum compact_priority</c>).</summary>
public enum CompactPriority : byte
{
    /// <summary>Whole zones, whatever earlier scans left marked.</summary>
    SyncFull,

    /// <summary>Waits for pages, where it left off.</summary>
    SyncLight,

    /// <summary>Blocks of the request's own migratetype only, and never waits.</summary>
    Async,
}

/// <summary>How compaction ended, in the kernel's order: the greatest of several zones counts (<c>enum compact_result</c>).</summary>
public enum CompactResult : byte
{
    /// <summary>The zone is not fragmented enough for the order.</summary>
    NotSuitableZone,

    /// <summary>Too little is free to move pages to.</summary>
    Skipped,

    /// <summary>It failed too often lately.</summary>
    Deferred,

    /// <summary>No block of the order is there yet.</summary>
    NoSuitablePage,

    /// <summary>There is more to do.</summary>
    Continue,

    /// <summary>The scanners met after going through the whole zone.</summary>
    Complete,

    /// <summary>The scanners met after going through part of the zone.</summary>
    PartialSkipped,

    /// <summary>It gave up: no free pages were found for the pages it had isolated.</summary>
    Contended,

    /// <summary>A request should succeed now.</summary>
    Success,
}

/// <summary>Compaction as requests see it.</summary>
internal interface ICompaction
{
    /// <summary>Compacts the zones of a request until it should succeed (<c>try_to_compact_pages</c>).</summary>
    /// <param name="zones">Zones the request may use, best first.</param>
    /// <param name="request">The request.</param>
    /// <param name="gfp">Its flags.</param>
    /// <param name="priority">How hard to try.</param>
    /// <param name="cpu">The CPU that asks.</param>
    /// <param name="cause">Sequence of the event that led to the request.</param>
    /// <param name="captured">First frame of a free block that is the request's own, because its pages were moved away for it; -1 for none.</param>
    CompactResult TryToCompact(
        ReadOnlySpan<Zone> zones, in PageRequest request, GfpFlags gfp, CompactPriority priority, CpuClock cpu, long cause, out long captured);

    /// <summary>A request succeeded after compaction: the zone need not be spared any longer.</summary>
    void Succeeded(Zone zone, int order, long cause);

    /// <summary>True when a zone of the request would have enough free pages to compact, were so many more of its pages free.</summary>
    bool IsAnySuitable(ReadOnlySpan<Zone> zones, in PageRequest request, Func<Zone, long>? reclaimable);
}
