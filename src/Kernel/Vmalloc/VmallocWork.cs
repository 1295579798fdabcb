using Sim.Engine.Scheduling;
using Sim.Hardware.Cpu;

namespace Sim.Kernel.Vmalloc;

/// <summary>
/// The kernel threads that do what vmalloc leaves for later: the purge when too many addresses wait (<c>drain_vmap_work</c>), and
/// areas given back in interrupts (<c>vfree_deferred</c>). A work that is pending is not queued again. Execution state.
/// </summary>
public sealed class VmallocWork : IComponent
{
    private const ushort Drain = 1, FreeAreas = 2;

    private readonly VmallocAllocator _allocator;
    private readonly Scheduler _scheduler;
    private readonly Cpu[] _cpus;
    private readonly ushort _id;
    private readonly List<ulong>[] _deferred;
    private bool _draining;

    /// <param name="allocator">Whose work it is.</param>
    /// <param name="cpus">All CPUs.</param>
    /// <param name="scheduler">Runs it.</param>
    public VmallocWork(VmallocAllocator allocator, Cpu[] cpus, Scheduler scheduler)
    {
        _allocator = allocator;
        _cpus = cpus;
        _scheduler = scheduler;
        _deferred = [.. cpus.Select(_ => new List<ulong>())];
        _id = scheduler.Register(this);
        allocator.Work = this;
    }

    /// <summary>Has the addresses that wait purged (<c>schedule_work</c>).</summary>
    public void PurgeSoon(CpuClock cpu, long cause)
    {
        if (!_draining)
        {
            _draining = true;
            Queue(cpu, Drain, cause);
        }
    }

    /// <summary>
    /// The thread takes the CPU from the loop that has woken it, at the loop's next <c>cond_resched</c>. The kernel's scheduler decides
    /// so now and then; here the loop ends first unless this is set.
    /// </summary>
    public bool Preempts { get; set; }

    /// <summary>The CPU could run another thread now.</summary>
    public void GiveWay(CpuClock cpu, long cause)
    {
        if (Preempts)
        {
            PurgeIfDue(cpu, cause);
        }
    }

    /// <summary>Has an area taken down.</summary>
    public void FreeLater(ulong address, CpuClock cpu, long cause)
    {
        _deferred[cpu.Id].Add(address);
        if (_deferred[cpu.Id].Count == 1)
        {
            Queue(cpu, FreeAreas, cause);
        }
    }

    public void Handle(in Message message)
    {
        Cpu cpu = _cpus[message.A];
        cpu.BeginDispatch(_scheduler.NowPs);
        if (message.Kind == Drain)
        {
            PurgeIfDue(cpu, message.Cause);
            return;
        }
        List<ulong> areas = _deferred[cpu.Id];
        // The list gives the last one first (llist_del_all).
        for (int i = areas.Count - 1; i >= 0; i--)
        {
            _allocator.Free(areas[i], cpu, message.Cause);
        }
        areas.Clear();
    }

    private void PurgeIfDue(CpuClock cpu, long cause)
    {
        if (!_draining)
        {
            return;
        }
        _draining = false;
        do
        {
            _allocator.Purge(cpu, cause);
        }
        while (_allocator.State.LazyPages > _allocator.State.LazyMaxPages);
    }

    private void Queue(CpuClock cpu, ushort kind, long cause) =>
        _scheduler.Schedule(Math.Max(cpu.TimePs, _scheduler.NowPs), _id, kind, cause, cpu.Id);
}
