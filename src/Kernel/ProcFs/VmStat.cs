using System.Globalization;
using System.Text;
using Sim.Kernel.Compaction;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Zones;

namespace Sim.Kernel.ProcFs;

/// <summary><c>/proc/vmstat</c>, the counters that the simulated kernel keeps (mm/vmstat.c, <c>vmstat_text</c>).</summary>
public static class VmStat
{
    /// <summary>Names and values, in the kernel's order.</summary>
    public static IReadOnlyList<KeyValuePair<string, long>> Rows(MachineState state)
    {
        Buddy.PageAllocatorState pages = state.Memory.Pages;
        CompactionState compaction = state.Memory.Compaction;
        Mm.AddressSpaces spaces = state.Virtual.Spaces;
        var rows = new List<KeyValuePair<string, long>>();
        void Add(string name, long value) => rows.Add(new(name, value));
        Reclaim.ReclaimState? reclaim = state.Memory.Reclaim;
        void Count(params ReadOnlySpan<VmEvent> counters)
        {
            foreach (VmEvent counter in counters)
            {
                Add(VmEvents.Name(counter), reclaim![counter]);
            }
        }
        Add("nr_free_pages", pages.Zones.Sum(z => z.FreePages));
        if (reclaim is not null)
        {
            Add("nr_mlock", reclaim.Mlocked);
            Add("nr_inactive_anon", reclaim.Lru.Size(LruList.InactiveAnon));
            Add("nr_active_anon", reclaim.Lru.Size(LruList.ActiveAnon));
            Add("nr_inactive_file", reclaim.Lru.Size(LruList.InactiveFile));
            Add("nr_active_file", reclaim.Lru.Size(LruList.ActiveFile));
            Add("nr_unevictable", reclaim.Lru.Size(LruList.Unevictable));
            Add("nr_isolated_anon", reclaim.Lru.Isolated);
            Count(VmEvent.WorkingsetRefaultAnon, VmEvent.WorkingsetRefaultFile, VmEvent.WorkingsetActivateAnon,
                VmEvent.WorkingsetActivateFile, VmEvent.WorkingsetRestoreAnon, VmEvent.WorkingsetRestoreFile);
            Add("nr_dirty", reclaim.Files.Dirty);
            Add("nr_writeback", reclaim.Writeback);
            Add("nr_shmem", spaces.SharedMemory.ResidentPages);
            Count(VmEvent.NrVmscanWrite, VmEvent.NrDirtied, VmEvent.NrWritten);
            Add("nr_swapcached", reclaim.Swap.Cache.Count);
            PageCache.DirtyLimits limits = PageCache.DirtyLimits.Of(pages, reclaim.Lru, state.Options.Kernel.PageCache);
            Add("nr_dirty_threshold", limits.Throttle);
            Add("nr_dirty_background_threshold", limits.Background);
            Add("pgpgin", reclaim[VmEvent.Pgpgin] << (Page.Shift - 10));
            Add("pgpgout", reclaim[VmEvent.Pgpgout] << (Page.Shift - 10));
            Count(VmEvent.Pswpin, VmEvent.Pswpout);
        }
        foreach (Zone zone in pages.Zones)
        {
            Add("allocstall_" + ZoneTypes.Name(zone.Type).ToLowerInvariant(), pages.AllocStalls(zone.Type));
        }
        if (reclaim is not null)
        {
            Count(VmEvent.Pgactivate, VmEvent.Pgdeactivate, VmEvent.Pglazyfree);
        }
        Add("pgfault", spaces.TotalFaults.Minor + spaces.TotalFaults.Major);
        Add("pgmajfault", spaces.TotalFaults.Major);
        if (reclaim is not null)
        {
            Count(VmEvent.Pglazyfreed, VmEvent.Pgrefill, VmEvent.PgstealKswapd, VmEvent.PgstealDirect, VmEvent.PgscanKswapd, VmEvent.PgscanDirect,
                VmEvent.PgscanAnon, VmEvent.PgscanFile, VmEvent.PgstealAnon, VmEvent.PgstealFile);
            Add("slabs_scanned", state.Memory.Shrinkers.ScannedObjects);
            Count(VmEvent.KswapdLowWmarkHitQuickly, VmEvent.KswapdHighWmarkHitQuickly, VmEvent.Pageoutrun, VmEvent.Pgrotated, VmEvent.OomKill);
        }
        Add("pgmigrate_success", spaces.MigratedPages);
        Add("pgmigrate_fail", compaction.Failed);
        Add("compact_migrate_scanned", compaction.MigrateScanned);
        Add("compact_free_scanned", compaction.FreeScanned);
        Add("compact_isolated", compaction.Isolated);
        Add("compact_stall", pages.CompactStalls);
        Add("compact_fail", pages.CompactFailures);
        Add("compact_success", pages.CompactSuccesses);
        Add("compact_daemon_wake", compaction.DaemonWakes);
        Add("compact_daemon_migrate_scanned", compaction.DaemonMigrateScanned);
        Add("compact_daemon_free_scanned", compaction.DaemonFreeScanned);
        Add("htlb_buddy_alloc_success", state.Memory.HugePages.Successes);
        Add("htlb_buddy_alloc_fail", state.Memory.HugePages.Failures);
        Mm.HugePageCounts huge = spaces.HugePages;
        if (reclaim is not null)
        {
            Count(VmEvent.UnevictablePgsCulled, VmEvent.UnevictablePgsRescued, VmEvent.UnevictablePgsMlocked, VmEvent.UnevictablePgsMunlocked);
        }
        Add("thp_fault_alloc", huge.FaultAllocs);
        Add("thp_fault_fallback", huge.FaultFallbacks);
        Add("thp_collapse_alloc", huge.CollapseAllocs);
        Add("thp_collapse_alloc_failed", huge.CollapseFailures);
        Add("thp_split_page", huge.PageSplits);
        Add("thp_deferred_split_page", huge.DeferredSplits);
        Add("thp_split_pmd", huge.PmdSplits);
        Add("thp_scan_exceed_none_pte", huge.ExceedNone);
        Add("thp_scan_exceed_swap_pte", huge.ExceedSwap);
        Add("thp_scan_exceed_share_pte", huge.ExceedShared);
        Add("thp_zero_page_alloc", huge.ZeroPageAllocs);
        Add("thp_zero_page_alloc_failed", huge.ZeroPageFailures);
        if (reclaim is not null)
        {
            Add("thp_swpout", huge.Swpouts);
            Add("thp_swpout_fallback", huge.SwpoutFallbacks);
        }
        Tasks.TlbContexts tlb = state.Virtual.Tlb;
        Add("nr_tlb_remote_flush", tlb.RemoteFlushes);
        Add("nr_tlb_remote_flush_received", tlb.RemoteFlushesReceived);
        Add("nr_tlb_local_flush_all", tlb.LocalFlushesAll);
        Add("nr_tlb_local_flush_one", tlb.LocalFlushesOne);
        if (reclaim is not null)
        {
            Count(VmEvent.SwapRa, VmEvent.SwapRaHit);
        }
        return rows;
    }

    /// <summary>The kernel's layout.</summary>
    public static string Render(MachineState state)
    {
        var text = new StringBuilder();
        foreach ((string name, long value) in Rows(state))
        {
            text.Append(CultureInfo.InvariantCulture, $"{name} {value}\n");
        }
        return text.ToString();
    }
}
