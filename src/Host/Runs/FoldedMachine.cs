using Sim.Engine.Events;
using Sim.Engine.Snapshots;
using Sim.Kernel;

namespace Sim.Host.Runs;

/// <summary>The sourced state of a machine that a log is folded into.</summary>
public sealed class FoldedMachine
{
    private readonly IReadOnlyCollection<string> _leftOut;
    private readonly StateAnchors _anchors;

    /// <param name="state">Made from the configuration alone, and not yet changed.</param>
    /// <param name="leftOut">Categories that the log does not have; they are no part of the hash.</param>
    public FoldedMachine(MachineState state, IReadOnlyCollection<string> leftOut)
    {
        State = state;
        _leftOut = leftOut;
        Appliers = [.. state.Appliers];
        _anchors = new StateAnchors(State, Symbols);
    }

    /// <summary>The state.</summary>
    public MachineState State { get; }

    /// <summary>Symbols announced so far.</summary>
    public SymbolTable Symbols { get; } = new();

    /// <summary>What applies the events.</summary>
    public IReadOnlyList<object> Appliers { get; }

    /// <summary>Hash of the logged part, as <c>state.checkpoint</c> carries it.</summary>
    public ulong StateHash() => State.Hash(category => !_leftOut.Contains(category));

    /// <summary>Saves state and symbols, as the first part of a snapshot has them.</summary>
    public void Save(StateImage image)
    {
        var saver = new StateSaver(image, _anchors);
        saver.Save(State);
        saver.Save(Symbols);
    }

    /// <summary>Restores them; nothing was folded before.</summary>
    /// <exception cref="InvalidDataException">The image is of another machine or build.</exception>
    public void Load(StateImage image)
    {
        var loader = new StateLoader(image, _anchors);
        loader.Load(State);
        loader.Load(Symbols);
    }
}
