namespace Sim.Engine.Log;

/// <summary>How a log is stored. Only the codec and the segment length change its bytes, never which events it holds.</summary>
public sealed record LogOptions
{
    /// <summary>How payloads are stored.</summary>
    public LogCodec Codec { get; init; } = LogCodec.Snappy;

    /// <summary>What survives a crash.</summary>
    public LogDurability Durability { get; init; } = LogDurability.Seal;

    /// <summary>A block that finds at least this many raw bytes in its segment starts the next one.</summary>
    public long SegmentRawBytes { get; init; } = 256L * 1024 * 1024;

    /// <summary>How much of it stays on the disk as it grows.</summary>
    public LogKeep Keep { get; init; }
}

/// <summary>Which run a log belongs to. In every segment's header.</summary>
/// <param name="RunId">Hash of configuration, seed and engine version, in hexadecimal.</param>
/// <param name="EngineVersion">Version of the simulated behaviour.</param>
/// <param name="ConfigHash">SHA-256 of the effective configuration, in hexadecimal.</param>
/// <param name="Seed">Root seed of the random streams.</param>
public sealed record LogIdentity(string RunId, string EngineVersion, string ConfigHash, ulong Seed);
