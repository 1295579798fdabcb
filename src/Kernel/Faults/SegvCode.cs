namespace Sim.Kernel.Faults;

/// <summary>Why an access got SIGSEGV: <c>si_code</c> (include/uapi/asm-generic/siginfo.h).</summary>
public enum SegvCode : byte
{
    /// <summary>Not a SIGSEGV of a page fault.</summary>
    None = 0,

    /// <summary>SEGV_MAPERR: nothing is mapped at the address.</summary>
    MapErr = 1,

    /// <summary>SEGV_ACCERR: the area does not allow the access.</summary>
    AccErr = 2,

    /// <summary>SI_KERNEL: a general protection or stack fault; no address is known.</summary>
    Kernel = 0x80,
}
