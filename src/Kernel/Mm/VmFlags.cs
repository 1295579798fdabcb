namespace Sim.Kernel.Mm;

/// <summary>Flags of an area (<c>vm_flags</c>), with the kernel's values (include/linux/mm.h).</summary>
[Flags]
public enum VmFlags
{
    None = 0,
    Read = 0x1,
    Write = 0x2,
    Exec = 0x4,

    /// <summary>Writes reach the object behind the area and its other mappers.</summary>
    Shared = 0x8,

    /// <summary>mprotect may set <see cref="Read"/>.</summary>
    MayRead = 0x10,

    /// <summary>mprotect may set <see cref="Write"/>.</summary>
    MayWrite = 0x20,

    /// <summary>mprotect may set <see cref="Exec"/>.</summary>
    MayExec = 0x40,

    /// <summary>Mapped MAP_SHARED, whether or not its file may be written.</summary>
    MayShare = 0x80,

    /// <summary>A fault below the area extends it downward: the stack.</summary>
    GrowsDown = 0x100,

    /// <summary>Maps frames that have no <c>struct page</c> (<c>VM_PFNMAP</c>).</summary>
    PfnMap = 0x400,

    /// <summary>Its pages stay in memory (<c>VM_LOCKED</c>).</summary>
    Locked = 0x2000,

    /// <summary>Memory of a device (<c>VM_IO</c>).</summary>
    Io = 0x4000,

    /// <summary>MADV_SEQUENTIAL.</summary>
    SequentialRead = 0x8000,

    /// <summary>MADV_RANDOM.</summary>
    RandomRead = 0x10000,

    /// <summary>MADV_DONTFORK: a child does not get it.</summary>
    DontCopy = 0x20000,

    /// <summary>May not be made longer by mremap, nor merged.</summary>
    DontExpand = 0x40000,

    /// <summary>With <see cref="Locked"/>: pages are locked when they come, and not brought in before (<c>VM_LOCKONFAULT</c>).</summary>
    LockOnFault = 0x80000,

    /// <summary>Its pages count against the overcommit limit.</summary>
    Account = 0x100000,

    /// <summary>Mapped MAP_NORESERVE.</summary>
    NoReserve = 0x200000,

    /// <summary>MADV_WIPEONFORK: empty in a child.</summary>
    WipeOnFork = 0x2000000,

    /// <summary>MADV_DONTDUMP: left out of core dumps.</summary>
    DontDump = 0x4000000,

    /// <summary>MADV_HUGEPAGE.</summary>
    HugePage = 0x20000000,

    /// <summary>MADV_NOHUGEPAGE.</summary>
    NoHugePage = 0x40000000,

    /// <summary>What mlock sets (<c>VM_LOCKED_MASK</c>).</summary>
    LockedMask = Locked | LockOnFault,

    /// <summary>Areas that are neither merged nor locked (<c>VM_SPECIAL</c>).</summary>
    Special = Io | DontExpand | PfnMap,

    /// <summary>The three permissions that mprotect changes.</summary>
    Access = Read | Write | Exec,

    /// <summary>The permissions that mprotect may give.</summary>
    MayAccess = MayRead | MayWrite | MayExec,
}
