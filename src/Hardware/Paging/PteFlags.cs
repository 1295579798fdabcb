namespace Sim.Hardware.Paging;

/// <summary>
/// Bits of a page-table entry, as both i386 and x86-64 have them (Intel SDM volume 3A, sections 4.3 and 4.5).
/// </summary>
[Flags]
public enum PteFlags : ulong
{
    None = 0,

    /// <summary>P: the entry translates; otherwise all its other bits are the system's own.</summary>
    Present = 1,

    /// <summary>R/W: writes are allowed.</summary>
    Write = 2,

    /// <summary>U/S: user mode may use it.</summary>
    User = 4,

    /// <summary>PWT.</summary>
    WriteThrough = 8,

    /// <summary>PCD.</summary>
    CacheDisable = 16,

    /// <summary>A: set by the CPU when a translation uses the entry.</summary>
    Accessed = 32,

    /// <summary>D: set by the CPU when a translation for a write ends at the entry.</summary>
    Dirty = 64,

    /// <summary>PS: an entry above the last level maps a large page.</summary>
    Large = 128,

    /// <summary>G: a CR3 load leaves the translation in the TLB.</summary>
    Global = 256,

    /// <summary>XD: instruction fetches are forbidden; x86-64 only.</summary>
    NoExecute = 1UL << 63,
}
