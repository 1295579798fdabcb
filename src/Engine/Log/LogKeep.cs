namespace Sim.Engine.Log;

/// <summary>How much of a log stays on the disk. Of what is dropped the hashes stay, so that it can be made again and checked.</summary>
/// <param name="TailEvents">At least so many of the last events stay; null for all.</param>
public readonly record struct LogKeep(long? TailEvents)
{
    /// <summary>Everything.</summary>
    public static LogKeep All => default;

    /// <summary>Only hashes, but for the segment being written.</summary>
    public static LogKeep Hashes => new(0);

    /// <summary>At least the last <paramref name="events"/> events.</summary>
    public static LogKeep Tail(long events) => new(events);

    /// <summary>True when a sealed segment may be dropped.</summary>
    /// <param name="segmentLastSequence">Its last event.</param>
    /// <param name="lastSequence">The log's last event.</param>
    public bool MayDrop(long segmentLastSequence, long lastSequence) =>
        TailEvents is { } tail && segmentLastSequence <= lastSequence - tail;
}
