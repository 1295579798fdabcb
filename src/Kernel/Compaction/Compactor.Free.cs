using Sim.Hardware.Cpu;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Compaction;

/// <content>The free scanner: finds frames to move pages to.</content>
internal sealed partial class Compactor
{
    /// <summary>Takes free frames aside for the pages that wait (<c>isolate_freepages</c>).</summary>
    private void IsolateFreeFrames(CompactControl pass, CpuClock cpu)
    {
        SearchFreeLists(pass, cpu);
        if (pass.FreeFrames.Count > 0)
        {
            return;
        }
        Zone zone = pass.Zone;
        ZoneCompaction state = _state[zone.Type];
        int wanted = pass.Pages.Count;
        long at = pass.FreePfn;
        long start = BlockStart(at), end = Math.Min(start + _blockPages, zone.EndPfn);
        long lowest = BlockStart(pass.MigratePfn) + _blockPages;
        int stride = pass.Mode == CompactMode.Async ? ClusterMax : 1;
        for (; start >= lowest; end = start, start -= _blockPages, at = start)
        {
            if (!IsOneZone(zone, start, end) || !IsTarget(pass, start) || (!pass.IgnoreSkipHint && state.IsSkipped(start)))
            {
                continue;
            }
            int isolated = IsolateFrames(pass, ref at, end, stride, cpu);
            if (at == end)
            {
                SkipTarget(state, start, pass);
            }
            if (pass.FreeFrames.Count >= wanted)
            {
                at = at >= end ? start - _blockPages : at;
                break;
            }
            if (at < end)
            {
                // The watermark is in the way: going on would be in vain.
                break;
            }
            stride = isolated > 0 ? 1 : Math.Min(ClusterMax, stride << 1);
        }
        pass.FreePfn = at;
    }

    /// <summary>Takes the free frames of a block aside, as many as are waited for (<c>isolate_freepages_block</c>).</summary>
    /// <returns>How many; <paramref name="at"/> is where it stopped.</returns>
    private int IsolateFrames(CompactControl pass, ref long at, long end, int stride, CpuClock cpu)
    {
        int total = 0;
        for (; at < end; at += stride)
        {
            pass.FreeScanned++;
            ref Frame frame = ref _frames.At(at);
            if (frame.State == FrameState.Allocated && frame.Order > 0)
            {
                long skipped = (1L << frame.Order) - 1;
                at += skipped;
                pass.FreeScanned += skipped;
                continue;
            }
            if (frame.State != FrameState.Buddy)
            {
                continue;
            }
            int taken = Isolate(pass, at, cpu);
            if (taken == 0)
            {
                break;
            }
            pass.FreeScanned += taken - 1;
            total += taken;
            if (pass.Pages.Count <= pass.FreeFrames.Count)
            {
                at += taken;
                break;
            }
            at += taken - 1;
        }
        at = Math.Min(at, end);
        return total;
    }

