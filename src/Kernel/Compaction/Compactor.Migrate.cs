using Sim.Engine.Events;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Compaction;

/// <content>The migrate scanner: finds pages to move.</content>
internal sealed partial class Compactor
{
    /// <summary>Pages taken aside at a time (<c>COMPACT_CLUSTER_MAX</c>).</summary>
    private const int ClusterMax = 32;

    /// <summary>Takes pages aside from the first suitable block (<c>isolate_migratepages</c>); false when there were none.</summary>
    private bool IsolatePages(CompactControl pass)
    {
        Zone zone = pass.Zone;
        ZoneCompaction state = _state[zone.Type];
        long low = FindBlock(pass);
        long start = Math.Max(BlockStart(low), zone.StartPfn);
        bool found = low != pass.MigratePfn && pass.FastSearchFail == 0;
        for (long end = BlockStart(low) + _blockPages; end <= pass.FreePfn;
            found = false, pass.MigratePfn = low = start = end, end += _blockPages)
        {
            if (!IsOneZone(zone, start, end))
            {
                continue;
            }
            if ((low % _blockPages == 0 || low == zone.StartPfn) && !found && !pass.IgnoreSkipHint && state.IsSkipped(start))
            {
                continue;
            }
            if (!IsSource(pass, start))
            {
                UpdateMigrateStart(pass, state, end);
                continue;
            }
            IsolateBlock(pass, state, low, end);
            break;
        }
        return pass.Pages.Count > 0;
    }

    /// <summary>Takes the movable pages of one block aside, up to a cluster of them (<c>isolate_migratepages_block</c>).</summary>
    private void IsolateBlock(CompactControl pass, ZoneCompaction state, long low, long end)
    {
        Zone zone = pass.Zone;
        // Without waiting, one page that stays spoils all others of its aligned block: go on with the next one.
        bool skipsOnFailure = pass.Direct && pass.Mode == CompactMode.Async;
        long span = pass.Order > 0 ? 1L << pass.Order : 1;
        long nextSkip = skipsOnFailure ? (low | (span - 1)) + 1 : 0;
        int isolated = 0;
        long valid = -1;
        bool marked = false;
        for (; low < end; low++)
        {
            if (skipsOnFailure && low >= nextSkip)
            {
                if (isolated > 0)
                {
                    break;
                }
                nextSkip = (low | (span - 1)) + 1;
            }
            pass.MigrateScanned++;
            ref Frame frame = ref _frames.At(low);
            if (valid < 0 && (low % _blockPages == 0 || low == zone.StartPfn))
            {
                if (!pass.IgnoreSkipHint && state.IsSkipped(low))
                {
                    low = end;
                    break;
                }
                valid = low;
            }
            if (frame.State == FrameState.Buddy)
            {
                low += (1L << frame.Order) - 1;
                pass.MigrateScanned += (1L << frame.Order) - 1;
                continue;
            }
            if (CompactionState.IsMovable(in frame) && _migration.CanMove(low, in frame, pass.Gfp))
            {
                if (!marked && low % _blockPages == 0)
                {
                    marked = true;
                    if (!pass.IgnoreSkipHint)
                    {
                        Skip(state, low, pass.Cause);
                    }
                }
                pass.Pages.Add((int)low);
                isolated++;
                if (pass.Pages.Count >= ClusterMax && !pass.Rescan)
                {
                    low++;
                    break;
                }
                continue;
            }
            if (frame.State == FrameState.Allocated && frame.Order > 0)
            {
                low += (1L << frame.Order) - 1;
                pass.MigrateScanned += (1L << frame.Order) - 1;
            }
            if (!skipsOnFailure)
            {
                continue;
            }
            pass.Pages.Clear();
            isolated = 0;
            if (low < nextSkip)
            {
                low = nextSkip - 1;
                nextSkip += span;
            }
        }
        low = Math.Min(low, end);
        if (low == end && (isolated == 0 || pass.Rescan))
        {
            if (valid >= 0 && !marked && !pass.IgnoreSkipHint)
            {
                Skip(state, valid, pass.Cause);
            }
            UpdateMigrateStart(pass, state, low);
        }
        pass.Isolated += isolated;
        pass.MigratePfn = low;
    }

