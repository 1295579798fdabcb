using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Kernel.Buddy;
using Sim.Kernel.Mm;
using Sim.Kernel.ProcFs;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Compaction;

/// <summary>
/// Moves pages to one end of a zone so that free frames join at the other (mm/compaction.c of Linux 6.1). A migrate scanner
/// goes up from the zone's start and takes movable pages aside; a free scanner comes down from its end and finds frames for
/// them; where they meet the pass ends.
/// </summary>
/// <remarks>
/// A pass never finds a lock held here and no page is under writeback, so it is never contended for those reasons; a pass
/// for a request runs to its end within it.
/// </remarks>
internal sealed partial class Compactor : ICompaction
{
    private const int MaxDeferShift = 6;

    private readonly PageAllocator _allocator;
    private readonly PageAllocatorState _pages;
    private readonly CompactionState _state;
    private readonly FrameTable _frames;
    private readonly PageMigration _migration;
    private readonly Journal _journal;
    private readonly CompactionOptions _options;
    private readonly int _blockOrder;
    private readonly long _blockPages, _scanPs;
    private readonly CompactControl _direct = new() { Direct = true };

    public Compactor(PageAllocator allocator, CompactionState state, PageMigration migration, Journal journal, CompactionOptions options)
    {
        _allocator = allocator;
        _pages = allocator.State;
        _state = state;
        _frames = _pages.Frames;
        _migration = migration;
        _journal = journal;
        _options = options;
        _blockOrder = _pages.Profile.PageblockOrder;
        _blockPages = 1L << _blockOrder;
        _scanPs = options.ScanNs * 1000L;
    }

    /// <summary>What it remembers.</summary>
    public CompactionState State => _state;

    public CompactResult TryToCompact(
        ReadOnlySpan<Zone> zones, in PageRequest request, GfpFlags gfp, CompactPriority priority, CpuClock cpu, long cause, out long captured)
    {
        captured = -1;
        CompactResult result = CompactResult.Skipped;
        if ((gfp & GfpFlags.Io) == 0)
        {
            return result;
        }
        foreach (Zone zone in zones)
        {
            if (priority > CompactPriority.SyncFull && IsDeferred(zone, request.Order, cause))
            {
                result = (CompactResult)Math.Max((int)result, (int)CompactResult.Deferred);
                continue;
            }
            bool full = priority == CompactPriority.SyncFull;
            CompactControl pass = _direct;
            (pass.Order, pass.SearchOrder, pass.FastSearchFail) = (request.Order, request.Order, 0);
            (pass.Gfp, pass.Flags, pass.HighestZone) = (gfp, request.Flags, request.HighestZone);
            pass.Mode = priority == CompactPriority.Async ? CompactMode.Async : CompactMode.SyncLight;
            (pass.WholeZone, pass.IgnoreSkipHint, pass.IgnoreBlockSuitable) = (full, full, full);
            pass.Begin(zone);
            CompactResult status = Compact(pass, cpu, cause);
            captured = pass.Captured;
            result = (CompactResult)Math.Max((int)result, (int)status);
            if (status == CompactResult.Success)
            {
                Reset(zone, request.Order, succeeded: false, cause);
                break;
            }
            if (priority != CompactPriority.Async && status is CompactResult.Complete or CompactResult.PartialSkipped)
            {
                Defer(zone, request.Order, cause);
            }
        }
        return result;
    }

    public void Succeeded(Zone zone, int order, long cause) => Reset(zone, order, succeeded: true, cause);

