namespace Sim.Kernel.Syscalls;

/// <summary>Numbers of the system calls the simulated kernel acts on, by profile (arch/x86/entry/syscalls).</summary>
public sealed record SyscallNumbers(int Mmap, int Munmap, int Mprotect, int Brk, int Nanosleep, int ExitGroup, int Mremap, int Madvise, int Mlock2, int Munlock,
    int Execve, int Fork, int Vfork, int Wait4, int Pread64, int Pwrite64, int Fsync, int Ftruncate,
    int SetThreadArea, int ModifyLdt, int ArchPrctl, int Getcpu)
{
    /// <summary>x86-64 (<c>syscall_64.tbl</c>).</summary>
    public static SyscallNumbers X86_64 { get; } = new(
        Mmap: 9, Munmap: 11, Mprotect: 10, Brk: 12, Nanosleep: 35, ExitGroup: 231, Mremap: 25, Madvise: 28, Mlock2: 325, Munlock: 150,
        Execve: 59, Fork: 57, Vfork: 58, Wait4: 61, Pread64: 17, Pwrite64: 18, Fsync: 74, Ftruncate: 77,
        SetThreadArea: 205, ModifyLdt: 154, ArchPrctl: 158, Getcpu: 309);

    /// <summary>i386 (<c>syscall_32.tbl</c>); mmap is mmap2.</summary>
    public static SyscallNumbers I386 { get; } = new(
        Mmap: 192, Munmap: 91, Mprotect: 125, Brk: 45, Nanosleep: 162, ExitGroup: 252, Mremap: 163, Madvise: 219, Mlock2: 376, Munlock: 151,
        Execve: 11, Fork: 2, Vfork: 190, Wait4: 114, Pread64: 180, Pwrite64: 181, Fsync: 118, Ftruncate: 93,
        SetThreadArea: 243, ModifyLdt: 123, ArchPrctl: 384, Getcpu: 318);

    /// <summary>The numbers of a profile.</summary>
    public static SyscallNumbers Of(KernelProfile profile) => profile == KernelProfile.X86_64 ? X86_64 : I386;
}
