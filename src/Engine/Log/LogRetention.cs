namespace Sim.Engine.Log;

/// <summary>Drops sealed segments as the log grows. The last segment always stays: it says how the log ends.</summary>
internal sealed class LogRetention(ILogStorage storage, LogKeep keep)
{
    private readonly Queue<(long FirstSequence, long LastSequence)> _whole = [];

    /// <summary>A segment has been sealed, and another follows or is about to.</summary>
    public void Sealed(long firstSequence, long lastSequence)
    {
        if (keep != LogKeep.All)
        {
            _whole.Enqueue((firstSequence, lastSequence));
        }
    }

    /// <summary>Drops what is not to be kept now that the log has grown.</summary>
    /// <returns>How many bytes that freed.</returns>
    /// <exception cref="IOException">The hashes cannot be written; the segment is still there.</exception>
    public long Apply(long lastSequence)
    {
        long freed = 0;
        while (_whole.TryPeek(out (long FirstSequence, long LastSequence) oldest) && keep.MayDrop(oldest.LastSequence, lastSequence))
        {
            freed += DroppedSegment.Drop(storage, oldest.FirstSequence);
            _whole.Dequeue();
        }
        return freed;
    }
}
