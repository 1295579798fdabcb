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

    /// <summary>Its pages are frames without a page of their own to count (<c>VM_PFNMAP</c>).</summary>
    PfnMap = 0x400,

    /// <summary>Memory of a device or of the kernel (<c>VM_IO</c>).</summary>
    Io = 0x4000,

    /// <summary>mremap may not extend it (<c>VM_DONTEXPAND</c>).</summary>
    DontExpand = 0x40000,

    /// <summary>Its pages count against the overcommit limit.</summary>
    Account = 0x100000,

    /// <summary>Mapped MAP_NORESERVE.</summary>
    NoReserve = 0x200000,

    /// <summary>Left out of core dumps (<c>VM_DONTDUMP</c>).</summary>
    DontDump = 0x0400_0000,

    /// <summary>The three permissions that mprotect changes.</summary>
    Access = Read | Write | Exec,

    /// <summary>The permissions that mprotect may give.</summary>
    MayAccess = MayRead | MayWrite | MayExec,
}
