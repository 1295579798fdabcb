namespace Sim.Engine.Log;

/// <summary>
/// The log could not be written. The writer is dead from the first error on: nothing is retried, and every later call
/// throws this again, because after a failed write or sync nobody knows what the disk holds.
/// </summary>
public sealed class LogWriteException(string message, long lastDurableSequence, Exception cause)
    : IOException(message, cause)
{
    /// <summary>The last event that survives, as far as the chosen durability promises; -1 for none.</summary>
    public long LastDurableSequence { get; } = lastDurableSequence;
}
