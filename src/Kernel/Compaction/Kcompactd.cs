using Sim.Engine.Events;
using Sim.Engine.Scheduling;
using Sim.Hardware.Cpu;
using Sim.Kernel.Buddy;
using Sim.Kernel.Tasks;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Compaction;

/// <summary>
/// The thread that compacts in the background (<c>kcompactd</c>): when someone asks for blocks of an order, and of its own
/// accord when memory is badly fragmented, which it looks at twice a second. Execution state.
/// </summary>
internal sealed class Kcompactd : IComponent, IThreadWork
{
    private const ushort Wake = 1, Look = 2;

    /// <summary>How often it looks at the fragmentation score (<c>HPAGE_FRAG_CHECK_INTERVAL_MSEC</c>).</summary>
    private const long CheckIntervalPs = 500L * 1_000_000_000;

    /// <summary>After a look that came to nothing it waits this many times as long, as a power of two (<c>COMPACT_MAX_DEFER_SHIFT</c>).</summary>
    private const int BackOffShift = 6;

    private readonly Compactor _compactor;
    private readonly PageAllocator _allocator;
    private readonly PageAllocatorState _pages;
    private readonly Scheduler _scheduler;
    private readonly Journal _journal;
    private readonly KernelThread _thread;
    private readonly CompactionOptions _options;
    private readonly bool _isOn;
    private readonly ushort _id;
    private readonly CompactControl _pass = new() { Daemon = true };
    private CpuClock _cpu;
    private int _maxOrder, _zone, _scoreBefore;
    private ZoneType _highest = (ZoneType)(ZoneTypes.Count - 1);
    private bool _busy, _inZone, _lookPending, _woken;
    private long _nextLookPs, _wokenBy;

    public Kcompactd(
        Compactor compactor, PageAllocator allocator, Journal journal, KernelThreads threads, CompactionOptions options, bool isOn = true)
    {
        _compactor = compactor;
        _allocator = allocator;
        _pages = allocator.State;
        _scheduler = threads.Scheduler;
        _journal = journal;
        _cpu = threads.Home;
        _thread = threads.Make("kcompactd0", this, options.SliceNs);
        _options = options;
        _isOn = isOn;
        _id = _scheduler.Register(this);
    }

    /// <inheritdoc/>
    public long Cause => _pass.Cause;

    /// <summary>True when one of these options looks at memory of its own accord.</summary>
    public static bool LooksAround(KernelOptions options) => options.Compaction.IsOn(options.Profile) && options.Compaction.Proactiveness > 0;

    /// <summary>The machine has booted.</summary>
    public void Start() => LookLater(_scheduler.NowPs + CheckIntervalPs);

    /// <summary>Asks for blocks of an order (<c>wakeup_kcompactd</c>).</summary>
    public void Wakeup(int order, ZoneType highest, long cause)
    {
        if (order == 0 || !_isOn)
        {
            return;
        }
        _maxOrder = Math.Max(_maxOrder, order);
        _highest = highest < _highest ? highest : _highest;
        if (!_busy && IsNodeSuitable())
        {
            _busy = true;
            _scheduler.Schedule(Math.Max(_cpu.TimePs, _scheduler.NowPs), _id, Wake, cause);
        }
    }

    public void Handle(in Message message)
    {
        if (!_isOn)
        {
            _cpu.BeginDispatch(_scheduler.NowPs);
            Stop();
            return;
        }
        if (message.Kind == Wake)
        {
            (_woken, _wokenBy) = (true, message.Cause);
        }
        else
        {
            _lookPending = false;
            if (!LookAround())
            {
                return;
            }
        }
        _thread.Wake(message.Cause);
    }

    public bool Work(CpuClock cpu, long untilPs)
    {
        _cpu = cpu;
        if (!_isOn)
        {
            Stop();
            return false;
        }
        if (_woken)
        {
            _woken = false;
            var wake = new CompactDaemonWake((byte)_maxOrder, _highest);
            EventHeader header = _journal.Emit(in wake, _wokenBy);
            _compactor.State.Apply(in wake, in header);
            Begin(_maxOrder, proactive: false, header.Sequence);
        }
        return GoOn(untilPs);
    }

    /// <summary>A branch has switched compaction off: the pass that was under way puts back what it has isolated.</summary>
    private void Stop()
    {
        if (_inZone)
        {
            _compactor.End(_pass, CompactResult.PartialSkipped, _cpu);
        }
        (_inZone, _busy, _lookPending, _woken, _maxOrder) = (false, false, false, false, 0);
    }

