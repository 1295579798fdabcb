namespace Sim.Kernel.Mm;

/// <summary>Protection asked of mmap and mprotect, with the values of the system call interface.</summary>
[Flags]
public enum ProtFlags
{
    None = 0,
    Read = 1,
    Write = 2,
    Exec = 4,

    /// <summary>Accepted and without effect on x86.</summary>
    Sem = 8,

    /// <summary>mprotect only: extend the change down to the start of a growing area.</summary>
    GrowsDown = 0x01000000,

    /// <summary>mprotect only: extend the change up; no area grows up on x86.</summary>
    GrowsUp = 0x02000000,
}
