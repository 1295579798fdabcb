namespace Sim.Engine.Log;

/// <summary>A place between two blocks of a log, named by the block that follows, be it written or not.</summary>
/// <param name="Next">Where the block that follows stands, or will stand.</param>
/// <param name="NextSequence">Sequence of its first event.</param>
/// <param name="ChainHash">The chain's link before it.</param>
public readonly record struct LogBoundary(BlockAddress Next, long NextSequence, ChainHash ChainHash);
