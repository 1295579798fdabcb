using Sim.Kernel.Mm;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Memcg;

/// <summary>
/// <c>memory.stat</c> of the cgroup (<c>memory_stat_format</c> of mm/memcontrol.c, Linux 6.1): sizes in bytes, then counts. All tasks are in
/// the cgroup, so these are the node's figures. What the simulator has not, or does not charge, it does not show.
/// </summary>
public static class MemcgStat
{
    private static readonly (string Name, VmEvent Counter)[] WorkingSet =
    [
        .. Enum.GetValues<VmEvent>().Where(e => VmEvents.Name(e).StartsWith("workingset_", StringComparison.Ordinal)).Select(e => (VmEvents.Name(e), e)),
    ];

    /// <summary>The rows, in the kernel's order.</summary>
    public static IReadOnlyList<(string Name, long Value)> Rows(AddressSpaces spaces)
    {
        ReclaimState reclaim = spaces.Reclaim!;
        long anon = 0, mapped = 0;
        for (int pid = 1; pid <= spaces.MaxPid; pid++)
        {
            if (spaces.Find(pid) is { } mm)
            {
                anon += mm.AnonRss;
                mapped += mm.FileRss + mm.ShmemRss;
            }
        }
        long Size(LruList list) => reclaim.Lru.Size(list) * Page.Size;
        long Of(VmEvent counter) => reclaim[counter];
        return
        [
            ("anon", anon * Page.Size),
            ("file", spaces.Cache.Count * (long)Page.Size),
            ("shmem", spaces.SharedMemory.ResidentPages * Page.Size),
            ("file_mapped", mapped * Page.Size),
            ("file_dirty", reclaim.Files.Dirty * Page.Size),
            ("file_writeback", reclaim.Writeback * Page.Size),
            ("swapcached", reclaim.Swap.Cache.Count * (long)Page.Size),
            ("inactive_anon", Size(LruList.InactiveAnon)),
            ("active_anon", Size(LruList.ActiveAnon)),
            ("inactive_file", Size(LruList.InactiveFile)),
            ("active_file", Size(LruList.ActiveFile)),
            ("unevictable", Size(LruList.Unevictable)),
            .. WorkingSet.Select(w => (w.Name, Of(w.Counter))),
            ("pgscan", Of(VmEvent.PgscanKswapd) + Of(VmEvent.PgscanDirect)),
            ("pgsteal", Of(VmEvent.PgstealKswapd) + Of(VmEvent.PgstealDirect)),
            ("pgscan_kswapd", Of(VmEvent.PgscanKswapd)),
            ("pgscan_direct", Of(VmEvent.PgscanDirect)),
            ("pgsteal_kswapd", Of(VmEvent.PgstealKswapd)),
            ("pgsteal_direct", Of(VmEvent.PgstealDirect)),
            ("pgfault", spaces.TotalFaults.Minor + spaces.TotalFaults.Major),
            ("pgmajfault", spaces.TotalFaults.Major),
            ("pgrefill", Of(VmEvent.Pgrefill)),
            ("pgactivate", Of(VmEvent.Pgactivate)),
            ("pgdeactivate", Of(VmEvent.Pgdeactivate)),
            ("pglazyfree", Of(VmEvent.Pglazyfree)),
            ("pglazyfreed", Of(VmEvent.Pglazyfreed)),
        ];
    }
}
