namespace Sim.Kernel.Mm;

/// <summary>How user address spaces are laid out and limited. Part of the effective configuration; a fold needs it too.</summary>
public sealed record MmOptions
{
    /// <summary>First address behind user space (<c>TASK_SIZE</c>).</summary>
    public ulong TaskSize { get; init; } = 0x7fff_ffff_f000;

    /// <summary>First address of the kernel's half, which all address spaces share.</summary>
    public ulong KernelStart { get; init; } = 0xffff_8000_0000_0000;

    /// <summary>Where the kernel sees physical address 0 (<c>PAGE_OFFSET</c>): its direct map.</summary>
    public ulong DirectMapBase { get; init; } = 0xffff_8880_0000_0000;

    /// <summary>Lowest address that may be mapped (<c>vm.mmap_min_addr</c>), in bytes.</summary>
    public ulong MmapMinAddress { get; init; } = 65536;

    /// <summary>Distance kept below a growing stack (<c>stack_guard_gap</c>), in pages.</summary>
    public int StackGuardGapPages { get; init; } = 256;

    /// <summary>RLIMIT_STACK in bytes; -1 for none. The layout is chosen with it, and it bounds the growth of the stack.</summary>
    public long StackLimitBytes { get; init; } = 8L << 20;

    /// <summary>RLIMIT_AS in bytes; -1 for none.</summary>
    public long AddressSpaceLimitBytes { get; init; } = -1;

    /// <summary>RLIMIT_DATA in bytes; -1 for none.</summary>
    public long DataLimitBytes { get; init; } = -1;

    /// <summary>Most areas in an address space (<c>vm.max_map_count</c>).</summary>
    public int MaxMapCount { get; init; } = 65530;

    /// <summary>
    /// Largest private writable mapping that heuristic overcommit grants (<c>vm.overcommit_memory=0</c>), in pages: all of
    /// memory. -1 grants any.
    /// </summary>
    public long OvercommitPages { get; init; } = -1;

    /// <summary>Hints and searches follow arch/x86/kernel/sys_x86_64.c; otherwise the generic functions of mm/mmap.c, as on i386.</summary>
    public bool LongMode { get; init; } = true;

    /// <summary>The layout of 64-bit processes on x86-64.</summary>
    public static MmOptions X86_64 { get; } = new();

    /// <summary>The layout of processes on a 32-bit kernel with 3 GiB of user space.</summary>
    public static MmOptions I386 { get; } = new()
    {
        TaskSize = 0xc000_0000,
        KernelStart = 0xc000_0000,
        DirectMapBase = 0xc000_0000,
        LongMode = false,
    };

    /// <summary>The guard gap in bytes.</summary>
    public ulong StackGuardGapBytes => (ulong)StackGuardGapPages << 12;

    /// <summary>
    /// Where top-down placement starts (<c>mmap_base</c>, arch/x86/mm/mmap.c) without randomisation: below the stack's
    /// limit and guard gap, at least 128 MiB and at most 5/6 of user space from its end.
    /// </summary>
    public ulong MmapBase
    {
        get
        {
            ulong limit = StackLimitBytes < 0 ? ulong.MaxValue : (ulong)StackLimitBytes;
            ulong gap = limit + StackGuardGapBytes > limit ? limit + StackGuardGapBytes : limit;
            gap = Math.Clamp(gap, 128UL << 20, TaskSize / 6 * 5);
            return (TaskSize - gap + 0xfff) & ~0xfffUL;
        }
    }

    /// <summary>Where bottom-up placement starts (<c>TASK_UNMAPPED_BASE</c>): a third of user space.</summary>
    public ulong UnmappedBase => (TaskSize / 3 + 0xfff) & ~0xfffUL;

    /// <exception cref="ArgumentException">A value is out of range; the message names it.</exception>
    public void Validate()
    {
        Require(TaskSize % 4096 == 0 && TaskSize >= 1UL << 30 && TaskSize <= 1UL << 56, nameof(TaskSize), "is a multiple of 4096 from 1 GiB on");
        Require(MmapMinAddress % 4096 == 0 && MmapMinAddress < TaskSize / 2, nameof(MmapMinAddress), "is a multiple of 4096 in the lower half of user space");
        Require(StackGuardGapPages is >= 0 and <= 1 << 18, nameof(StackGuardGapPages), "is 0 to 262144");
        Require(MaxMapCount > 0, nameof(MaxMapCount), "is positive");
    }

    private static void Require(bool holds, string name, string rule)
    {
        if (!holds)
        {
            throw new ArgumentException($"{name} {rule}.", name);
        }
    }
}
