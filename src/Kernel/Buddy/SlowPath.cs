using Sim.Engine.Events;
using Sim.Engine.Snapshots;
using Sim.Hardware.Cpu;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Buddy;

/// <content>
/// What happens to a request that the free lists cannot serve at the low watermark (<c>__alloc_pages_slowpath</c> of
/// mm/page_alloc.c, 6.1).
/// </content>
public sealed partial class PageAllocator
{
    private const int MaxReclaimRetries = 16, MaxCompactRetries = 16;

    /// <summary>Frees pages in use; null in a kernel that cannot.</summary>
    public IPageReclaim? Reclaim { get; set; }

    /// <summary>Works in the background; null where nobody does.</summary>
    public IKswapd? Kswapd
    {
        get => _kswapd;
        set
        {
            _kswapd = value;
            _fallback.Kswapd = value;
        }
    }

    /// <summary>Moves pages to make room for blocks; null in a kernel without it.</summary>
    [field: NotInSnapshot]
    internal ICompaction? Compaction { get; set; }

    [NotInSnapshot]
    private IKswapd? _kswapd;

    /// <summary>How a request of these flags may use the zones once the low watermark is in its way (<c>gfp_to_alloc_flags</c>).</summary>
    private static AllocFlags SlowFlags(GfpFlags gfp)
    {
        AllocFlags flags = AllocFlags.Min;
        flags |= (gfp & GfpFlags.High) != 0 ? AllocFlags.High : 0;
        flags |= (gfp & GfpFlags.KswapdReclaim) != 0 ? AllocFlags.Kswapd : 0;
        flags |= (gfp & (GfpFlags.AtomicBit | GfpFlags.NoMemAlloc)) == GfpFlags.AtomicBit ? AllocFlags.Harder : 0;
        return flags;
    }

    private long AllocSlowly(Zone[] zones, ref PageRequest request, GfpFlags gfp, CpuClock cpu, long cause)
    {
        bool mayReclaim = (gfp & GfpFlags.DirectReclaim) != 0;
        if (mayReclaim)
        {
            // One that can wait is not atomic, whatever it says.
            gfp &= ~GfpFlags.AtomicBit;
        }
        request.Flags = SlowFlags(gfp);
        WakeKswapd(zones, in request, gfp, cpu, cause);
        long pfn = FromZones(zones, ref request, cpu, cause);
        if (pfn < 0)
        {
            pfn = TryHarder(zones, ref request, gfp, mayReclaim, cpu, cause);
        }
        if (pfn == -1 && (gfp & GfpFlags.NoFail) != 0 && mayReclaim)
        {
            // The kernel would go on for ever from here, waiting for others to free; a request here never waits.
            request.Flags = AllocFlags.Min | AllocFlags.Harder;
            pfn = FromZones(zones, ref request, cpu, cause);
        }
        if (pfn == -1)
        {
            Fail(zones, in request, gfp, cpu, cause);
        }
        return pfn;
    }

    private long TryHarder(Zone[] zones, ref PageRequest request, GfpFlags gfp, bool mayReclaim, CpuClock cpu, long cause)
    {
        int order = request.Order;
        bool costly = order > PageOrder.Costly, mayCompact = Compaction is not null && (gfp & GfpFlags.Io) != 0;
        bool reserves = (gfp & (GfpFlags.MemAlloc | GfpFlags.NoMemAlloc)) == GfpFlags.MemAlloc;
        CompactPriority priority = CompactPriority.SyncLight;
        long pfn;
        // Reclaim would free many pages in vain where moving some is enough.
        if (mayReclaim && mayCompact && (costly || (order > 0 && request.MigrateType != MigrateType.Movable)) && !reserves)
        {
            pfn = CompactDirectly(zones, ref request, gfp, CompactPriority.Async, cpu, cause, out CompactResult first);
            if (pfn >= 0)
            {
                return pfn;
            }
            if (costly && (gfp & GfpFlags.NoRetry) != 0)
            {
                if (first is CompactResult.Skipped or CompactResult.Deferred)
                {
                    return -1;
                }
                priority = CompactPriority.Async;
            }
        }
        int idleRounds = 0, compactRounds = 0;
        while (true)
        {
            WakeKswapd(zones, in request, gfp, cpu, cause);
            if (reserves)
            {
                request.Flags = AllocFlags.NoWatermarks | (request.Flags & AllocFlags.Kswapd);
            }
            pfn = FromZones(zones, ref request, cpu, cause);
            if (pfn >= 0 || !mayReclaim)
            {
                return pfn;
            }
            if (request.MayWait && Reclaim!.MustWait(request.Waiter, gfp, failed: false))
            {
                return Blocked;
            }
            pfn = ReclaimDirectly(zones, ref request, gfp, cpu, cause, out bool progress);
            if (pfn >= 0)
            {
                return pfn;
            }
            if (!progress && request.MayWait && Reclaim!.MustWait(request.Waiter, gfp, failed: true))
            {
                return Blocked;
            }
            pfn = CompactDirectly(zones, ref request, gfp, priority, cpu, cause, out CompactResult result);
            if (pfn >= 0 || (gfp & GfpFlags.NoRetry) != 0 || (costly && (!mayCompact || (gfp & GfpFlags.RetryMayFail) == 0)))
            {
                return pfn;
            }
            if (!IsReclaimWorthRetrying(zones, in request, progress, ref idleRounds, cpu, cause)
                && !(progress && mayCompact && IsCompactionWorthRetrying(zones, in request, result, ref priority, ref compactRounds)))
            {
                return GiveUp(zones, ref request, gfp, cpu, cause);
            }
        }
    }

