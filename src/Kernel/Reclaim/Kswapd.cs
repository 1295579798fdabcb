using Sim.Engine.Events;
using Sim.Engine.Scheduling;
using Sim.Hardware.Cpu;
using Sim.Kernel.Buddy;
using Sim.Kernel.Compaction;
using Sim.Kernel.Tasks;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Reclaim;

/// <summary>
/// The thread that reclaims in the background: woken at the low watermark, it works until a zone has the high one,
/// naps, and sleeps (<c>kswapd</c>, <c>balance_pgdat</c>, <c>kswapd_try_to_sleep</c> of mm/vmscan.c, Linux 6.1). Execution state.
/// </summary>
internal sealed class Kswapd : IKswapd, IComponent, IThreadWork
{
    private const ushort WakeUp = 1, GoOn = 2, NapOver = 3;

    /// <summary>Rounds in vain after which the node counts as hopeless (<c>MAX_RECLAIM_RETRIES</c>).</summary>
    public const int MaxFailures = 16;

    /// <summary>A nap, and the longest it waits for pages to be written (<c>HZ/10</c>).</summary>
    private const long NapPs = 100L * 1_000_000_000;

    private enum Phase : byte
    {
        Asleep,
        Working,
        Napping,
        Waiting,
    }

    private readonly PageAllocatorState _memory;
    private readonly PageAllocator _allocator;
    private readonly NodeReclaim _node;
    private readonly ReclaimState _state;
    private readonly Compactor _compactor;
    private readonly Kcompactd _kcompactd;
    private readonly DirectReclaim _direct;
    private readonly Scheduler _scheduler;
    private readonly Journal _journal;
    private readonly KernelThread _thread;
    private readonly ushort _id;
    private readonly ReclaimPass _pass = new() { Kswapd = true, Gfp = GfpFlags.Kernel };
    private CpuClock _cpu;
    private Phase _phase;
    private ushort _due;
    private int _wantedOrder, _failures, _writtenWhileWaiting;
    private ZoneType _wantedHighest;
    private bool _inWalk, _raise, _roused;
    private long _boostLeft, _boosted, _before, _ticket, _dueCause;

    public Kswapd(
        PageAllocator allocator, NodeReclaim node, ReclaimState state, DirectReclaim direct, Compactor compactor, Kcompactd kcompactd,
        Journal journal, KernelThreads threads, ReclaimOptions options)
    {
        _allocator = allocator;
        _memory = allocator.State;
        _node = node;
        _state = state;
        _direct = direct;
        _compactor = compactor;
        _kcompactd = kcompactd;
        _scheduler = threads.Scheduler;
        _journal = journal;
        _cpu = threads.Home;
        _thread = threads.Make("kswapd0", this, options.SliceNs);
        _id = _scheduler.Register(this);
    }

    /// <summary>It has given up: whoever needs memory reclaims for himself.</summary>
    public bool IsHopeless => _failures >= MaxFailures;

    /// <inheritdoc/>
    public long Cause => _pass.Cause;

    /// <summary>Someone else has made progress.</summary>
    public void Hope() => _failures = 0;

    public void Wakeup(Zone zone, int order, ZoneType highestZone, GfpFlags gfp, CpuClock cpu, long cause)
    {
        if (!zone.IsPopulated)
        {
            return;
        }
        _wantedOrder = Math.Max(_wantedOrder, order);
        _wantedHighest = highestZone > _wantedHighest ? highestZone : _wantedHighest;
        if (_phase is Phase.Working or Phase.Waiting)
        {
            return;
        }
        if (IsHopeless || (IsBalanced(order, highestZone) && Boost(highestZone) == 0))
        {
            // Enough may be free, in pieces.
            if ((gfp & GfpFlags.DirectReclaim) == 0)
            {
                _kcompactd.Wakeup(order, highestZone, cause);
            }
            return;
        }
        bool napping = _phase == Phase.Napping;
        _phase = Phase.Working;
        _pass.Cause = napping ? Rest(KswapdRest.LowWmarkHitQuickly, cause) : cause;
        Send(Math.Max(_scheduler.NowPs, cpu.TimePs), WakeUp, _pass.Cause, napping ? 1 : 0);
    }

    /// <summary>A page was written: pages that kswapd waits for may be clean (<c>__acct_reclaim_writeback</c>).</summary>
    public void PageWritten(long cause)
    {
        if (_phase == Phase.Waiting && ++_writtenWhileWaiting > LruLists.ClusterMax)
        {
            _phase = Phase.Working;
            Send(_scheduler.NowPs, GoOn, cause);
        }
    }