    public bool IsAnySuitable(ReadOnlySpan<Zone> zones, in PageRequest request, Func<Zone, long>? reclaimable)
    {
        foreach (Zone zone in zones)
        {
            long available = zone.FreePages + ((reclaimable?.Invoke(zone) ?? 0) / request.Order);
            if (HasRoom(zone, request.Order, request.HighestZone, available))
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>Whether a pass over a zone can do any good (<c>compaction_suitable</c>).</summary>
    public CompactResult Suitability(Zone zone, int order, ZoneType highest)
    {
        if (!HasRoom(zone, order, highest, zone.FreePagesCounter))
        {
            return CompactResult.Skipped;
        }
        // For cheap orders the alternative would be to kill someone: they are worth a try in any case.
        if (order > PageOrder.Costly && ExtFrag.Index(zone, order) is >= 0 and int index && index <= _options.ExtfragThreshold)
        {
            return CompactResult.NotSuitableZone;
        }
        return CompactResult.Continue;
    }

    /// <summary>True when a request of an order would get past a zone's watermark (<c>zone_watermark_ok</c>).</summary>
    public static bool IsWatermarkMet(Zone zone, int order, Watermark level, ZoneType highest, AllocFlags flags)
    {
        var request = new PageRequest(order, MigrateType.Movable, highest, 0, flags);
        return WatermarkCheck.IsMet(zone, in request, zone.Watermark(level), zone.FreePagesCounter);
    }

    /// <summary>Begins a pass; anything but <see cref="CompactResult.Continue"/> says that there is none (<c>compact_zone</c>).</summary>
    public CompactResult Begin(CompactControl pass, CpuClock cpu, long cause)
    {
        Zone zone = pass.Zone;
        ZoneCompaction zoneState = _state[zone.Type];
        if (pass.Order >= 0)
        {
            Watermark level = (pass.Flags & AllocFlags.Low) != 0 ? Watermark.Low : Watermark.Min;
            if (IsWatermarkMet(zone, pass.Order, level, pass.HighestZone, pass.Flags))
            {
                return CompactResult.Success;
            }
            CompactResult suitability = Suitability(zone, pass.Order, pass.HighestZone);
            if (suitability != CompactResult.Continue)
            {
                return suitability;
            }
            if (pass.Order >= zoneState.OrderFailed && zoneState.DeferShift == MaxDeferShift
                && zoneState.Considered >= 1 << zoneState.DeferShift)
            {
                ClearSkips(zone, cause);
            }
        }
        long lastBlock = BlockStart(zone.EndPfn - 1);
        if (pass.WholeZone)
        {
            (pass.MigratePfn, pass.FreePfn) = (zone.StartPfn, lastBlock);
        }
        else
        {
            pass.MigratePfn = pass.Mode != CompactMode.Async ? zoneState.SyncPfn : zoneState.AsyncPfn;
            pass.FreePfn = zoneState.FreePfn;
            if (!zone.Spans(pass.FreePfn))
            {
                pass.FreePfn = lastBlock;
                SetPositions(zoneState, zoneState.AsyncPfn, zoneState.SyncPfn, lastBlock, cause);
            }
            if (!zone.Spans(pass.MigratePfn))
            {
                pass.MigratePfn = zone.StartPfn;
                SetPositions(zoneState, zone.StartPfn, zone.StartPfn, zoneState.FreePfn, cause);
            }
            pass.WholeZone = pass.MigratePfn <= zoneState.InitMigratePfn;
        }
        pass.UpdateCached = pass.Mode == CompactMode.Async && zoneState.AsyncPfn == zoneState.SyncPfn;
        var begin = new CompactBegin(zone.Type, pass.Order, pass.Mode, pass.MigratePfn, pass.FreePfn);
        pass.Cause = _journal.Emit(in begin, cause).Sequence;
        return CompactResult.Continue;
    }

    /// <summary>Takes some pages aside and moves them; true when the pass is over.</summary>
    public bool Step(CompactControl pass, CpuClock cpu, out CompactResult result)
    {
        result = Finished(pass);
        if (result != CompactResult.Continue)
        {
            return true;
        }
        ZoneCompaction zoneState = _state[pass.Zone.Type];
        // A block that is scanned a second time in a row is taken whole, and then left alone for a while.
        pass.Rescan = BlockStart(pass.LastMigratedPfn) == BlockStart(pass.MigratePfn);
        long scanned = pass.MigrateScanned + pass.FreeScanned;
        if (!IsolatePages(pass))
        {
            if (pass.UpdateCached)
            {
                SetPositions(zoneState, zoneState.AsyncPfn, zoneState.AsyncPfn, zoneState.FreePfn, pass.Cause);
            }
        }
        else
        {
            pass.UpdateCached = false;
            pass.LastMigratedPfn = Math.Max(pass.Zone.StartPfn, BlockStart(pass.MigratePfn - 1));
            if (!MovePages(pass, cpu))
            {
                if (!HaveMet(pass))
                {
                    cpu.Charge((pass.MigrateScanned + pass.FreeScanned - scanned) * _scanPs);
                    result = CompactResult.Contended;
                    return true;
                }
                if (pass.Direct && pass.Mode == CompactMode.Async)
                {
                    pass.MigratePfn = ((pass.MigratePfn - 1) | ((1L << pass.Order) - 1)) + 1;
                    pass.LastMigratedPfn = 0;
                }
            }
        }
        cpu.Charge((pass.MigrateScanned + pass.FreeScanned - scanned) * _scanPs);
        // The scanner has left the block it moved pages out of: they are to join on the free lists.
        if (pass.Order > 0 && pass.LastMigratedPfn != 0)
        {
            long left = pass.MigratePfn & -(1L << pass.Order);
            if (pass.LastMigratedPfn < left)
            {
                _allocator.DrainLocal(pass.Zone, cpu.Id, cpu, pass.Cause);
                if (pass.Direct && Capture(pass, left))
                {
                    result = CompactResult.Success;
                    return true;
                }
                pass.LastMigratedPfn = 0;
            }
        }
        return false;
    }

    /// <summary>Gives back what was taken aside in vain and says what became of the pass.</summary>
    public void End(CompactControl pass, CompactResult result, CpuClock cpu)
    {
        ZoneCompaction zoneState = _state[pass.Zone.Type];
        pass.Pages.Clear();
        if (pass.FreeFrames.Count > 0)
        {
            long highest = 0;
            for (int i = pass.FreeFrames.Count - 1; i >= 0; i--)
            {
                highest = Math.Max(highest, pass.FreeFrames[i]);
                _allocator.FreePages(pass.FreeFrames[i], 0, cpu, pass.Cause);
            }
            pass.FreeFrames.Clear();
            if (BlockStart(highest) > zoneState.FreePfn)
            {
                SetPositions(zoneState, zoneState.AsyncPfn, zoneState.SyncPfn, BlockStart(highest), pass.Cause);
            }
        }
        var end = new CompactEnd(
            pass.Zone.Type, pass.Order, result, pass.MigratePfn, pass.FreePfn, pass.MigrateScanned, pass.FreeScanned, pass.Isolated, pass.Failed,
            pass.Daemon);
        EventHeader header = _journal.Emit(in end, pass.Cause);
        _state.Apply(in end, in header);
    }

    /// <summary>True when a zone's failures of late say to leave it alone this time (<c>compaction_deferred</c>).</summary>
    public bool IsDeferred(Zone zone, int order, long cause)
    {
        ZoneCompaction state = _state[zone.Type];
        if (order < state.OrderFailed)
        {
            return false;
        }
        int limit = 1 << state.DeferShift;
        int considered = Math.Min(state.Considered + 1, limit);
        SetDeferral(state, considered, state.DeferShift, state.OrderFailed, state.Flush, cause);
        return considered < limit;
    }

    /// <summary>The zone failed: leaves it alone twice as often as before (<c>defer_compaction</c>).</summary>
    public void Defer(Zone zone, int order, long cause)
    {
        ZoneCompaction state = _state[zone.Type];
        SetDeferral(state, 0, Math.Min(state.DeferShift + 1, MaxDeferShift), Math.Min(order, state.OrderFailed), state.Flush, cause);
    }

    /// <summary>A block of the order should be there now, or was even handed out (<c>compaction_defer_reset</c>).</summary>
    public void Reset(Zone zone, int order, bool succeeded, long cause)
    {
        ZoneCompaction state = _state[zone.Type];
        int failed = order >= state.OrderFailed ? order + 1 : state.OrderFailed;
        SetDeferral(state, succeeded ? 0 : state.Considered, succeeded ? 0 : state.DeferShift, failed, !succeeded && state.Flush, cause);
    }

    /// <summary>Compacts every zone as a whole (<c>compact_node</c>).</summary>
    public void CompactAll(CpuClock cpu, long cause)
    {
        foreach (Zone zone in _pages.Zones)
        {
            if (zone.IsPopulated)
            {
                var pass = new CompactControl { Mode = CompactMode.Sync, WholeZone = true, IgnoreSkipHint = true };
                pass.Begin(zone);
                Compact(pass, cpu, cause);
            }
        }
    }

    /// <summary>kswapd goes to sleep: zones whose scanners met are scanned afresh (<c>reset_isolation_suitable</c>).</summary>
    public void ClearSkips(long cause)
    {
        foreach (Zone zone in _pages.Zones)
        {
            if (zone.IsPopulated)
            {
                ClearSkips(zone, cause);
            }
        }
    }

    private void ClearSkips(Zone zone, long cause)
    {
        if (_state[zone.Type].Flush)
        {
            var reset = new CompactReset(zone.Type);
            EventHeader header = _journal.Emit(in reset, cause);
            _state.Apply(in reset, in header);
        }
    }

    private CompactResult Compact(CompactControl pass, CpuClock cpu, long cause)
    {
        CompactResult result = Begin(pass, cpu, cause);
        if (result == CompactResult.Continue)
        {
            while (!Step(pass, cpu, out result))
            {
            }
            End(pass, result, cpu);
        }
        return result;
    }

    /// <summary>Enough must be free, above the watermark, to move pages to (<c>__compaction_suitable</c>).</summary>
    private static bool HasRoom(Zone zone, int order, ZoneType highest, long free)
    {
        long mark = zone.Watermark(order > PageOrder.Costly ? Watermark.Low : Watermark.Min) + (2L << order);
        var page = new PageRequest(0, MigrateType.Movable, highest, 0, AllocFlags.Min);
        return WatermarkCheck.IsMet(zone, in page, mark, free);
    }

    /// <summary>Whether the pass has reached its goal, or its end (<c>__compact_finished</c>).</summary>
    private CompactResult Finished(CompactControl pass)
    {
        ZoneCompaction state = _state[pass.Zone.Type];
        if (HaveMet(pass))
        {
            SetPositions(state, pass.Zone.StartPfn, pass.Zone.StartPfn, BlockStart(pass.Zone.EndPfn - 1), pass.Cause);
            if (pass.Direct)
            {
                SetDeferral(state, state.Considered, state.DeferShift, state.OrderFailed, flush: true, pass.Cause);
            }
            return pass.WholeZone ? CompactResult.Complete : CompactResult.PartialSkipped;
        }
        if (pass.Proactive)
        {
            return FragmentationScore.Of(pass.Zone, _blockOrder) > FragmentationScore.LowMark(_options.Proactiveness)
                ? CompactResult.Continue
                : CompactResult.Success;
        }
        // A block begun is finished, lest the next request breaks into it.
        if (pass.Order < 0 || pass.MigratePfn % _blockPages != 0)
        {
            return CompactResult.Continue;
        }
        for (int order = pass.Order; order < PageOrder.Count; order++)
        {
            if (pass.Zone.FreeBlocks(order, pass.MigrateType) > 0 || _allocator.IsStealable(pass.Zone, order, pass.MigrateType))
            {
                return CompactResult.Success;
            }
        }
        return CompactResult.Continue;
    }

    /// <summary>A block that the pass has just freed is the request's own, whatever the watermark says (<c>compaction_capture</c>).</summary>
    private bool Capture(CompactControl pass, long end)
    {
        for (long at = pass.LastMigratedPfn & -(1L << pass.Order); at < end; at += 1L << pass.Order)
        {
            if (at < pass.Zone.StartPfn)
            {
                continue;
            }
            for (int order = pass.Order; order < PageOrder.Count; order++)
            {
                ref Frame head = ref _frames.At(at & -(1L << order));
                if (!BuddyLists.IsFree(in head, order, pass.Zone.Type))
                {
                    continue;
                }
                // Lesser requests leave movable blocks whole.
                if ((int)head.MigrateType < MigrateTypes.PcpTypes
                    && (pass.Order >= _blockOrder || head.MigrateType != MigrateType.Movable || pass.MigrateType == MigrateType.Movable))
                {
                    pass.Captured = at & -(1L << order);
                    return true;
                }
            }
        }
        return false;
    }

    /// <summary>Moves the pages taken aside; false when there were not enough frames for them (<c>migrate_pages</c>).</summary>
    private bool MovePages(CompactControl pass, CpuClock cpu)
    {
        bool all = true;
        for (int i = pass.Pages.Count - 1; i >= 0; i--)
        {
            if (pass.FreeFrames.Count == 0)
            {
                IsolateFreeFrames(pass, cpu);
            }
            if (pass.FreeFrames.Count == 0)
            {
                pass.Failed++;
                all = false;
                break;
            }
            int to = pass.FreeFrames[^1];
            pass.FreeFrames.RemoveAt(pass.FreeFrames.Count - 1);
            _migration.Move(pass.Pages[i], to, cpu, pass.Cause);
            pass.Moved++;
        }
        pass.Pages.Clear();
        return all;
    }

    private bool HaveMet(CompactControl pass) => pass.FreePfn >> _blockOrder <= pass.MigratePfn >> _blockOrder;

    private long BlockStart(long pfn) => pfn & -_blockPages;

    private void SetPositions(ZoneCompaction state, long asyncPfn, long syncPfn, long freePfn, long cause)
    {
        if (state.AsyncPfn != asyncPfn || state.SyncPfn != syncPfn || state.FreePfn != freePfn)
        {
            var position = new CompactPosition(state.Zone.Type, asyncPfn, syncPfn, freePfn);
            EventHeader header = _journal.Emit(in position, cause);
            _state.Apply(in position, in header);
        }
    }

    private void SetDeferral(ZoneCompaction state, int considered, int shift, int orderFailed, bool flush, long cause)
    {
        if (state.Considered != considered || state.DeferShift != shift || state.OrderFailed != orderFailed || state.Flush != flush)
        {
            var defer = new CompactDefer(state.Zone.Type, considered, (byte)shift, (byte)orderFailed, flush);
            EventHeader header = _journal.Emit(in defer, cause);
            _state.Apply(in defer, in header);
        }
    }

    private void Skip(ZoneCompaction state, long pfn, long cause)
    {
        if (!state.IsSkipped(pfn))
        {
            var skip = new CompactSkip(pfn);
            EventHeader header = _journal.Emit(in skip, cause);
            _state.Apply(in skip, in header);
        }
    }
}