    /// <summary>
    /// Looks on the free lists of movable blocks for one high in the zone, before any block is scanned
    /// (<c>fast_isolate_freepages</c>).
    /// </summary>
    private void SearchFreeLists(CompactControl pass, CpuClock cpu)
    {
        if (pass.Order <= 0)
        {
            return;
        }
        Zone zone = pass.Zone;
        ZoneCompaction state = _state[zone.Type];
        int limit = Math.Max(1, SearchLimit(pass) >> 1);
        bool starting = pass.FreePfn >= state.InitFreePfn;
        if (starting)
        {
            limit = (int)_blockPages >> 1;
        }
        long distance = pass.FreePfn - pass.MigratePfn;
        long low = BlockStart(pass.FreePfn - (distance >> 2)), least = BlockStart(pass.FreePfn - (distance >> 1));
        long highest = 0, found = -1;
        pass.SearchOrder = Math.Min(pass.Order - 1, pass.SearchOrder);
        for (int order = pass.SearchOrder; found < 0 && order >= 0; order = NextSearchOrder(pass, order))
        {
            if (zone.FreeBlocks(order) == 0)
            {
                continue;
            }
            int list = zone.FreeList(order, MigrateType.Movable), at, scanned = 0;
            long best = 0;
            for (at = _frames.At(list).Prev; at != list; at = _frames.At(at).Prev)
            {
                scanned++;
                pass.FreeScanned++;
                if (at >= highest)
                {
                    highest = Math.Max(BlockStart(at), zone.StartPfn);
                }
                if (at >= low)
                {
                    pass.FastSearchFail = 0;
                    pass.SearchOrder = order;
                    found = at;
                    break;
                }
                if (at >= least && at > best)
                {
                    best = at;
                    limit >>= 1;
                }
                if (scanned >= limit)
                {
                    break;
                }
            }
            if (found < 0 && best > 0)
            {
                found = best;
                at = (int)best;
            }
            if (at != list)
            {
                Rotate(zone, order, at, last: false, pass.Cause);
            }
            if (found >= 0)
            {
                int taken = Isolate(pass, found, cpu);
                pass.FreeScanned += Math.Max(0, taken - 1);
                if (taken == 0)
                {
                    order = pass.SearchOrder + 1;
                    found = -1;
                }
            }
            if (pass.FreeFrames.Count >= pass.Pages.Count)
            {
                break;
            }
            if (scanned >= limit)
            {
                limit = Math.Max(1, limit >> 1);
            }
        }
        if (found < 0)
        {
            pass.FastSearchFail++;
            if (starting && highest >= least)
            {
                found = pass.FreePfn = highest;
            }
            else if (starting && pass.Direct && IsOneZone(zone, least, Math.Min(least + _blockPages, zone.EndPfn)))
            {
                found = pass.FreePfn = least;
            }
        }
        if (highest > 0 && highest >= state.FreePfn)
        {
            SetPositions(state, state.AsyncPfn, state.SyncPfn, highest - _blockPages, pass.Cause);
        }
        if (found >= 0)
        {
            SearchAround(pass, state, found, cpu);
        }
    }

    /// <summary>The rest of the block that a search has found (<c>fast_isolate_around</c>).</summary>
    private void SearchAround(CompactControl pass, ZoneCompaction state, long pfn, CpuClock cpu)
    {
        if (pass.FreeFrames.Count >= pass.Pages.Count || (pass.Direct && pass.Mode == CompactMode.Async))
        {
            return;
        }
        long start = Math.Max(BlockStart(pfn), pass.Zone.StartPfn), end = Math.Min(BlockStart(pfn) + _blockPages, pass.Zone.EndPfn);
        if (IsOneZone(pass.Zone, start, end))
        {
            long at = start;
            IsolateFrames(pass, ref at, end, 1, cpu);
            if (at == end)
            {
                Skip(state, start, pass.Cause);
            }
        }
    }

    private int Isolate(CompactControl pass, long pfn, CpuClock cpu)
    {
        int taken = _allocator.IsolateFreePage(pfn, cpu, pass.Cause);
        for (int i = 0; i < taken; i++)
        {
            pass.FreeFrames.Add((int)pfn + i);
        }
        pass.Isolated += taken;
        return taken;
    }

    /// <summary>The orders below the one wanted, round and round; -1 when all have been searched (<c>next_search_order</c>).</summary>
    private static int NextSearchOrder(CompactControl pass, int order)
    {
        order = order == 0 ? pass.Order - 1 : order - 1;
        if (order != pass.SearchOrder)
        {
            return order;
        }
        pass.SearchOrder = pass.SearchOrder == 0 ? pass.Order - 1 : pass.SearchOrder - 1;
        return -1;
    }

    /// <summary>Pages move into movable blocks that are not free as a whole (<c>suitable_migration_target</c>).</summary>
    private bool IsTarget(CompactControl pass, long pfn)
    {
        ref Frame frame = ref _frames.At(pfn);
        return (frame.State != FrameState.Buddy || frame.Order < _blockOrder)
            && (pass.IgnoreBlockSuitable || pass.Zone.PageblockType(pfn) == MigrateType.Movable);
    }

    /// <summary>The block is used up: the next pass starts below it (<c>update_pageblock_skip</c>).</summary>
    private void SkipTarget(ZoneCompaction state, long start, CompactControl pass)
    {
        Skip(state, start, pass.Cause);
        if (start - _blockPages < state.FreePfn)
        {
            SetPositions(state, state.AsyncPfn, state.SyncPfn, start - _blockPages, pass.Cause);
        }
    }
}