    public void Handle(in Message message)
    {
        if (message.B != _ticket)
        {
            return;
        }
        (_due, _dueCause, _roused) = (message.Kind, message.Cause, message.A != 0);
        _thread.Wake(message.Cause);
    }

    public bool Work(CpuClock cpu, long untilPs)
    {
        _cpu = cpu;
        ushort due = _due;
        _due = GoOn;
        switch (due)
        {
            case WakeUp:
                Start(_dueCause, _roused);
                break;
            case NapOver when !EndNap(_dueCause):
                return false;
            default:
                _phase = Phase.Working;
                break;
        }
        return Walk(untilPs);
    }

    /// <summary>Messages carry a number, and only the last one sent counts.</summary>
    private void Send(long timePs, ushort kind, long cause, long a = 0) =>
        _scheduler.Schedule(Math.Max(timePs, _scheduler.NowPs), _id, kind, cause, a, ++_ticket);

    private void Start(long cause, bool roused)
    {
        if (!roused)
        {
            var wake = new KswapdWake((byte)_wantedOrder, _wantedHighest);
            EventHeader header = _journal.Emit(in wake, cause);
            _state.Apply(in wake, in header);
            cause = header.Sequence;
        }
        _pass.Cause = cause;
        (_pass.Order, _pass.Highest) = (_wantedOrder, _wantedHighest);
        (_wantedOrder, _wantedHighest) = (0, 0);
        _boosted = _boostLeft = Boost(_pass.Highest);
        _pass.AllWriteback = _pass.AllDirty = _pass.AgesFirst = false;
        SetActive(true);
        Restart();
    }

    private void Restart()
    {
        _pass.Priority = ReclaimPass.DefaultPriority;
        _pass.Reclaimed = 0;
        _inWalk = false;
    }

    /// <summary>Walks over the lists; true when its time is up first.</summary>
    private bool Walk(long untilPs)
    {
        while (true)
        {
            if (_cpu.TimePs >= untilPs)
            {
                return true;
            }
            if (_inWalk)
            {
                if (_node.Step(_pass, _cpu))
                {
                    continue;
                }
                _inWalk = false;
                if (!EndWalk(out bool waits))
                {
                    return Rest();
                }
                if (waits)
                {
                    _phase = Phase.Waiting;
                    _writtenWhileWaiting = 0;
                    Send(_cpu.TimePs + NapPs, GoOn, _pass.Cause);
                    return false;
                }
            }
            else if (!BeginWalk())
            {
                return Rest();
            }
        }
    }

    /// <summary>Begins a walk over the lists at the present priority; false when the node is balanced.</summary>
    private bool BeginWalk()
    {
        bool balanced = IsBalanced(_pass.Order, _pass.Highest);
        if (!balanced && _boostLeft > 0)
        {
            // Real need comes before the boost.
            _boostLeft = 0;
            Restart();
        }
        if (_boostLeft == 0 && balanced)
        {
            return false;
        }
        _raise = !(_boostLeft > 0 && _pass.Priority == ReclaimPass.DefaultPriority - 2);
        _pass.MayWrite = _boostLeft == 0 || _pass.Priority < ReclaimPass.DefaultPriority - 2;
        _pass.MaySwap = _boostLeft == 0;
        _node.Age(_pass, _cpu);
        _pass.Scanned = 0;
        _before = _pass.Reclaimed;
        _pass.Wanted = 0;
        foreach (Zone zone in _memory.Zones)
        {
            if (zone.IsPopulated && zone.Type <= _pass.Highest)
            {
                _pass.Wanted += Math.Max(zone.Watermark(Watermark.High), LruLists.ClusterMax);
            }
        }
        _inWalk = true;
        _node.Begin(_pass);
        return true;
    }

