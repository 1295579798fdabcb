namespace Sim.Kernel.Exec;

/// <summary>
/// What a kernel's programs find around them and cannot be told from their files: where position-independent ones go, what the
/// auxiliary vector says of the processor, and the pages the kernel adds.
/// </summary>
public sealed record ProgramAbi
{
    /// <summary>Width of a program's words.</summary>
    public required ElfClass Class { get; init; }

    /// <summary>
    /// Where a position-independent program with an interpreter is loaded, and the heap of one without
    /// (<c>ELF_ET_DYN_BASE</c>, arch/x86/include/asm/elf.h): two thirds of user space, or 4 MiB on i386.
    /// </summary>
    public required ulong DynamicBase { get; init; }

    /// <summary>Capabilities of the processor: CPUID leaf 1, EDX (AT_HWCAP).</summary>
    public required ulong Hwcap { get; init; }

    /// <summary>Further capabilities (AT_HWCAP2): bit 1 for FSGSBASE.</summary>
    public ulong Hwcap2 { get; init; }

    /// <summary>Name of the processor's kind (AT_PLATFORM).</summary>
    public required string Platform { get; init; }

    /// <summary>Least size of a signal stack (AT_MINSIGSTKSZ), in bytes: the frame with the processor's registers.</summary>
    public ulong MinSignalStackBytes { get; init; } = 1_440;

    /// <summary>Ticks of <c>times()</c> in a second (AT_CLKTCK, <c>USER_HZ</c>).</summary>
    public ulong ClockTicksPerSecond { get; init; } = 100;

    /// <summary>Pages of the kernel's code for programs (vdso).</summary>
    public int VdsoPages { get; init; } = 2;

    /// <summary>Pages of the data that this code reads (vvar): the clocks, two paravirtual ones, and those of a time namespace.</summary>
    public int VvarPages { get; init; } = 4;

    /// <summary>
    /// Offset of the way into the kernel in the vdso (<c>__kernel_vsyscall</c>, AT_SYSINFO), in bytes: a property of the kernel's
    /// build; null on x86-64, which has none.
    /// </summary>
    public int? VsyscallOffsetBytes { get; init; }

    /// <summary>Bytes of a word.</summary>
    public int WordBytes => Class == ElfClass.Elf64 ? 8 : 4;

    /// <summary>Linux 6.1 for x86-64 on QEMU's processor qemu64.</summary>
    public static ProgramAbi X86_64 { get; } = new()
    {
        Class = ElfClass.Elf64,
        DynamicBase = 0x7fff_ffff_f000 / 3 * 2,
        Hwcap = 0x078b_fbfd,
        Platform = "x86_64",
    };

    /// <summary>Linux 6.1 for i686 (Debian's 686-pae build) on QEMU's processor qemu32.</summary>
    public static ProgramAbi I386 { get; } = new()
    {
        Class = ElfClass.Elf32,
        DynamicBase = 0x40_0000,
        Hwcap = 0x0780_abfd,
        Platform = "i686",
        VsyscallOffsetBytes = 0x550,
    };

    /// <summary>That of a profile.</summary>
    public static ProgramAbi Of(KernelProfile profile) => profile == KernelProfile.X86_64 ? X86_64 : I386;
}
