namespace Sim.Engine.Log;

/// <summary>The events asked for were dropped to save space: only their hashes are in the log. They can be made again by running the experiment again.</summary>
public sealed class DroppedSegmentException(string segment, long firstSequence, long lastSequence) : Exception(
    $"{segment} was dropped from the log to save space (log.keep): of the events {firstSequence} to {lastSequence} only the hashes are left. "
    + "Run the experiment again to have them.")
{
    /// <summary>File name that the segment had.</summary>
    public string Segment { get; } = segment;

    /// <summary>First event of the segment.</summary>
    public long FirstSequence { get; } = firstSequence;

    /// <summary>Last event of the segment.</summary>
    public long LastSequence { get; } = lastSequence;
}
