namespace Sim.Kernel.Exec;

/// <summary>Entries of the auxiliary vector (include/uapi/linux/auxvec.h).</summary>
public enum AuxiliaryType : byte
{
    /// <summary>End of the vector (AT_NULL).</summary>
    Null = 0,

    /// <summary>Address of the program headers (AT_PHDR).</summary>
    ProgramHeaders = 3,

    /// <summary>Size of one (AT_PHENT), in bytes.</summary>
    ProgramHeaderBytes = 4,

    /// <summary>Their number (AT_PHNUM).</summary>
    ProgramHeaderCount = 5,

    /// <summary>Size of a page (AT_PAGESZ), in bytes.</summary>
    PageBytes = 6,

    /// <summary>Where the interpreter is loaded (AT_BASE); 0 without one.</summary>
    InterpreterBase = 7,

    /// <summary>Always 0 on x86 (AT_FLAGS).</summary>
    Flags = 8,

    /// <summary>Entry of the program itself (AT_ENTRY).</summary>
    Entry = 9,

    /// <summary>Real user (AT_UID).</summary>
    Uid = 11,

    /// <summary>Effective user (AT_EUID).</summary>
    EffectiveUid = 12,

    /// <summary>Real group (AT_GID).</summary>
    Gid = 13,

    /// <summary>Effective group (AT_EGID).</summary>
    EffectiveGid = 14,

    /// <summary>Address of the processor's name (AT_PLATFORM).</summary>
    Platform = 15,

    /// <summary>The processor's capabilities (AT_HWCAP).</summary>
    Hwcap = 16,

    /// <summary>Ticks a second of <c>times()</c> (AT_CLKTCK).</summary>
    ClockTicks = 17,

    /// <summary>1 for programs with more rights than their caller (AT_SECURE).</summary>
    Secure = 23,

    /// <summary>Address of 16 random bytes (AT_RANDOM).</summary>
    Random = 25,

    /// <summary>Further capabilities (AT_HWCAP2).</summary>
    Hwcap2 = 26,

    /// <summary>Address of the path given to execve (AT_EXECFN).</summary>
    ExecFileName = 31,

    /// <summary>Way into the kernel in the vdso (AT_SYSINFO); i386 only.</summary>
    Sysinfo = 32,

    /// <summary>Address of the vdso (AT_SYSINFO_EHDR).</summary>
    SysinfoHeader = 33,

    /// <summary>Least size of a signal stack (AT_MINSIGSTKSZ), in bytes.</summary>
    MinSignalStackBytes = 51,
}
