namespace Sim.Kernel.Mm;

/// <summary>Limits of user address spaces. The layout follows from them and the profile, so a fold needs them too.</summary>
public sealed record MmOptions
{
    /// <summary>Lowest address that may be mapped (<c>vm.mmap_min_addr</c>), in bytes.</summary>
    public long MmapMinAddress { get; init; } = 65536;

    /// <summary>Lowest address that the kernel chooses or hints are moved up to (CONFIG_LSM_MMAP_MIN_ADDR), in bytes, where above the former.</summary>
    public long LowestPlacedAddress { get; init; }

    /// <summary>Distance kept below a growing stack (<c>stack_guard_gap</c>), in pages.</summary>
    public int StackGuardGapPages { get; init; } = 256;

    /// <summary>RLIMIT_STACK in bytes; -1 for none. The layout is chosen with it, and it bounds the growth of the stack.</summary>
    public long StackLimitBytes { get; init; } = 8L << 20;

    /// <summary>RLIMIT_AS in bytes; -1 for none.</summary>
    public long AddressSpaceLimitBytes { get; init; } = -1;

    /// <summary>RLIMIT_DATA in bytes; -1 for none.</summary>
    public long DataLimitBytes { get; init; } = -1;

    /// <summary>RLIMIT_MEMLOCK in bytes; -1 for none.</summary>
    public long MemlockLimitBytes { get; init; } = 8L << 20;

    /// <summary>Pages that overcommit compares with (<c>totalram_pages</c>); -1 for what the page allocator manages.</summary>
    public long TotalRamPages { get; init; } = -1;

    /// <summary>
    /// Pages mapped around a read fault of a file when they are in the page cache (<c>fault_around_bytes</c>), a power of two; 1 for
    /// the page alone.
    /// </summary>
    public int FaultAroundPages { get; init; } = 1;

    /// <summary>The version of Linux whose rules for areas hold (<see cref="MmRules"/>).</summary>
    public KernelVersion LinuxVersion { get; init; } = MmRules.Modelled;

    /// <summary>Most areas in an address space (<c>vm.max_map_count</c>).</summary>
    public int MaxMapCount { get; init; } = 65530;

    /// <summary>Mappings go upward from a third of user space (<c>vm.legacy_va_layout</c>).</summary>
    public bool LegacyVaLayout { get; init; }

    /// <summary>What may be promised (<c>vm.overcommit_memory</c>).</summary>
    public OvercommitMode Overcommit { get; init; } = OvercommitMode.Heuristic;

    /// <summary>Percent of memory that may be promised beside the swap area (<c>vm.overcommit_ratio</c>).</summary>
    public int OvercommitRatio { get; init; } = 50;

    /// <summary>KiB that may be promised beside the swap area (<c>vm.overcommit_kbytes</c>); 0 for <see cref="OvercommitRatio"/>.</summary>
    public long OvercommitKiB { get; init; }

    /// <summary>KiB kept from processes that are not the administrator's (<c>vm.admin_reserve_kbytes</c>); -1 for the kernel's choice.</summary>
    public long AdminReserveKiB { get; init; } = -1;

    /// <summary>Most KiB kept from a process that has 32 times as much (<c>vm.user_reserve_kbytes</c>); -1 for the kernel's choice.</summary>
    public long UserReserveKiB { get; init; } = -1;

    /// <exception cref="ArgumentException">A value is out of range; the message names it.</exception>
    public void Validate()
    {
        Require(MmapMinAddress is >= 0 and <= 1 << 30 && MmapMinAddress % 4096 == 0, nameof(MmapMinAddress), "is a multiple of 4096 up to 1 GiB");
        Require(StackGuardGapPages is >= 0 and <= 1 << 16, nameof(StackGuardGapPages), "is 0 to 65536");
        Require(StackLimitBytes >= -1, nameof(StackLimitBytes), "is a size, or -1 for none");
        Require(AddressSpaceLimitBytes >= -1, nameof(AddressSpaceLimitBytes), "is a size, or -1 for none");
        Require(DataLimitBytes >= -1, nameof(DataLimitBytes), "is a size, or -1 for none");
        Require(MemlockLimitBytes >= -1, nameof(MemlockLimitBytes), "is a size, or -1 for none");
        Require(TotalRamPages is -1 or > 0, nameof(TotalRamPages), "is positive, or -1");
        Require(
            FaultAroundPages is >= 1 and <= 512 && (FaultAroundPages & (FaultAroundPages - 1)) == 0, nameof(FaultAroundPages),
            "is a power of two up to 512");
        Require(MaxMapCount > 0, nameof(MaxMapCount), "is positive");
        Require(OvercommitRatio >= 0, nameof(OvercommitRatio), "is a percentage");
        Require(OvercommitKiB >= 0, nameof(OvercommitKiB), "is a size, or 0 for the ratio");
        Require(AdminReserveKiB >= -1, nameof(AdminReserveKiB), "is a size, or -1 for the kernel's choice");
        Require(UserReserveKiB >= -1, nameof(UserReserveKiB), "is a size, or -1 for the kernel's choice");
    }

    private static void Require(bool holds, string name, string rule)
    {
        if (!holds)
        {
            throw new ArgumentException($"{name} {rule}.", name);
        }
    }
}

/// <summary>How much memory the kernel promises.</summary>
public enum OvercommitMode : byte
{
    /// <summary>Any request but one larger than all memory (mode 0).</summary>
    Heuristic = 0,

    /// <summary>Any request (mode 1).</summary>
    Always = 1,

    /// <summary>No more in all than the swap area and a part of memory (mode 2).</summary>
    Never = 2,
}
