namespace Sim.Kernel.Reclaim;

/// <summary>What reclaim, swap and the working set count (<c>enum vm_event_item</c>, <c>enum node_stat_item</c>); names as in <c>/proc/vmstat</c>.</summary>
public enum VmEvent : byte
{
    WorkingsetRefaultAnon,
    WorkingsetRefaultFile,
    WorkingsetActivateAnon,
    WorkingsetActivateFile,
    WorkingsetRestoreAnon,
    WorkingsetRestoreFile,
    NrVmscanWrite,
    NrDirtied,
    NrWritten,
    Pswpin,
    Pswpout,
    Pgactivate,
    Pgdeactivate,
    Pgrefill,
    PgstealKswapd,
    PgstealDirect,
    PgscanKswapd,
    PgscanDirect,
    PgscanAnon,
    PgscanFile,
    PgstealAnon,
    PgstealFile,
    Pageoutrun,
    Pgrotated,
    KswapdLowWmarkHitQuickly,
    KswapdHighWmarkHitQuickly,
    OomKill,
    SwapRa,
    SwapRaHit,

    /// <summary>Pages read from block devices; the kernel shows KiB.</summary>
    Pgpgin,

    /// <summary>Pages written to block devices; the kernel shows KiB.</summary>
    Pgpgout,
    Pglazyfree,
    Pglazyfreed,
    UnevictablePgsCulled,
    UnevictablePgsRescued,
    UnevictablePgsMlocked,
    UnevictablePgsMunlocked,
}

/// <summary>The kernel's names of the counters.</summary>
public static class VmEvents
{
    /// <summary>Number of counters.</summary>
    public const int Count = (int)VmEvent.UnevictablePgsMunlocked + 1;

    private static readonly string[] Names =
    [
        "workingset_refault_anon", "workingset_refault_file", "workingset_activate_anon", "workingset_activate_file",
        "workingset_restore_anon", "workingset_restore_file", "nr_vmscan_write", "nr_dirtied", "nr_written", "pswpin", "pswpout", "pgactivate", "pgdeactivate", "pgrefill", "pgsteal_kswapd",
        "pgsteal_direct", "pgscan_kswapd", "pgscan_direct", "pgscan_anon", "pgscan_file", "pgsteal_anon", "pgsteal_file",
        "pageoutrun", "pgrotated", "kswapd_low_wmark_hit_quickly", "kswapd_high_wmark_hit_quickly", "oom_kill", "swap_ra",
        "swap_ra_hit", "pgpgin", "pgpgout", "pglazyfree", "pglazyfreed", "unevictable_pgs_culled",
        "unevictable_pgs_rescued", "unevictable_pgs_mlocked", "unevictable_pgs_munlocked",
    ];

    /// <summary>The name in <c>/proc/vmstat</c>.</summary>
    public static string Name(VmEvent counter) => Names[(int)counter];
}