    /// <summary>Looks at the score; true when there is something to do.</summary>
    private bool LookAround()
    {
        // Nothing changes on a machine where nothing else is going to happen.
        if (_scheduler.Pending > 0)
        {
            LookLater(Math.Max(_nextLookPs, _scheduler.NowPs + CheckIntervalPs));
        }
        if (_busy || _scheduler.NowPs < _nextLookPs || Score() <= FragmentationScore.HighMark(_options.Proactiveness))
        {
            return false;
        }
        _busy = true;
        _scoreBefore = Score();
        Begin(-1, proactive: true, cause: -1);
        return true;
    }

    private void LookLater(long timePs)
    {
        if (_isOn && _options.Proactiveness > 0 && !_lookPending)
        {
            _lookPending = true;
            _scheduler.Schedule(timePs, _id, Look, cause: -1);
        }
    }

    private void Begin(int order, bool proactive, long cause)
    {
        (_pass.Order, _pass.SearchOrder, _pass.FastSearchFail) = (order, order, 0);
        (_pass.Proactive, _pass.WholeZone, _pass.IgnoreSkipHint) = (proactive, proactive, proactive);
        (_pass.HighestZone, _pass.Cause) = (_highest, cause);
        (_zone, _inZone) = (0, false);
    }

    /// <summary>
    /// One zone after the other (<c>kcompactd_do_work</c>, <c>proactive_compact_node</c>); true when its time is up first.
    /// </summary>
    private bool GoOn(long untilPs)
    {
        while (_zone < _pages.Zones.Length)
        {
            if (_cpu.TimePs >= untilPs)
            {
                return true;
            }
            Zone zone = _pages.Zones[_zone];
            if (!_inZone)
            {
                _inZone = zone.IsPopulated && IsWanted(zone) && BeginZone(zone);
                _zone += _inZone ? 0 : 1;
                continue;
            }
            if (_compactor.Step(_pass, _cpu, out CompactResult result))
            {
                EndZone(zone, result);
                _inZone = false;
                _zone++;
            }
        }
        Sleep();
        return false;
    }

    /// <summary>Whether compaction of a zone would help anyone.</summary>
    private bool IsWanted(Zone zone) => _pass.Proactive
        || (zone.Type <= _pass.HighestZone && !_compactor.IsDeferred(zone, _pass.Order, _pass.Cause)
            && !Compactor.IsWatermarkMet(zone, _pass.Order, Watermark.Min, zone.Type, AllocFlags.Min)
            && _compactor.Suitability(zone, _pass.Order, zone.Type) == CompactResult.Continue);

    private bool BeginZone(Zone zone)
    {
        long cause = _pass.Cause;
        _pass.Begin(zone);
        CompactResult result = _compactor.Begin(_pass, _cpu, cause);
        if (result == CompactResult.Success)
        {
            _compactor.Reset(zone, _pass.Order, succeeded: false, cause);
        }
        return result == CompactResult.Continue;
    }

    private void EndZone(Zone zone, CompactResult result)
    {
        _compactor.End(_pass, result, _cpu);
        if (_pass.Proactive)
        {
            return;
        }
        if (result == CompactResult.Success)
        {
            _compactor.Reset(zone, _pass.Order, succeeded: false, _pass.Cause);
        }
        else if (result is CompactResult.Complete or CompactResult.PartialSkipped)
        {
            _allocator.DrainZone(zone, _cpu, _pass.Cause);
            _compactor.Defer(zone, _pass.Order, _pass.Cause);
        }
    }

    private void Sleep()
    {
        _busy = false;
        if (_pass.Proactive)
        {
            _nextLookPs = Score() >= _scoreBefore ? _scheduler.NowPs + (CheckIntervalPs << BackOffShift) : 0;
            return;
        }
        _nextLookPs = _scheduler.NowPs + CheckIntervalPs;
        int order = _pass.Order;
        if (_maxOrder <= order)
        {
            _maxOrder = 0;
        }
        _highest = (ZoneType)(ZoneTypes.Count - 1);
        if (_maxOrder > order && IsNodeSuitable())
        {
            _busy = true;
            _scheduler.Schedule(_cpu.TimePs, _id, Wake, _pass.Cause);
        }
        LookLater(Math.Max(_nextLookPs, _cpu.TimePs));
    }

    private bool IsNodeSuitable()
    {
        foreach (Zone zone in _pages.Zones)
        {
            if (zone.IsPopulated && zone.Type <= _highest
                && !Compactor.IsWatermarkMet(zone, _maxOrder, Watermark.Min, _highest, AllocFlags.Min)
                && _compactor.Suitability(zone, _maxOrder, _highest) == CompactResult.Continue)
            {
                return true;
            }
        }
        return false;
    }

    private int Score() => FragmentationScore.OfNode(_pages.Zones, _pages.Profile.PageblockOrder);
}
