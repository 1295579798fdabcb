namespace Sim.Kernel.Mm;

/// <summary>Where things are in the linear addresses of a profile, without randomisation.</summary>
public sealed class AddressLayout
{
    /// <param name="profile">The kernel.</param>
    /// <param name="options">Its limits.</param>
    public AddressLayout(KernelProfile profile, MmOptions options)
    {
        options.Validate();
        Rules = MmRules.Of(options.LinuxVersion);
        LongMode = profile == KernelProfile.X86_64;
        TaskSize = LongMode ? 0x7fff_ffff_f000UL : 0xc000_0000;
        KernelStart = LongMode ? 0xffff_8000_0000_0000UL : 0xc000_0000;
        DirectMapBase = LongMode ? 0xffff_8880_0000_0000 : 0xc000_0000;
        MinAddress = (ulong)options.MmapMinAddress;
        MinPlacedAddress = (ulong)Math.Max(options.MmapMinAddress, options.LowestPlacedAddress);
        KernelTablesPerProcess = profile == KernelProfile.I386Pae ? 2 : 0;
        // __thp_get_unmapped_area leaves 32-bit kernels out.
        FileAlignBytes = LongMode ? 2UL << 20 : 0;
        GuardGapBytes = (ulong)options.StackGuardGapPages << 12;
        BottomUp = options.LegacyVaLayout;
        MmapBase = MmapBaseOf(options.StackLimitBytes);
    }

    /// <summary>What the version of Linux does differently from others.</summary>
    public MmRules Rules { get; }

    /// <summary>Hints and searches follow arch/x86/kernel/sys_x86_64.c; otherwise the generic functions of mm/mmap.c.</summary>
    public bool LongMode { get; }

    /// <summary>First address behind user space (<c>TASK_SIZE</c>): 0x7ffffffff000, or 3 GiB on i386.</summary>
    public ulong TaskSize { get; }

    /// <summary>
    /// First address behind user space of a 32-bit program on x86-64 (<c>IA32_PAGE_OFFSET</c>, arch/x86/include/asm/page_64_types.h): two
    /// pages below 4 GiB.
    /// </summary>
    public const ulong CompatTaskSize = 0xffff_e000;

    /// <summary><see cref="TaskSize"/> of a process (<c>TIF_ADDR32</c> decides).</summary>
    public ulong TaskSizeOf(AddressSpace mm) => mm.IsCompat ? CompatTaskSize : TaskSize;

    /// <summary>A sum of addresses and lengths as the kernel's machine word holds it.</summary>
    public ulong Word(ulong sum) => LongMode ? sum : (uint)sum;

    /// <summary>First address of the kernel's half, which all address spaces share.</summary>
    public ulong KernelStart { get; }

    /// <summary>Where the kernel sees physical address 0 (<c>PAGE_OFFSET</c>): its direct map.</summary>
    public ulong DirectMapBase { get; }

    /// <summary>
    /// Page tables of the kernel's half that each process has for itself and that count as its own: with PAE the one of level 1, and its
    /// copy for user mode with page-table isolation (<c>preallocate_pmds</c>, arch/x86/mm/pgtable.c). Their frames are not modelled.
    /// </summary>
    public int KernelTablesPerProcess { get; }

    /// <summary>Size of a large page, to which mappings of files are aligned that are long enough; 0 on i386 (<c>__thp_get_unmapped_area</c>).</summary>
    public ulong FileAlignBytes { get; }

    /// <summary>Lowest address that may be mapped (<c>vm.mmap_min_addr</c>, <c>dac_mmap_min_addr</c>).</summary>
    public ulong MinAddress { get; }

    /// <summary>Lowest address that the kernel chooses, that hints are moved up to and stacks grow down to (<c>mmap_min_addr</c>).</summary>
    public ulong MinPlacedAddress { get; }

    /// <summary>Bytes kept free below a growing stack (<c>stack_guard_gap</c>).</summary>
    public ulong GuardGapBytes { get; }

    /// <summary>
    /// The legacy layout (<c>vm.legacy_va_layout</c>, or ADDR_COMPAT_LAYOUT of a personality): mappings go to the lowest place above
    /// <see cref="UnmappedBaseOf"/>. On x86 an unlimited stack does not ask for it (<c>mmap_is_legacy</c>, arch/x86/mm/mmap.c).
    /// </summary>
    public bool BottomUp { get; }

    /// <summary>Where placement of mappings starts (<c>mmap_base</c>): downward, or upward with <see cref="BottomUp"/>.</summary>
    public ulong MmapBase { get; }

    /// <summary>Where bottom-up placement starts (<c>TASK_UNMAPPED_BASE</c>): a third of user space.</summary>
    public ulong UnmappedBaseOf(AddressSpace mm) => ThirdOf(TaskSizeOf(mm));

    /// <summary><see cref="FileAlignBytes"/> for a process; 0 for 32-bit programs (<c>__thp_get_unmapped_area</c>).</summary>
    public ulong FileAlignBytesOf(AddressSpace mm) => mm.IsCompat ? 0 : FileAlignBytes;

    /// <summary>
    /// Below the stack's limit and guard gap, at least 128 MiB and at most 5/6 of user space from its end
    /// (<c>mmap_base</c>, arch/x86/mm/mmap.c); in the legacy layout a third of user space, whatever the stack's limit.
    /// </summary>
    /// <param name="stackLimitBytes">RLIMIT_STACK at execve; -1 for none.</param>
    /// <param name="compat">For a 32-bit program on x86-64 (<c>mmap_compat_base</c>).</param>
    public ulong MmapBaseOf(long stackLimitBytes, bool compat = false)
    {
        ulong taskSize = compat ? CompatTaskSize : TaskSize;
        if (BottomUp)
        {
            return ThirdOf(taskSize);
        }
        ulong limit = stackLimitBytes < 0 ? ulong.MaxValue : (ulong)stackLimitBytes;
        ulong gap = limit + GuardGapBytes > limit ? limit + GuardGapBytes : limit;
        gap = Math.Clamp(gap, 128UL << 20, taskSize / 6 * 5);
        return (taskSize - gap + 0xfff) & ~0xfffUL;
    }

    private static ulong ThirdOf(ulong taskSize) => (taskSize / 3 + 0xfff) & ~0xfffUL;
}
