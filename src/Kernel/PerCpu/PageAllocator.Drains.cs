using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Buddy;

/// <content>What empties per-CPU lists from outside, and the counters that go with them.</content>
public sealed partial class PageAllocator
{
    /// <summary>Gives all per-CPU pages of all CPUs back to the buddy lists (<c>drain_all_pages</c>).</summary>
    public void DrainAll(CpuClock cpu, long cause)
    {
        foreach (Zone zone in _state.Zones)
        {
            DrainZone(zone, cpu, cause);
        }
    }

    /// <summary>Gives the per-CPU pages of one zone back, those of all CPUs (<c>drain_all_pages(zone)</c>).</summary>
    public void DrainZone(Zone zone, CpuClock cpu, long cause)
    {
        for (int owner = 0; owner < zone.PerCpu.Length; owner++)
        {
            DrainLocal(zone, owner, cpu, cause);
        }
    }

    /// <summary>Gives one CPU's pages of a zone back (<c>drain_local_pages</c>).</summary>
    public void DrainLocal(Zone zone, int owner, CpuClock cpu, long cause)
    {
        if (zone.PerCpu[owner].Count > 0)
        {
            Drain(zone, owner, zone.PerCpu[owner].Count, 0, surplus: false, cpu, cause);
        }
    }

    /// <summary>kswapd begins or ends to balance the zones up to one (<c>balance_pgdat</c>).</summary>
    public void SetReclaimActive(ZoneType highest, bool active, long cause)
    {
        foreach (Zone zone in _state.Zones)
        {
            if (zone.IsPopulated && zone.Type <= highest && zone.IsReclaimActive != active)
            {
                var e = new ZoneReclaimActive(zone.Type, active);
                EventHeader header = _journal.Emit(in e, cause);
                _state.Apply(in e, in header);
            }
        }
    }

    /// <summary>
    /// Once a second of a CPU's own time it adds what it has gathered to the counters (<c>vmstat_update</c>): deferrable
    /// work, done when the CPU is busy anyway.
    /// </summary>
    private void RefreshStatistics(CpuClock cpu, long cause)
    {
        if (cpu.TimePs < _nextRefreshPs[cpu.Id])
        {
            return;
        }
        _nextRefreshPs[cpu.Id] = cpu.TimePs + StatIntervalPs;
        foreach (Zone zone in _state.Zones)
        {
            if (zone.FreePagesDiff(cpu.Id) != 0)
            {
                var e = new VmStatFlush((byte)cpu.Id);
                EventHeader header = _journal.Emit(in e, cause);
                _state.Apply(in e, in header);
                return;
            }
        }
    }
}
