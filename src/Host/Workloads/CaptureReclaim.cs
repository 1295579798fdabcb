using Sim.Engine.Scheduling;
using Sim.Hardware.Cpu;
using Sim.Host.Captures;
using Sim.Kernel;
using Sim.Kernel.Buddy;
using Sim.Kernel.Zones;

namespace Sim.Host.Workloads;

/// <summary>
/// Reclaim of a machine that replays a capture without the recorded kernel's: it takes pages in the order in which that one
/// gave them up. kswapd, woken below the low watermark, goes on until a zone is above its high watermark; a request that
/// waits gets at least 32 pages freed. Execution state.
/// </summary>
internal sealed class CaptureReclaim : IPageReclaim, IKswapd, IComponent
{
    /// <summary>Pages reclaimed at a time (<c>SWAP_CLUSTER_MAX</c>).</summary>
    private const int ClusterPages = 32;

    private readonly Machine _machine;
    private readonly ReclaimOrder _order;
    private readonly Func<long, int, bool> _shape;
    private readonly IKswapd? _idle;
    private readonly ushort _id;
    private (Zone Zone, int Order, ZoneType Highest, GfpFlags Gfp) _wakeup;
    private bool _awake, _active;

    /// <param name="machine">The machine; its page allocator gets this as its reclaim.</param>
    /// <param name="order">What may be taken.</param>
    /// <param name="shape">Makes the block at a frame one of an order; false when it is free already.</param>
    public CaptureReclaim(Machine machine, ReclaimOrder order, Func<long, int, bool> shape)
    {
        _machine = machine;
        _order = order;
        _shape = shape;
        _idle = machine.Pages.Kswapd;
        _id = machine.Scheduler.Register(this);
        machine.Pages.Reclaim = this;
        machine.Pages.Kswapd = this;
    }

    /// <summary>Pages that kswapd reclaimed.</summary>
    public long ByKswapd { get; private set; }

    /// <summary>Pages that requests reclaimed themselves.</summary>
    public long Directly { get; private set; }

    /// <summary>Times kswapd was woken.</summary>
    public long Wakeups { get; private set; }

    /// <inheritdoc/>
    public long TryToFreePages(ReadOnlySpan<Zone> zones, int order, GfpFlags gfp, CpuClock cpu, long cause)
    {
        long freed = Free(zones, Math.Max(ClusterPages, 1L << order), cpu, cause);
        Directly += freed;
        return freed;
    }

    /// <inheritdoc/>
    public long ReclaimablePages(Zone zone) => _order.PagesOf(zone.Type);

    /// <inheritdoc/>
    public void Wakeup(Zone zone, int order, ZoneType highestZone, GfpFlags gfp, CpuClock cpu, long cause)
    {
        if (_awake)
        {
            _wakeup = (zone, Math.Max(order, _wakeup.Order), highestZone > _wakeup.Highest ? highestZone : _wakeup.Highest, gfp);
            return;
        }
        if (IsBalanced(highestZone))
        {
            // Nothing is to be reclaimed; what else kswapd does there is to be done all the same.
            _idle?.Wakeup(zone, order, highestZone, gfp, cpu, cause);
            return;
        }
        Wakeups++;
        _awake = true;
        _wakeup = (zone, order, highestZone, gfp);
        _machine.Scheduler.Schedule(Math.Max(_machine.Scheduler.NowPs, cpu.TimePs), _id, 0, cause);
    }

    /// <summary>One cluster of pages; then kswapd looks whether that is enough.</summary>
    public void Handle(in Message message)
    {
        Cpu cpu = _machine.Cpus[^1];
        cpu.BeginDispatch(message.TimePs);
        if (!_active)
        {
            _active = true;
            _machine.Pages.SetReclaimActive(_wakeup.Highest, true, message.Cause);
        }
        Zone[] zones = [.. _machine.State.Memory.Pages.Zones.Where(z => z.IsPopulated && z.Type <= _wakeup.Highest)];
        long freed = IsBalanced(_wakeup.Highest) ? 0 : Free(zones, ClusterPages, cpu, message.Cause);
        ByKswapd += freed;
        if (freed > 0)
        {
            _machine.Scheduler.Schedule(Math.Max(message.TimePs, cpu.TimePs), _id, 0, message.Cause);
            return;
        }
        _awake = _active = false;
        _machine.Pages.SetReclaimActive(_machine.State.Memory.Pages.Zones[^1].Type, false, message.Cause);
        if (_idle is not null)
        {
            _idle.Wakeup(_wakeup.Zone, _wakeup.Order, _wakeup.Highest, _wakeup.Gfp, cpu, message.Cause);
            return;
        }
        foreach (Zone zone in zones)
        {
            _machine.Pages.SetBoost(zone, 0, message.Cause);
        }
    }

    /// <summary>True when a zone that the request may use is above its high watermark (<c>pgdat_balanced</c>).</summary>
    private bool IsBalanced(ZoneType highest)
    {
        foreach (Zone zone in _machine.State.Memory.Pages.Zones)
        {
            if (zone.IsPopulated && zone.Type <= highest
                && zone.FreePagesCounter - zone.ReservedHighAtomic > zone.Watermark(Watermark.High) + zone.LowmemReserve(highest))
            {
                return true;
            }
        }
        return false;
    }

    private long Free(ReadOnlySpan<Zone> zones, long pages, CpuClock cpu, long cause)
    {
        long freed = 0;
        while (freed < pages && _order.TryTake(zones, out long pfn, out int order))
        {
            if (_shape(pfn, order))
            {
                _machine.Pages.FreePages(pfn, order, cpu, cause);
                freed += 1L << order;
            }
        }
        return freed;
    }
}
