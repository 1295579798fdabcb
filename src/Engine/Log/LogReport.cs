namespace Sim.Engine.Log;

/// <summary>A damaged structure of a log.</summary>
/// <param name="Segment">File name of its segment.</param>
/// <param name="Block">Number of the block; null for the header and the footer.</param>
/// <param name="Offset">Byte offset at which the structure starts.</param>
/// <param name="What">What is wrong with it.</param>
public sealed record LogDamage(string Segment, long? Block, long Offset, string What);

/// <summary>What a whole log is worth.</summary>
public enum LogStatus : byte
{
    /// <summary>Undamaged, and sealed as complete.</summary>
    Complete,

    /// <summary>Undamaged as far as it goes, but the run did not end: not sealed, or sealed provisionally.</summary>
    Incomplete,

    /// <summary>Damaged.</summary>
    Corrupt,
}

/// <summary>What <see cref="LogVerifier"/> found.</summary>
public sealed record LogReport
{
    /// <summary>Complete, incomplete or corrupt.</summary>
    public required LogStatus Status { get; init; }

    /// <summary>Every damaged structure, in the order of the log.</summary>
    public required IReadOnlyList<LogDamage> Damage { get; init; }

    /// <summary>Names of segments that were dropped; of their events only the hashes could be checked.</summary>
    public required IReadOnlyList<string> Dropped { get; init; }

    /// <summary>Why the log is incomplete; empty when it is not.</summary>
    public required string Unfinished { get; init; }

    /// <summary>Events before the first damage.</summary>
    public required long Events { get; init; }

    /// <summary>The chain's link after them.</summary>
    public required ChainHash ChainHash { get; init; }

    /// <summary>True when nothing is damaged.</summary>
    public bool Ok => Damage.Count == 0;
}
