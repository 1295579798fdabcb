using System.Runtime.CompilerServices;
using Sim.Engine.Events;
using Sim.Engine.Time;
using Sim.Hardware.Dram;

namespace Sim.Hardware.Cpu;

/// <summary>
/// A CPU's way to memory, and its clock: requests leave at a memory-clock edge at or after the core's cycle, and the core
/// goes on at its first cycle at or after the end of the data.
/// </summary>
internal sealed class MemoryPort
{
    private readonly Journal _journal;
    private readonly ClockRatio _fromPs;

    public MemoryPort(DramController dram, ClockDomain core, Journal journal)
    {
        Dram = dram;
        _journal = journal;
        ToDram = new ClockRatio(core, dram.Clock);
        ToCore = new ClockRatio(dram.Clock, core);
        _fromPs = new ClockRatio((ulong)core.PeriodDenominator, (ulong)core.PeriodNumeratorPs);
        ToPs = new ClockRatio((ulong)core.PeriodNumeratorPs, (ulong)core.PeriodDenominator);
    }

    /// <summary>The memory.</summary>
    public readonly DramController Dram;

    /// <summary>Core cycles to memory cycles.</summary>
    public readonly ClockRatio ToDram;

    /// <summary>Memory cycles to core cycles.</summary>
    public readonly ClockRatio ToCore;

    /// <summary>Core cycles to picoseconds.</summary>
    public readonly ClockRatio ToPs;

    /// <summary>The core's present cycle.</summary>
    public long Cycle;

    /// <summary>Cause of what the hardware does next: the sequence of the event that set this CPU on its present course.</summary>
    public long Cause = -1;

    /// <summary>The instant of <see cref="Cycle"/>, in picoseconds.</summary>
    public long TimePs => ToPs.Floor(Cycle);

    /// <summary>The first core cycle at or after an instant.</summary>
    public long CycleAtOrAfter(long timePs) => _fromPs.Ceiling(timePs);

    /// <summary>Makes the journal's time the core's.</summary>
    public void Stamp() => _journal.TimePs = TimePs;

    /// <summary>One request; the core waits for it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Access(ulong physicalAddress, bool write) =>
        Cycle = ToCore.Ceiling(Dram.Access(physicalAddress, write, ToDram.Ceiling(Cycle), Cause));
}
