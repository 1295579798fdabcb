using Sim.Engine.Events;
using Sim.Kernel;

namespace Sim.Host.Runs;

/// <summary>
/// Looks on at a fold and checks, at checkpoints, that the state is a possible one: pages conserved, buddies merged, areas
/// apart, counts right, TLBs as the page tables. About 64 times a log, because it takes time in proportion to memory.
/// </summary>
/// <param name="state">The folded state.</param>
/// <param name="events">Events of the log.</param>
/// <param name="hasTlbs">The log has the category <c>tlb</c>.</param>
internal sealed class InvariantCheck(MachineState state, long events, bool hasTlbs) : IApply<StateCheckpoint>
{
    private const int Times = 64;

    private readonly long _every = Math.Max(1, events / Times);
    private long _next;

    /// <summary>Checks made.</summary>
    public int Checked { get; private set; }

    /// <inheritdoc/>
    /// <exception cref="CommandException">The state is impossible (exit code 5).</exception>
    public void Apply(in StateCheckpoint e, in EventHeader header)
    {
        if (header.Sequence < _next)
        {
            return;
        }
        _next = header.Sequence + _every;
        Checked++;
        if (MachineInvariants.Violation(state, hasTlbs) is { } violation)
        {
            throw new CommandException(ExitCode.Diverged, $"After event {header.Sequence} the state is impossible: {violation}. Please report it with the run's config.effective.json.");
        }
    }
}
