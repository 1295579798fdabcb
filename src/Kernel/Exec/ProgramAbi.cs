using Sim.Kernel.Mm;

namespace Sim.Kernel.Exec;

/// <summary>
/// What a kernel's programs find around them and cannot be told from their files: where position-independent ones go, what the
/// auxiliary vector says of the processor, and the pages the kernel adds.
/// </summary>
public sealed record ProgramAbi
{
    /// <summary>Width of a program's words.</summary>
    public required ElfClass Class { get; init; }

    /// <summary>A 32-bit program on a 64-bit kernel (fs/compat_binfmt_elf.c).</summary>
    public bool IsCompat { get; init; }

    /// <summary>
    /// Where a position-independent program with an interpreter is loaded, and the heap of one without
    /// (<c>ELF_ET_DYN_BASE</c>, arch/x86/include/asm/elf.h): two thirds of user space, 4 MiB on i386, 16 MiB above a third of user space
    /// for 32-bit programs on x86-64 (<c>COMPAT_ELF_ET_DYN_BASE</c>).
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

    /// <summary>What the pages of the vdso are cached as: those of 32-bit programs on x86-64 are others, which maps shows no less as [vdso].</summary>
    public string VdsoName => IsCompat ? CompatVdsoName : "[vdso]";

    /// <summary><see cref="VdsoName"/> of a 32-bit program on x86-64 (<c>vdso_image_32</c>).</summary>
    public const string CompatVdsoName = "[vdso32]";

    /// <summary>Pages of the kernel's code for programs (vdso).</summary>
    public int VdsoPages { get; init; } = 2;

    /// <summary>Pages of the data that this code reads (vvar): the clocks, two paravirtual ones, and those of a time namespace.</summary>
    public int VvarPages { get; init; } = 4;

    /// <summary>
    /// Offset of the way into the kernel in the vdso (<c>__kernel_vsyscall</c>, AT_SYSINFO), in bytes: a property of the kernel's
    /// build; null for x86-64's own programs, which have none.
    /// </summary>
    public int? VsyscallOffsetBytes { get; init; }

    /// <summary>Bytes of a program's word.</summary>
    public int WordBytes => Class == ElfClass.Elf64 ? 8 : 4;

    /// <summary>Bytes of the kernel's word, which it leaves empty at the stack's end and counts pointers by.</summary>
    public int KernelWordBytes => IsCompat ? 8 : WordBytes;

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

    /// <summary>
    /// 32-bit programs on <see cref="X86_64"/>: platform (<c>COMPAT_ELF_PLATFORM</c>) and vdso of i386, capabilities of the processor.
    /// </summary>
    public static ProgramAbi Compat { get; } = new()
    {
        Class = ElfClass.Elf32,
        IsCompat = true,
        DynamicBase = ((AddressLayout.CompatTaskSize / 3 + 0xfff) & ~0xfffUL) + 0x100_0000,
        Hwcap = X86_64.Hwcap,
        Platform = "i686",
        VsyscallOffsetBytes = 0x550,
    };

    /// <summary>That of a profile's own programs.</summary>
    public static ProgramAbi Of(KernelProfile profile) => profile == KernelProfile.X86_64 ? X86_64 : I386;

    /// <summary>That of a profile's programs of a width; null where the kernel does not execute them.</summary>
    public static ProgramAbi? Of(KernelProfile profile, ElfClass elfClass) =>
        Of(profile) is var own && own.Class == elfClass ? own : profile == KernelProfile.X86_64 ? Compat : null;
}
