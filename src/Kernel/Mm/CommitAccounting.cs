using Sim.Kernel.Buddy;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Mm;

/// <summary>
/// How much memory the kernel promises to processes (mm/util.c, Linux 6.1; Documentation/mm/overcommit-accounting.rst). Counts are in
/// pages. What is promised is exact here, where the kernel adds up batches of its CPUs (<c>percpu_counter</c>).
/// </summary>
/// <param name="options">The settings of <c>vm.overcommit_*</c> and <c>vm.*_reserve_kbytes</c>.</param>
/// <param name="pages">The memory there is.</param>
/// <param name="spaces">Who was promised what.</param>
public sealed class CommitAccounting(MmOptions options, PageAllocatorState pages, AddressSpaces spaces)
{
    // Of the reserves that the kernel chooses at boot (init_admin_reserve, init_user_reserve).
    private const long MostAdminPages = 8192 >> 2, MostUserPages = 131072 >> 2;

    /// <summary>Most that may be promised in mode 2 (CommitLimit of meminfo; <c>vm_commit_limit</c>).</summary>
    public long Limit => pages.SwapPages + (options.OvercommitKiB > 0
        ? options.OvercommitKiB >> 2
        : (RamPages - HugetlbPages) * options.OvercommitRatio / 100);

    /// <summary>
    /// What is promised: private writable memory, and shared memory that was not made with MAP_NORESERVE (Committed_AS of meminfo;
    /// <c>vm_committed_as</c>).
    /// </summary>
    public long Committed
    {
        get
        {
            long sum = spaces.SharedMemory.CommittedPages;
            for (int pid = 0; pid <= spaces.MaxPid; pid++)
            {
                sum += spaces.Find(pid)?.CommittedVm ?? 0;
            }
            return sum;
        }
    }

    /// <summary>True when a process may be promised so much more (<c>__vm_enough_memory</c>); no process is the administrator's.</summary>
    /// <param name="mm">Who asks.</param>
    /// <param name="request">How much.</param>
    /// <param name="pending">What the same call was promised before and nobody counts yet.</param>
    public bool Allows(AddressSpace mm, long request, long pending) => options.Overcommit switch
    {
        OvercommitMode.Always => true,
        OvercommitMode.Heuristic => request <= (options.TotalRamPages >= 0 ? options.TotalRamPages : RamPages + pages.SwapPages),
        _ => Committed + pending + request < Limit - AdminReserve - Math.Min(mm.TotalVm / 32, UserReserve),
    };

    private long AdminReserve => options.AdminReserveKiB >= 0 ? options.AdminReserveKiB >> 2 : Math.Min(RamPages / 32, MostAdminPages);

    private long UserReserve => options.UserReserveKiB >= 0 ? options.UserReserveKiB >> 2 : Math.Min(RamPages / 32, MostUserPages);

    private long HugetlbPages => (spaces.HugetlbPool?.Pages ?? 0) * (long)spaces.Tables.Mode.PagesPerLargePage;

    /// <summary>All frames the allocator manages (<c>totalram_pages</c>).</summary>
    private long RamPages
    {
        get
        {
            if (options.TotalRamPages >= 0)
            {
                return options.TotalRamPages;
            }
            long total = 0;
            foreach (Zone zone in pages.Zones)
            {
                total += zone.ManagedPages;
            }
            return total;
        }
    }
}
