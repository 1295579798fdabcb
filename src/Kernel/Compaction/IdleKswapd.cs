using Sim.Engine.Events;
using Sim.Engine.Scheduling;
using Sim.Hardware.Cpu;
using Sim.Kernel.Buddy;
using Sim.Kernel.Tasks;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Compaction;

/// <summary>
/// kswapd of a kernel that has nothing to reclaim: it takes the boosts of the watermarks back, lets zones be scanned afresh
/// and hands the order over to kcompactd, as kswapd does before it goes to sleep (mm/vmscan.c: <c>wakeup_kswapd</c>,
/// <c>balance_pgdat</c>, <c>kswapd_try_to_sleep</c>). Execution state.
/// </summary>
internal sealed class IdleKswapd : IKswapd, IComponent, IThreadWork
{
    /// <summary>Rounds in vain after which the node counts as hopeless (<c>MAX_RECLAIM_RETRIES</c>).</summary>
    private const int MaxFailures = 16;

    private readonly PageAllocatorState _pages;
    private readonly Compactor _compactor;
    private readonly Kcompactd _kcompactd;
    private readonly Scheduler _scheduler;
    private readonly Journal _journal;
    private readonly KernelThread _thread;
    private readonly ushort _id;
    private int _order, _failures;
    private ZoneType _highest;
    private bool _awake;

    public IdleKswapd(
        PageAllocatorState pages, Compactor compactor, Kcompactd kcompactd, Journal journal, KernelThreads threads)
    {
        _pages = pages;
        _compactor = compactor;
        _kcompactd = kcompactd;
        _scheduler = threads.Scheduler;
        _journal = journal;
        _thread = threads.Make("kswapd0", this, 0);
        _id = _scheduler.Register(this);
    }

    /// <inheritdoc/>
    public long Cause { get; private set; } = -1;

    public void Wakeup(Zone zone, int order, ZoneType highestZone, GfpFlags gfp, CpuClock cpu, long cause)
    {
        if (_awake)
        {
            _order = Math.Max(_order, order);
            _highest = highestZone > _highest ? highestZone : _highest;
            return;
        }
        bool balanced = IsBalanced(order, highestZone);
        if (balanced && _failures > 0 && IsBalanced(0, highestZone))
        {
            _failures = 0;
        }
        if (_failures >= MaxFailures || (balanced && !IsBoosted(highestZone)))
        {
            // Enough may be free, in pieces.
            if ((gfp & GfpFlags.DirectReclaim) == 0)
            {
                _kcompactd.Wakeup(order, highestZone, cause);
            }
            return;
        }
        (_awake, _order, _highest) = (true, order, highestZone);
        _scheduler.Schedule(Math.Max(_scheduler.NowPs, cpu.TimePs), _id, 0, cause);
    }

    public void Handle(in Message message)
    {
        Cause = message.Cause;
        _thread.Wake(message.Cause);
    }

    public bool Work(CpuClock cpu, long untilPs)
    {
        _awake = false;
        bool boosted = false;
        foreach (Zone zone in _pages.Zones)
        {
            if (zone.Type <= _highest && zone.WatermarkBoost > 0)
            {
                boosted = true;
                var lower = new ZoneBoost(zone.Type, 0);
                EventHeader header = _journal.Emit(in lower, Cause);
                _pages.Apply(in lower, in header);
            }
        }
        _failures = IsBalanced(0, _highest) ? 0 : _failures + 1;
        _compactor.ClearSkips(Cause);
        _kcompactd.Wakeup(boosted ? Math.Max(_order, _pages.Profile.PageblockOrder) : _order, _highest, Cause);
        return false;
    }

    private bool IsBoosted(ZoneType highest)
    {
        foreach (Zone zone in _pages.Zones)
        {
            if (zone.Type <= highest && zone.WatermarkBoost > 0)
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>True when some zone has the order above its high watermark (<c>pgdat_balanced</c>).</summary>
    private bool IsBalanced(int order, ZoneType highest)
    {
        foreach (Zone zone in _pages.Zones)
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
