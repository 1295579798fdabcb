namespace Sim.Engine.Events;

/// <summary>The hash of the logged sourced state after all events before this one; a fold compares its own.</summary>
/// <param name="StateHash">XXH64 of the canonical form of the state.</param>
[Event(2, "state.checkpoint")]
public readonly partial record struct StateCheckpoint(
    [Unit("hash")] long StateHash);
