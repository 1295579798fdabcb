namespace Sim.Host.Experiments;

/// <summary>Compression of the log's blocks.</summary>
public enum LogCodec
{
    None,
    Snappy,
}

/// <summary>What a process crash and a power cut may lose.</summary>
public enum LogDurability
{
    /// <summary>Nothing is forced out; the operating system decides.</summary>
    None,

    /// <summary>Every block is handed to the operating system: a process crash loses at most the block under way.</summary>
    Flush,

    /// <summary>fsync after every block.</summary>
    Block,

    /// <summary>fsync when a segment is sealed.</summary>
    Seal,
}

/// <summary>What the log shows of things that change no sourced state.</summary>
public enum LogDetail
{
    Normal,

    /// <summary>Also hits of caches and translation buffers.</summary>
    Full,
}

/// <summary>The event log.</summary>
public sealed record LogSettings : ICheckedSettings
{
    [Setting("Compression of blocks; changes neither events nor the chain hash.", MidRun = true)]
    public LogCodec Codec { get; init; } = LogCodec.Snappy;

    [Setting("What a process crash and a power cut may lose.", OutsideIdentity = true, MidRun = true)]
    public LogDurability Durability { get; init; } = LogDurability.Seal;

    [Setting("Categories of events: either all that are logged, or those left out, each with a minus sign (\"-tlb\"). Empty: all are logged.",
        Pattern = "^-?[a-z][a-z0-9_]*$", MaxItems = 128)]
    public IReadOnlyList<string> Categories { get; init; } = [];

    [Setting("How much the log shows.")]
    public LogDetail Detail { get; init; } = LogDetail.Normal;

    [Setting("A state.checkpoint event with the state hash follows every so many events; 0 for none. Null: 65536, or the number of page frames if that is more, because hashing takes time in proportion to memory.", Min = 0, Max = 1L << 40, MidRun = true)]
    public long? CheckpointEvery { get; init; }

    [Setting("What stays of the log on the disk: all; tail:N, the segments with the last N events; or hashes. Of the rest the hashes stay, and it is made again, and compared with them, when it is asked for.",
        Pattern = "^(all|hashes|tail:[1-9][0-9]{0,17})$", Expected = "all, hashes, or tail:N with a number of events", OutsideIdentity = true)]
    public string Keep { get; init; } = "all";

    [Setting("A segment rolls after this many raw bytes.", Min = 1 << 20, Max = 1L << 34, MidRun = true)]
    public ByteSize SegmentBytes { get; init; } = new(268_435_456);

    public SettingProblem? Check() =>
        Categories.Any(c => c.StartsWith('-')) && !Categories.All(c => c.StartsWith('-'))
            ? new SettingProblem("categories", "mixes categories to log and categories to leave out (with a minus sign). Use one way.")
            : null;
}