    /// <summary>
    /// Nothing can be reclaimed: unless someone else has freed plenty meanwhile, a process is killed
    /// (<c>__alloc_pages_may_oom</c>). A request that cannot wait takes of the reserves first.
    /// </summary>
    private long GiveUp(Zone[] zones, ref PageRequest request, GfpFlags gfp, CpuClock cpu, long cause)
    {
        if (Reclaim is null || request.Order > PageOrder.Costly || (gfp & GfpFlags.Fs) == 0
            || (gfp & (GfpFlags.NoRetry | GfpFlags.RetryMayFail | GfpFlags.ThisNode)) != 0)
        {
            return -1;
        }
        foreach (Zone zone in zones)
        {
            if (WatermarkCheck.IsMet(zone, in request, zone.Watermark(Watermark.High), zone.FreePagesCounter)
                && FromZone(zone, in request, cpu, cause) is var had && had >= 0)
            {
                return had;
            }
        }
        int asker = request.MayWait ? request.Waiter : request.Owner;
        switch (Reclaim.OutOfMemory(request.Order, gfp, asker, request.MayWait, cpu, cause))
        {
            case OutOfMemoryAnswer.Wait:
                return Blocked;
            case OutOfMemoryAnswer.Reserves:
                request.Flags = AllocFlags.NoWatermarks;
                return FromZones(zones, ref request, cpu, cause);
            default:
                return -1;
        }
    }

    /// <summary>Wakes kswapd for every zone the request may use (<c>wake_all_kswapds</c>).</summary>
    private void WakeKswapd(Zone[] zones, in PageRequest request, GfpFlags gfp, CpuClock cpu, long cause)
    {
        if (_kswapd is null || (request.Flags & AllocFlags.Kswapd) == 0)
        {
            return;
        }
        foreach (Zone zone in zones)
        {
            _kswapd.Wakeup(zone, request.Order, request.HighestZone, gfp, cpu, cause);
        }
    }

    /// <summary>Compacts, then asks the free lists again (<c>__alloc_pages_direct_compact</c>).</summary>
    private long CompactDirectly(
        Zone[] zones, ref PageRequest request, GfpFlags gfp, CompactPriority priority, CpuClock cpu, long cause, out CompactResult result)
    {
        result = CompactResult.Skipped;
        if (request.Order == 0 || Compaction is null)
        {
            return -1;
        }
        result = Compaction.TryToCompact(zones, in request, gfp, priority, cpu, cause, out long pfn);
        if (result == CompactResult.Skipped)
        {
            return -1;
        }
        if (pfn >= 0)
        {
            TakeFree((int)pfn, in request, cpu, cause);
        }
        else
        {
            pfn = FromZones(zones, ref request, cpu, cause);
        }
        Stalled(pfn >= 0 ? StallKind.CompactSuccess : StallKind.CompactFail, in request, cause);
        if (pfn >= 0)
        {
            Compaction.Succeeded(_state.Zone(_frames[pfn].Zone), request.Order, cause);
        }
        return pfn;
    }

