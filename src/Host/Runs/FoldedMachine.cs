using Sim.Kernel;

namespace Sim.Host.Runs;

/// <summary>The sourced state of a machine that a log is folded into.</summary>
/// <param name="state">Made from the configuration alone.</param>
/// <param name="leftOut">Categories that the log does not have; they are no part of the hash.</param>
public sealed class FoldedMachine(MachineState state, IReadOnlyCollection<string> leftOut)
{
    /// <summary>The state.</summary>
    public MachineState State { get; } = state;

    /// <summary>What applies the events.</summary>
    public IReadOnlyList<object> Appliers { get; } = [.. state.Appliers];

    /// <summary>Hash of the logged part, as <c>state.checkpoint</c> carries it.</summary>
    public ulong StateHash() => State.Hash(category => !leftOut.Contains(category));
}
