using Sim.Engine.Events;
using Sim.Hardware.Dram;

namespace Sim.Hardware;

/// <summary>The CPUs and the memory they share, on top of a <see cref="HardwareState"/>.</summary>
public sealed class Board
{
    private readonly Cpu.Cpu[] _cpus;

    /// <param name="state">Sourced state.</param>
    /// <param name="journal">Where events go.</param>
    /// <exception cref="ArgumentException">An option is impossible; the message says which and what would do.</exception>
    public Board(HardwareState state, Journal journal)
    {
        HardwareOptions options = state.Options;
        State = state;
        Dram = new DramController(options.Dram, state.Dram, journal, options.Detail);
        _cpus = new Cpu.Cpu[options.Cpus];
        for (int id = 0; id < _cpus.Length; id++)
        {
            _cpus[id] = new Cpu.Cpu(id, options, state, Dram, journal);
        }
    }

    /// <summary>Sourced state.</summary>
    public HardwareState State { get; }

    /// <summary>The CPUs by number.</summary>
    public IReadOnlyList<Cpu.Cpu> Cpus => _cpus;

    /// <summary>The memory.</summary>
    public DramController Dram { get; }
}