    /// <summary>Reclaims, then asks the free lists again, at last with what other CPUs hold (<c>__alloc_pages_direct_reclaim</c>).</summary>
    private long ReclaimDirectly(Zone[] zones, ref PageRequest request, GfpFlags gfp, CpuClock cpu, long cause, out bool progress)
    {
        long pfn = -1;
        progress = false;
        if (Reclaim is not null)
        {
            Stalled(StallKind.Reclaim, in request, cause);
            progress = Reclaim.TryToFreePages(zones, request.Order, gfp, cpu, cause) > 0;
            if (!progress)
            {
                return -1;
            }
            pfn = FromZones(zones, ref request, cpu, cause);
        }
        if (pfn < 0)
        {
            // Where nothing can be reclaimed, the per-CPU pages are all that is left to be had.
            Unreserve(zones, request.MigrateType, force: false, cpu, cause);
            DrainAll(cpu, cause);
            pfn = FromZones(zones, ref request, cpu, cause);
        }
        return pfn;
    }

    /// <summary>Whether freeing all that can be freed would let the request through (<c>should_reclaim_retry</c>).</summary>
    private bool IsReclaimWorthRetrying(
        Zone[] zones, in PageRequest request, bool progress, ref int idleRounds, CpuClock cpu, long cause)
    {
        idleRounds = progress && request.Order <= PageOrder.Costly ? 0 : idleRounds + 1;
        if (idleRounds > MaxReclaimRetries)
        {
            return Unreserve(zones, request.MigrateType, force: true, cpu, cause);
        }
        foreach (Zone zone in zones)
        {
            // Without reclaim the free pages are what they are: the lists have just been asked.
            long reclaimable = Reclaim?.ReclaimablePages(zone) ?? 0;
            if (reclaimable > 0
                && WatermarkCheck.IsMet(zone, in request, zone.Watermark(Watermark.Min), zone.FreePages + reclaimable))
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>Whether compaction may do better the next time, or with a higher priority (<c>should_compact_retry</c>).</summary>
    private bool IsCompactionWorthRetrying(
        Zone[] zones, in PageRequest request, CompactResult result, ref CompactPriority priority, ref int rounds)
    {
        if (request.Order == 0)
        {
            return false;
        }
        bool costly = request.Order > PageOrder.Costly;
        switch (result)
        {
            case CompactResult.Skipped:
                return Compaction!.IsAnySuitable(zones, in request, Reclaim is null ? null : Reclaim.ReclaimablePages);
            case CompactResult.Complete or CompactResult.Deferred or CompactResult.Contended or CompactResult.PartialSkipped:
                break;
            default:
                rounds += result == CompactResult.Success ? 1 : 0;
                if (rounds <= (costly ? MaxCompactRetries / 4 : MaxCompactRetries))
                {
                    return true;
                }
                break;
        }
        if (priority <= (costly ? CompactPriority.SyncLight : CompactPriority.SyncFull))
        {
            return false;
        }
        priority--;
        rounds = 0;
        return true;
    }

    /// <summary>Hands out a free block, or the lower part of one, that is known to lie there.</summary>
    private void TakeFree(int pfn, in PageRequest request, CpuClock cpu, long cause)
    {
        int from = _frames.At(pfn).Order;
        cpu.Charge(_allocBuddyPs);
        EventHeader header = Emit(pfn, in request, cpu, cause);
        if (from > request.Order)
        {
            var split = new BuddySplit(pfn, (byte)from, (byte)request.Order);
            _journal.Emit(in split, header.Sequence);
        }
    }

    private void Stalled(StallKind kind, in PageRequest request, long cause)
    {
        var stall = new PageStall(kind, (byte)request.Order, request.HighestZone);
        EventHeader header = _journal.Emit(in stall, cause);
        _state.Apply(in stall, in header);
    }

    private void Fail(Zone[] zones, in PageRequest request, GfpFlags gfp, CpuClock cpu, long cause)
    {
        long free = 0;
        foreach (Zone zone in zones)
        {
            free += zone.FreePages;
        }
        _starved[request.Order] += free >= 1L << request.Order ? 1 : 0;
        cpu.Charge(_failPs);
        var failed = new PageAllocFailed((byte)request.Order, (int)gfp, request.Owner, free, (byte)cpu.Id);
        EventHeader header = _journal.Emit(in failed, cause);
        _state.Apply(in failed, in header);
    }
}