    /// <summary>
    /// Looks on the free lists for a block near the scanner that is partly free already: less to move there
    /// (<c>fast_find_migrateblock</c>).
    /// </summary>
    private long FindBlock(CompactControl pass)
    {
        Zone zone = pass.Zone;
        ZoneCompaction state = _state[zone.Type];
        long pfn = pass.MigratePfn;
        if (pass.IgnoreSkipHint || (pfn != zone.StartPfn && pfn % _blockPages != 0) || pass.Order <= PageOrder.Costly
            || (pass.Direct && pass.MigrateType != MigrateType.Movable))
        {
            return pfn;
        }
        long distance = (pass.FreePfn - pfn) >> 1;
        if (pfn != zone.StartPfn)
        {
            distance >>= 2;
        }
        long high = BlockStart(pfn + distance);
        int limit = SearchLimit(pass), scanned = 0;
        bool found = false;
        for (int order = pass.Order - 1; order >= PageOrder.Costly && !found && scanned < limit; order--)
        {
            if (zone.FreeBlocks(order) == 0)
            {
                continue;
            }
            int list = zone.FreeList(order, MigrateType.Movable);
            for (int at = _frames.At(list).Next; at != list; at = _frames.At(at).Next)
            {
                if (scanned++ >= limit)
                {
                    Rotate(zone, order, at, last: true, pass.Cause);
                    break;
                }
                if (at < high && !state.IsSkipped(at))
                {
                    Rotate(zone, order, at, last: true, pass.Cause);
                    if (pass.FastStartPfn != long.MaxValue)
                    {
                        pass.FastStartPfn = pass.FastStartPfn == 0 ? at : Math.Min(pass.FastStartPfn, at);
                    }
                    pfn = Math.Max(BlockStart(at), zone.StartPfn);
                    pass.FastSearchFail = 0;
                    found = true;
                    break;
                }
            }
        }
        pass.MigrateScanned += scanned;
        if (found)
        {
            return pfn;
        }
        // Back to the lowest block that a search has found, once; from there block by block.
        pass.FastSearchFail++;
        if (pass.FastStartPfn is not 0 and not long.MaxValue)
        {
            pass.MigratePfn = pass.FastStartPfn;
            pass.FastStartPfn = long.MaxValue;
        }
        return pass.MigratePfn;
    }

    /// <summary>Blocks worth looking at on a free list; fewer after each search in vain (<c>freelist_scan_limit</c>).</summary>
    private static int SearchLimit(CompactControl pass) => (ClusterMax >> Math.Min(31, pass.FastSearchFail)) + 1;

    /// <summary>Without waiting, only blocks of the request's own type are worth it (<c>suitable_migration_source</c>).</summary>
    private bool IsSource(CompactControl pass, long pfn)
    {
        ref Frame frame = ref _frames.At(pfn);
        return (frame.State != FrameState.Allocated || frame.Order < _blockOrder)
            && (!pass.Direct || pass.Mode != CompactMode.Async || pass.Zone.PageblockType(pfn) == pass.MigrateType);
    }

    /// <summary>The next pass starts behind this block (<c>update_cached_migrate</c>).</summary>
    private void UpdateMigrateStart(CompactControl pass, ZoneCompaction state, long pfn)
    {
        pfn = BlockStart(pfn) + _blockPages;
        long sync = pass.Mode != CompactMode.Async ? Math.Max(pfn, state.SyncPfn) : state.SyncPfn;
        SetPositions(state, Math.Max(pfn, state.AsyncPfn), sync, state.FreePfn, pass.Cause);
    }

    /// <summary>True when both ends of a block are memory of the zone (<c>pageblock_pfn_to_page</c>).</summary>
    private bool IsOneZone(Zone zone, long start, long end)
    {
        ref Frame first = ref _frames.At(start);
        ref Frame last = ref _frames.At(end - 1);
        return zone.Spans(end - 1) && first.State != FrameState.Hole && first.Zone == zone.Type
            && last.State != FrameState.Hole && last.Zone == zone.Type;
    }

    private void Rotate(Zone zone, int order, int pfn, bool last, long cause)
    {
        int list = zone.FreeList(order, MigrateType.Movable);
        if (last ? _frames.At(list).Prev != pfn : _frames.At(list).Next != pfn)
        {
            var rotate = new CompactRotate(zone.Type, (byte)order, pfn, last);
            EventHeader header = _journal.Emit(in rotate, cause);
            _pages.Apply(in rotate, in header);
        }
    }
}
