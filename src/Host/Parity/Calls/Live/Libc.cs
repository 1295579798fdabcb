using System.Runtime.InteropServices;

namespace Sim.Host.Parity.Calls.Live;

/// <summary>What the C library gives a tracer (ptrace(2), posix_spawn(3), prlimit(2)); x86-64 Linux.</summary>
internal static unsafe partial class Libc
{
    public const int PtraceGetRegs = 12, PtraceSetRegs = 13, PtraceCont = 7, PtraceGetEventMessage = 0x4201, PtraceGetSigInfo = 0x4202,
        PtraceSeize = 0x4206, PtraceInterrupt = 0x4207;

    /// <summary>Children are traced from their first instruction on, and all end with the tracer.</summary>
    public const int PtraceOptions = 0x2 | 0x8 | 0x100000;

    public const int WaitAll = 0x40000000;

    /// <summary>RLIMIT numbers.</summary>
    public const int LimitData = 2, LimitStack = 3, LimitMemlock = 8, LimitAddressSpace = 9;

    /// <summary>No randomised addresses in programs started from now on (<c>ADDR_NO_RANDOMIZE</c>).</summary>
    public const ulong NoRandomize = 0x0040000;

    /// <summary>Mappings go upward in programs started from now on (<c>ADDR_COMPAT_LAYOUT</c>).</summary>
    public const ulong CompatLayout = 0x0200000;

    /// <summary>Duplicates a descriptor to the lowest number from one given on, closed on exec (<c>F_DUPFD_CLOEXEC</c>).</summary>
    public const int DuplicateFrom = 1030;

    /// <summary><c>PAGEMAP_SCAN</c> (Linux 6.7).</summary>
    public const ulong PagemapScan = 0xC060_6610;

    [StructLayout(LayoutKind.Sequential)]
    public struct Limit
    {
        public ulong Current, Most;
    }

    /// <summary>The registers in the order of <c>user_regs_struct</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Registers
    {
        public ulong R15, R14, R13, R12, Rbp, Rbx, R11, R10, R9, R8, Rax, Rcx, Rdx, Rsi, Rdi, OrigRax, Rip, Cs, Flags, Rsp, Ss, FsBase, GsBase, Ds, Es,
            Fs, Gs;
    }

    /// <summary><c>struct pm_scan_arg</c> (Documentation/admin-guide/mm/pagemap.rst).</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct ScanRequest
    {
        public ulong Size, Flags, Start, End, WalkEnd, Regions, RegionCount, MostPages, Inverted, Mask, AnyOf, Returned;
    }

    /// <summary><c>struct page_region</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct ScannedRegion
    {
        public ulong Start, End, Categories;
    }

    [LibraryImport("libc", EntryPoint = "ptrace", SetLastError = true)]
    public static partial long Ptrace(long request, int pid, void* address, void* data);

    [LibraryImport("libc", EntryPoint = "waitpid", SetLastError = true)]
    public static partial int WaitPid(int pid, int* status, int options);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    public static partial int Kill(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "prlimit64", SetLastError = true)]
    public static partial int PrLimit(int pid, int resource, Limit* wanted, Limit* previous);

    [LibraryImport("libc", EntryPoint = "personality", SetLastError = true)]
    public static partial int Personality(ulong persona);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    public static partial int Fcntl(int descriptor, int command, int argument);

    [LibraryImport("libc", EntryPoint = "close")]
    public static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    public static partial int Ioctl(int descriptor, ulong request, ScanRequest* argument);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    public static partial uint EffectiveUser();

    [LibraryImport("libc", EntryPoint = "sched_getcpu")]
    public static partial int CurrentCpu();

    [LibraryImport("libc", EntryPoint = "sched_setaffinity", SetLastError = true)]
    public static partial int SetAffinity(int pid, nuint bytes, ulong* mask);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_init")]
    public static partial int FileActionsInit(byte* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_adddup2")]
    public static partial int FileActionsDuplicate(byte* actions, int from, int to);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_destroy")]
    public static partial int FileActionsDestroy(byte* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Spawn(int* pid, string path, byte* actions, void* attributes, byte** arguments, byte** environment);
}
