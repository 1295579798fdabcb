namespace Sim.Hardware.Paging;

/// <summary>
/// The error code the CPU pushes at a page fault (Intel SDM volume 3A, figure 4-12). The kernel's names are
/// <c>X86_PF_PROT</c>, <c>X86_PF_WRITE</c>, <c>X86_PF_USER</c>, <c>X86_PF_RSVD</c> and <c>X86_PF_INSTR</c>.
/// </summary>
[Flags]
public enum PageFaultErrorCode
{
    None = 0,

    /// <summary>P: the page is present and the access is not allowed; clear: an entry on the way is not present.</summary>
    Protection = 1,

    /// <summary>W/R: the access was a write.</summary>
    Write = 2,

    /// <summary>U/S: the access came from user mode.</summary>
    User = 4,

    /// <summary>RSVD: an entry on the way has a reserved bit set.</summary>
    Reserved = 8,

    /// <summary>I/D: the access was an instruction fetch; only where pages can be no-execute.</summary>
    Instruction = 16,
}
