namespace Sim.Host.Captures;

/// <summary>What a line of a captured kernel trace tells.</summary>
internal enum CaptureEventKind : byte
{
    /// <summary><c>mm_page_alloc</c>: a request was answered, or failed (pfn 0).</summary>
    Alloc,

    /// <summary><c>mm_page_free</c>: a block is about to be given back.</summary>
    Free,

    /// <summary><c>mm_page_free_batched</c>: a page of a batch goes onto its per-CPU list.</summary>
    FreeBatched,

    /// <summary><c>mm_page_alloc_zone_locked</c>: a block left a buddy list.</summary>
    ZoneLocked,

    /// <summary><c>mm_page_pcpu_drain</c>: a block went from a per-CPU list to a buddy list.</summary>
    PcpDrain,

    /// <summary><c>tracing_mark_write</c>: a mark of the recording.</summary>
    Mark,

    /// <summary>kprobe at <c>__alloc_pages_bulk</c>.</summary>
    Bulk,

    /// <summary>Its return.</summary>
    BulkReturn,

    /// <summary>kprobe at <c>__isolate_free_page</c>.</summary>
    Isolate,

    /// <summary>Its return.</summary>
    IsolateReturn,

    /// <summary>kprobe at <c>__drain_all_pages</c>.</summary>
    DrainAll,

    /// <summary>kprobe at <c>drain_local_pages</c>.</summary>
    DrainLocal,

    /// <summary>kprobe at <c>balance_pgdat</c>.</summary>
    Balance,

    /// <summary>Its return.</summary>
    BalanceReturn,

    /// <summary><c>mm_vmscan_direct_reclaim_begin</c>.</summary>
    DirectReclaimBegin,

    /// <summary><c>mm_vmscan_direct_reclaim_end</c>.</summary>
    DirectReclaimEnd,

    /// <summary><c>mm_vmscan_wakeup_kswapd</c>: with gfp flags, by a request that found too little free.</summary>
    WakeKswapd,

    /// <summary>Something else that the page allocator or compaction did between these: it tells where in their work an interrupt fell.</summary>
    Other,
}

/// <summary>What ran when the event was written.</summary>
internal enum CaptureContext : byte
{
    Task,
    SoftIrq,
    HardIrq,
}

/// <summary>What the rest of a trace tells of an event.</summary>
[Flags]
internal enum CaptureFlags : byte
{
    None = 0,

    /// <summary>A free that the recorded kernel's reclaim made.</summary>
    ByReclaim = 1,

    /// <summary>An interrupt's free that found the per-CPU lists locked.</summary>
    PastLists = 2,
}

/// <summary>One event of a captured kernel trace that bears on the page allocator.</summary>
internal struct CaptureEvent
{
    /// <summary>Time since boot.</summary>
    public long TimePs;

    /// <summary>Frame number; of a drain, the address of the zone's structure (0: all zones).</summary>
    public long Pfn;

    /// <summary>Line of the file, from 1.</summary>
    public int Line;

    /// <summary>The task that was running.</summary>
    public int Pid;

    /// <summary>The request's gfp bits.</summary>
    public int Gfp;

    /// <summary>Pages asked for or returned; highest zone of a balance; index of a mark's text.</summary>
    public int Number;

    public CaptureEventKind Kind;
    public CaptureContext Context;
    public byte Cpu;
    public byte Order;

    /// <summary>Migratetype; 255 when the event has none.</summary>
    public byte MigrateType;

    /// <summary>Depth of preemption, as written in the line.</summary>
    public byte PreemptDepth;

    public CaptureFlags Flags;
}
