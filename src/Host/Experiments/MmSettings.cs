using Sim.Kernel.Mm;

namespace Sim.Host.Experiments;

/// <summary>How much memory the kernel promises.</summary>
public enum OvercommitPolicy
{
    /// <summary>Any request but one larger than all memory.</summary>
    Heuristic,

    /// <summary>Any request.</summary>
    Always,

    /// <summary>No more in all than the swap area and a part of memory.</summary>
    Never,
}

/// <summary>Limits of user address spaces.</summary>
public sealed record MmSettings : ICheckedSettings
{
    [Setting("Lowest address that may be mapped (vm.mmap_min_addr), in bytes.", Min = 0, Max = 1 << 30)]
    public long MmapMinAddress { get; init; } = 65536;

    [Setting("Lowest address that the kernel chooses or hints are moved up to, where above the former (CONFIG_LSM_MMAP_MIN_ADDR), in bytes.", Min = 0, Max = 1 << 30)]
    public long LowestPlacedAddress { get; init; }

    [Setting("Distance kept below a growing stack (stack_guard_gap), in pages.", Min = 0, Max = 1 << 16)]
    public int StackGuardGapPages { get; init; } = 256;

    [Setting("RLIMIT_STACK in bytes; -1 for none. The layout is chosen with it, and it bounds the growth of the stack.", Min = -1)]
    public long StackLimitBytes { get; init; } = 8L << 20;

    [Setting("RLIMIT_AS in bytes; -1 for none.", Min = -1)]
    public long AddressSpaceLimitBytes { get; init; } = -1;

    [Setting("RLIMIT_DATA in bytes; -1 for none.", Min = -1)]
    public long DataLimitBytes { get; init; } = -1;

    [Setting("RLIMIT_MEMLOCK in bytes; -1 for none.", Min = -1)]
    public long MemlockLimitBytes { get; init; } = 8L << 20;

    [Setting("Pages that overcommit compares with (totalram_pages); -1 for what the page allocator manages.", Min = -1)]
    public long TotalRamPages { get; init; } = -1;

    [Setting("Pages mapped around a read fault of a file when they are in the page cache (fault_around_bytes; 16 in Linux), a power of two; 1 for the page alone.", Min = 1, Max = 512)]
    public int FaultAroundPages { get; init; } = 1;

    [Setting("The version of Linux whose rules for areas of user space hold, such as 6.1.176 or 6.18; the rest of the kernel is 6.1.")]
    public string LinuxVersion { get; init; } = MmRules.Modelled.ToString();

    [Setting("Most areas in an address space (vm.max_map_count).", Min = 1)]
    public int MaxMapCount { get; init; } = 65530;

    [Setting("Mappings go upward from a third of user space (vm.legacy_va_layout).")]
    public bool LegacyVaLayout { get; init; }

    [Setting("What may be promised (vm.overcommit_memory): any request but one larger than all memory, any request, or no more in all than CommitLimit of meminfo.")]
    public OvercommitPolicy Overcommit { get; init; } = OvercommitPolicy.Heuristic;

    [Setting("Percent of memory that, with the swap area, is CommitLimit (vm.overcommit_ratio).", Min = 0, Max = 100_000)]
    public int OvercommitRatio { get; init; } = 50;

    [Setting("KiB that, with the swap area, are CommitLimit (vm.overcommit_kbytes); 0 for overcommitRatio.", Min = 0)]
    public long OvercommitKiB { get; init; }

    [Setting("KiB below CommitLimit that are kept for the administrator, whose processes are not simulated (vm.admin_reserve_kbytes); -1 for the kernel's choice: a 32nd of memory, 8192 at most.", Min = -1)]
    public long AdminReserveKiB { get; init; } = -1;

    [Setting("Most KiB below CommitLimit that are kept from a process, a 32nd of its own size if less (vm.user_reserve_kbytes); -1 for the kernel's choice: a 32nd of memory, 131072 at most.", Min = -1)]
    public long UserReserveKiB { get; init; } = -1;

    public SettingProblem? Check() => MmapMinAddress % 4096 != 0
            ? new SettingProblem("mmapMinAddress", $"{MmapMinAddress} is not a multiple of 4096.")
        : (FaultAroundPages & (FaultAroundPages - 1)) != 0
            ? new SettingProblem("faultAroundPages", $"{FaultAroundPages} is not a power of two.")
        : !KernelVersion.TryParse(LinuxVersion, out KernelVersion version) || version.CompareTo(new KernelVersion(6, 1, 0)) < 0
            ? new SettingProblem("linuxVersion", $"{LinuxVersion} is no version of Linux from 6.1 on.")
        : TotalRamPages == 0 ? new SettingProblem("totalRamPages", "0 pages are none: give -1 for what the page allocator manages.")
        : null;
}
