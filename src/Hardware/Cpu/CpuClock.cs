using Sim.Engine.Events;

namespace Sim.Hardware.Cpu;

/// <summary>
/// A CPU's number and its own time. Work done on the CPU is charged to it; in atomic timing it may run ahead of the
/// scheduler's clock. Execution state. Not thread-safe.
/// </summary>
/// <param name="id">Number of the CPU, from 0.</param>
/// <param name="journal">Stamps the events that follow with the CPU's time.</param>
public class CpuClock(int id, Journal journal)
{
    private long _timePs;

    /// <summary>Number of the CPU, from 0.</summary>
    public int Id { get; } = id;

    /// <summary>How far the CPU has come, in picoseconds.</summary>
    public virtual long TimePs => _timePs;

    /// <summary>A dispatch on this CPU begins: it is never behind the scheduler's clock.</summary>
    /// <param name="nowPs">The scheduler's time.</param>
    public virtual void BeginDispatch(long nowPs)
    {
        _timePs = Math.Max(_timePs, nowPs);
        journal.TimePs = _timePs;
    }

    /// <summary>The CPU works for that long.</summary>
    public virtual void Charge(long ps)
    {
        _timePs += ps;
        journal.TimePs = _timePs;
    }
}
