namespace Sim.Host.Captures;

/// <summary>What a replay of a capture did, and what it took from the trace beside requests and frees.</summary>
internal struct CaptureCounts
{
    /// <summary>Requests made.</summary>
    public long Requests;

    /// <summary>Requests this machine could not serve.</summary>
    public long Failures;

    /// <summary>Blocks given back.</summary>
    public long Frees;

    /// <summary>Blocks held at the beginning of which the trace tells.</summary>
    public long Held;

    /// <summary>Frees of blocks that this machine never handed out.</summary>
    public long UnknownFrees;

    /// <summary>Frees of blocks that this machine holds free already, after it has answered otherwise than the recorded kernel.</summary>
    public long DoubleFrees;

    /// <summary>Pages handed out in bulk.</summary>
    public long BulkPages;

    /// <summary>Drains of per-CPU lists, from kprobes.</summary>
    public long Drains;

    /// <summary>Drains that only their pages show.</summary>
    public long InferredDrains;

    /// <summary>Blocks that compaction took aside, from kprobes.</summary>
    public long Isolations;

    /// <summary>Those that are not free here.</summary>
    public long MissedIsolations;

    /// <summary>Rounds of kswapd, from kprobes.</summary>
    public long Balances;

    /// <summary>Requests made while reclaiming: no watermark holds them.</summary>
    public long Memalloc;

    /// <summary>Requests that got a page below the watermarks for a reason the trace does not tell.</summary>
    public long Forced;

    /// <summary>Moments at which a CPU added up its counters, told by the zone of a page.</summary>
    public long Flushes;

    /// <summary>Requests below the watermarks, told by the zone of a page.</summary>
    public long Reserves;

    /// <summary>Page blocks that a steal claimed, or did not, against the count of movable frames; told by the lists their pages are freed to afterwards.</summary>
    public long Claims;

    /// <summary>Pages taken at boot by requests that have no event, told by refills that nothing else explains.</summary>
    public long Untraced;

    /// <summary>Requests of which the trace gave the zone.</summary>
    public long ZonesTaken;

    /// <summary>Frees of interrupts that found the per-CPU lists locked, told by where in the trace they are.</summary>
    public long FreesPastPcp;

    /// <summary>Allocations whose event was written after an interrupt that they came before.</summary>
    public long Reordered;

    /// <summary>All of them, for stats.json.</summary>
    public readonly IEnumerable<(string Name, long Value)> Named =>
    [
        ("requests", Requests), ("failures", Failures), ("frees", Frees), ("heldBlocks", Held), ("unknownFrees", UnknownFrees), ("doubleFrees", DoubleFrees),
        ("bulkPages", BulkPages), ("drains", Drains), ("inferredDrains", InferredDrains), ("isolations", Isolations),
        ("missedIsolations", MissedIsolations), ("kswapdRounds", Balances), ("memallocRequests", Memalloc), ("forcedRequests", Forced),
        ("inferredCounterFlushes", Flushes), ("inferredReserveUses", Reserves), ("inferredClaims", Claims), ("untracedPages", Untraced), ("zonesTaken", ZonesTaken),
        ("freesPastPcp", FreesPastPcp), ("reordered", Reordered),
    ];
}