    /// <summary>A walk is over; false when it was the last.</summary>
    private bool EndWalk(out bool waits)
    {
        // So much is free by now that single pages are enough (kswapd_shrink_node).
        if (_pass.Order > 0 && _pass.Reclaimed >= 2L << _pass.Order)
        {
            _pass.Order = 0;
        }
        if (_pass.Scanned >= _pass.Wanted)
        {
            _raise = false;
        }
        _direct.WakeIfAllowed(_pass.Cause);
        long freed = _pass.Reclaimed - _before;
        if (freed > 0)
        {
            _failures = 0;
        }
        waits = (_pass.QueueFull || _pass.Immediate > 0) && _state.Writeback > 0;
        _boostLeft -= Math.Min(_boostLeft, freed);
        if (_boostLeft > 0 && freed == 0)
        {
            return false;
        }
        // A full queue stops it in its tracks, as it stops whoever submits a request.
        if ((_raise || freed == 0) && !_pass.QueueFull)
        {
            _pass.Priority--;
        }
        return _pass.Priority >= 1;
    }

    /// <summary>Off work: takes boosts back, and naps, sleeps or goes on; true for that.</summary>
    private bool Rest()
    {
        if (_pass.Reclaimed == 0 && !IsBalanced(_pass.Order, _pass.Highest))
        {
            _failures++;
        }
        SetActive(false);
        foreach (Zone zone in _memory.Zones)
        {
            if (_boosted > 0 && zone.Type <= _pass.Highest && zone.WatermarkBoost > 0)
            {
                _allocator.SetBoost(zone, 0, _pass.Cause);
            }
        }
        var round = new ReclaimRound(Kswapd: true);
        EventHeader header = _journal.Emit(in round, _pass.Cause);
        _state.Apply(in round, in header);
        int order = _boosted > 0 ? Math.Max(_pass.Order, _memory.Profile.PageblockOrder) : _pass.Order;
        bool wanted = _wantedOrder > 0 || !IsBalanced(_pass.Order, _pass.Highest);
        if (wanted && !IsHopeless)
        {
            (_wantedOrder, _wantedHighest) = (Math.Max(_wantedOrder, _pass.Order), _pass.Highest > _wantedHighest ? _pass.Highest : _wantedHighest);
            (_due, _dueCause, _roused) = (WakeUp, _pass.Cause, true);
            return true;
        }
        _direct.WakeIfAllowed(_pass.Cause);
        _compactor.ClearSkips(_pass.Cause);
        _kcompactd.Wakeup(order, _pass.Highest, _pass.Cause);
        if (IsHopeless)
        {
            _phase = Phase.Asleep;
            Rest(KswapdRest.Sleep, _pass.Cause);
            return false;
        }
        _phase = Phase.Napping;
        Rest(KswapdRest.Nap, _pass.Cause);
        Send(_cpu.TimePs + NapPs, NapOver, _pass.Cause);
        return false;
    }

    /// <summary>True when it has to go on.</summary>
    private bool EndNap(long cause)
    {
        if (IsBalanced(_pass.Order, _pass.Highest))
        {
            _phase = Phase.Asleep;
            Rest(KswapdRest.Sleep, cause);
            return false;
        }
        _phase = Phase.Working;
        cause = Rest(KswapdRest.HighWmarkHitQuickly, cause);
        (_wantedOrder, _wantedHighest) = (Math.Max(_wantedOrder, _pass.Order), _pass.Highest > _wantedHighest ? _pass.Highest : _wantedHighest);
        Start(cause, roused: true);
        return true;
    }

    private long Rest(KswapdRest rest, long cause)
    {
        var e = new KswapdSleep(rest);
        EventHeader header = _journal.Emit(in e, cause);
        _state.Apply(in e, in header);
        return header.Sequence;
    }

    private void SetActive(bool active)
    {
        foreach (Zone zone in _memory.Zones)
        {
            if (zone.IsPopulated && zone.Type <= _pass.Highest && zone.IsReclaimActive != active)
            {
                var e = new ZoneReclaimActive(zone.Type, active);
                EventHeader header = _journal.Emit(in e, _pass.Cause);
                _memory.Apply(in e, in header);
            }
        }
    }

    private long Boost(ZoneType highest)
    {
        long boost = 0;
        foreach (Zone zone in _memory.Zones)
        {
            boost += zone.Type <= highest ? zone.WatermarkBoost : 0;
        }
        return boost;
    }

    /// <summary>True when some zone has the order above its high watermark (<c>pgdat_balanced</c>).</summary>
    private bool IsBalanced(int order, ZoneType highest)
    {
        foreach (Zone zone in _memory.Zones)
        {
            if (zone.IsPopulated && zone.Type <= highest
                && Compactor.IsWatermarkMet(zone, order, Watermark.High, highest, AllocFlags.Min))
            {
                return true;
            }
        }
        return false;
    }
}
