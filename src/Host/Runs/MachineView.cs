using Sim.Kernel;

namespace Sim.Host.Runs;

/// <summary>The sourced state of a machine, and its views.</summary>
internal sealed class MachineView(MachineState state, IReadOnlyCollection<string> leftOut) : ISourcedState
{
    /// <inheritdoc/>
    public IReadOnlyList<object> Appliers { get; } = [.. state.Appliers];

    /// <inheritdoc/>
    public ulong StateHash() => state.Hash(category => !leftOut.Contains(category));

    /// <inheritdoc/>
    public IReadOnlyList<StateView> Views { get; } = [];
}
