using Sim.Kernel.Zones;

namespace Sim.Kernel.Reclaim.Generations;

/// <summary>What a look through an oldest generation came to.</summary>
/// <param name="Scanned">Pages looked at.</param>
/// <param name="Taken">Taken off, to be reclaimed.</param>
/// <param name="Spent">As many were looked at as may be at once.</param>
internal readonly record struct GenerationScanResult(int Scanned, int Taken, bool Spent);

/// <summary>
/// Looks through the oldest generation of a kind from its end, sorts what does not belong there and takes off what can go
/// (<c>scan_folios</c>, <c>sort_folio</c>, <c>isolate_folio</c> of mm/vmscan.c, Linux 6.1).
/// </summary>
internal static class GenerationScan
{
    /// <summary><c>MAX_LRU_BATCH</c> and <c>MIN_LRU_BATCH</c>: pages looked at, and taken, at once.</summary>
    public const int MaxScanned = 4_096, MaxTaken = 64;

    public static GenerationScanResult Run(ReclaimState reclaim, FrameTable frames, in LruGenScan e)
    {
        GenerationState lru = reclaim.Lru.Generations!;
        int scanned = 0, taken = 0, sorted = 0, left = MaxScanned;
        // The highest zone that helps comes first, then those below; those above are only sorted.
        for (int i = ZoneTypes.Count; i > 0 && left > 0 && taken < MaxTaken; i--)
        {
            var zone = (ZoneType)(((int)e.Highest + i) % ZoneTypes.Count);
            int skipped = 0, firstSkipped = -1;
            for (int pfn; left > 0 && Math.Max(taken, skipped) < MaxTaken && (pfn = lru.Last(e.FilePages, zone)) >= 0 && pfn != firstSkipped;)
            {
                left--;
                scanned++;
                ref Frame frame = ref frames.At(pfn);
                if (Sort(reclaim, lru, ref frame, pfn, in e))
                {
                    sorted++;
                    continue;
                }
                if (!e.MayPageout && (frame.Has(PageFlags.Dirty) || (frame.Use == FrameUse.Anon && !frame.Has(PageFlags.SwapCache))))
                {
                    firstSkipped = firstSkipped < 0 ? pfn : firstSkipped;
                    lru.Resort(pfn, first: true);
                    skipped++;
                    continue;
                }
                if (!frame.Has(PageFlags.Referenced))
                {
                    frame.Uses = 0;
                    frame.Flags &= ~PageFlags.Workingset;
                }
                frame.Flags &= ~(PageFlags.Reclaim | PageFlags.Referenced);
                lru.Take(pfn, reclaiming: true);
                reclaim.Lru.SetAside(pfn);
                taken++;
            }
        }
        reclaim.ByKswapd = e.Kswapd;
        reclaim.Count(e.Kswapd ? VmEvent.PgscanKswapd : VmEvent.PgscanDirect, taken);
        reclaim.Count(e.FilePages ? VmEvent.PgscanFile : VmEvent.PgscanAnon, taken);
        reclaim.Count(VmEvent.Pgrefill, sorted);
        return new GenerationScanResult(scanned, taken, left == 0);
    }

    /// <summary>Puts a page where it belongs; false when it can go.</summary>
    private static bool Sort(ReclaimState reclaim, GenerationState lru, ref Frame frame, int pfn, in LruGenScan e)
    {
        if (frame.Has(PageFlags.LazyFree) && frame.Has(PageFlags.Dirty))
        {
            // Written to after its program gave it up: an anonymous page as others.
            lru.Take(pfn, reclaiming: true);
            frame.Flags &= ~PageFlags.LazyFree;
            lru.Add(pfn, reclaiming: true);
            return true;
        }
        if (!lru.IsOldest(in frame))
        {
            lru.Resort(pfn, first: true);
            return true;
        }
        int refs = GenerationState.Refs(in frame), tier = TierControl.TierOf(refs + 1);
        if (tier > e.LastTier || refs > GenerationState.MaxUses)
        {
            lru.Tiers.Protect(e.FilePages, tier);
            lru.MoveOn(pfn, first: false, reclaiming: false);
            reclaim.Count(e.FilePages ? VmEvent.WorkingsetActivateFile : VmEvent.WorkingsetActivateAnon);
            return true;
        }
        if (frame.Zone > e.Highest)
        {
            lru.MoveOn(pfn, first: false, reclaiming: false);
            return true;
        }
        if (frame.Has(PageFlags.Locked | PageFlags.Writeback) || (e.FilePages && frame.Has(PageFlags.Dirty)))
        {
            lru.MoveOn(pfn, first: true, reclaiming: true);
            return true;
        }
        return false;
    }
}
