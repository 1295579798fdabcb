using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Kernel.Buddy;
using Sim.Kernel.Oom;
using Sim.Kernel.PageCache;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Reclaim;

/// <summary>
/// Reclaim by the request that needs the memory (<c>try_to_free_pages</c>, <c>throttle_direct_reclaim</c> of mm/vmscan.c, Linux
/// 6.1). Nothing sleeps on a call stack here: a request that has to wait is told so, and made again when it is woken.
/// Execution state.
/// </summary>
internal sealed class DirectReclaim : IPageReclaim
{
    private readonly PageAllocatorState _memory;
    private readonly NodeReclaim _node;
    private readonly ReclaimState _state;
    private readonly Journal _journal;
    private readonly OomKiller _oom;
    private readonly ReclaimPass _pass = new();
    private readonly List<int> _waiters = [];
    private int _written;

    public DirectReclaim(PageAllocatorState memory, NodeReclaim node, ReclaimState state, Journal journal, OomKiller oom)
    {
        _memory = memory;
        _node = node;
        _state = state;
        _journal = journal;
        _oom = oom;
    }

    /// <summary>The thread in the background.</summary>
    public Kswapd? Kswapd { get; set; }

    /// <summary>Writes dirty pages of files.</summary>
    public Flusher? Flusher { get; set; }

    /// <summary>Wakes a task that waits for memory.</summary>
    public Action<int, long>? Wake { get; set; }

    public long TryToFreePages(ReadOnlySpan<Zone> zones, int order, GfpFlags gfp, CpuClock cpu, long cause)
    {
        (_pass.Cause, _pass.Order, _pass.Highest) = (cause, order, zones[0].Type);
        _pass.Gfp = gfp;
        (_pass.MaySwap, _pass.MayWrite) = ((gfp & GfpFlags.Io) != 0, true);
        (_pass.Wanted, _pass.Reclaimed) = (LruLists.ClusterMax, 0);
        _pass.ForceDeactivate = false;
        do
        {
            _pass.SkippedDeactivate = false;
            _pass.QueueFull = false;
            for (_pass.Priority = ReclaimPass.DefaultPriority;
                _pass.Priority >= 0 && _pass.Reclaimed < _pass.Wanted && !_pass.QueueFull;
                _pass.Priority--)
            {
                _pass.Scanned = 0;
                _node.Begin(_pass);
                while (_node.Step(_pass, cpu))
                {
                }
            }
            // Nothing but active pages was left: they are next.
        }
        while (_pass.Reclaimed == 0 && !_pass.QueueFull && !_pass.ForceDeactivate && (_pass.ForceDeactivate = _pass.SkippedDeactivate));
        var round = new ReclaimRound(Kswapd: false);
        EventHeader header = _journal.Emit(in round, cause);
        _state.Apply(in round, in header);
        if (_pass.Reclaimed > 0)
        {
            Kswapd?.Hope();
        }
        else
        {
            Flusher?.StartAll(cpu, cause);
        }
        return _pass.Reclaimed;
    }

    public long ReclaimablePages(Zone zone)
    {
        LruState lru = _state.Lru;
        long pages = lru.Size(LruList.InactiveFile, zone.Type) + lru.Size(LruList.ActiveFile, zone.Type);
        return pages + (_state.Swap.Area.Free > 0 ? lru.Size(LruList.InactiveAnon, zone.Type) + lru.Size(LruList.ActiveAnon, zone.Type) : 0);
    }

    /// <inheritdoc/>
    public bool MustWait(int owner, GfpFlags gfp, bool failed)
    {
        // As long as pages are being written, or will be, and so will be clean, nobody need be killed.
        if (failed ? _state.Writeback == 0 && _state.Files.Dirty == 0 : (gfp & GfpFlags.Fs) == 0 || MayReclaim)
        {
            return false;
        }
        _waiters.Add(owner);
        return true;
    }

    /// <inheritdoc/>
    public OutOfMemoryAnswer OutOfMemory(int order, GfpFlags gfp, int asker, bool mayWait, CpuClock cpu, long cause)
    {
        // The kernel would wait here for the end of the victim, or of the writing; a request that cannot takes of the reserves.
        if (!mayWait)
        {
            return OutOfMemoryAnswer.Reserves;
        }
        OutOfMemoryAnswer answer = _oom.OutOfMemory(order, gfp, asker, cpu, cause);
        if (answer == OutOfMemoryAnswer.Wait)
        {
            _waiters.Add(asker);
        }
        return answer;
    }

    /// <summary>A process has given back all its memory.</summary>
    public void MemoryFreed(long cause) => WakeAll(cause);

    /// <summary>A page was written: whoever waits for memory finds some when a batch of them is clean.</summary>
    public void PageWritten(long cause)
    {
        if (++_written >= LruLists.ClusterMax || _state.Writeback == 0)
        {
            _written = 0;
            WakeIfAllowed(cause);
        }
    }

    /// <summary>kswapd has made progress, or given up (<c>pfmemalloc_wait</c>).</summary>
    public void WakeIfAllowed(long cause)
    {
        if (_waiters.Count > 0 && MayReclaim)
        {
            WakeAll(cause);
        }
    }

    /// <summary>More than half of the reserves is free; otherwise kswapd is to work alone (<c>allow_direct_reclaim</c>).</summary>
    private bool MayReclaim
    {
        get
        {
            if (Kswapd is null || Kswapd.IsHopeless)
            {
                return true;
            }
            long reserve = 0, free = 0;
            foreach (Zone zone in _memory.Zones)
            {
                if (zone.IsPopulated && zone.Type <= ZoneType.Normal && ReclaimablePages(zone) > 0)
                {
                    reserve += zone.Watermark(Watermark.Min);
                    free += zone.FreePagesCounter;
                }
            }
            return reserve == 0 || free > reserve / 2;
        }
    }

    private void WakeAll(long cause)
    {
        foreach (int pid in _waiters)
        {
            Wake?.Invoke(pid, cause);
        }
        _waiters.Clear();
    }
}
