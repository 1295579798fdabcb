namespace Sim.Hardware.Tlb;

/// <summary>Rights and kind of a TLB entry.</summary>
[Flags]
public enum TlbFlags : byte
{
    None = 0,

    /// <summary>In the first level it belongs to the instruction side; not kept in the entry.</summary>
    Instruction = 1,

    /// <summary>Writes are allowed.</summary>
    Write = 2,

    /// <summary>User mode is allowed.</summary>
    User = 4,

    /// <summary>Instruction fetches are allowed.</summary>
    Execute = 8,

    /// <summary>The dirty bit of the page-table entry is set; a write through an entry without it walks again.</summary>
    Dirty = 16,

    /// <summary>Survives CR3 loads.</summary>
    Global = 32,

    /// <summary>A large page (2 MiB or 4 MiB).</summary>
    Large = 64,
}
