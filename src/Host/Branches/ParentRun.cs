namespace Sim.Host.Branches;

/// <summary>Where a branch comes from, as its manifest has it.</summary>
/// <param name="Path">The parent's directory, relative to the branch's where that is possible.</param>
/// <param name="RunId">The parent's runId.</param>
/// <param name="Sequence">The last event before the branch goes its own way.</param>
/// <param name="SharedEvents">Events that are read from the parent's log: all before the block that holds that event. The branch's own log begins with that block.</param>
/// <param name="ChainHash">The parent's chain link after the shared events, lowercase hexadecimal.</param>
public sealed record ParentRun(string Path, string RunId, long Sequence, long SharedEvents, string ChainHash);
