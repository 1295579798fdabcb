namespace Sim.Kernel.Mm;

/// <summary>Flags of mmap, with the values of the system call interface on x86.</summary>
[Flags]
public enum MapFlags
{
    None = 0,
    Shared = 0x01,
    Private = 0x02,

    /// <summary>Shared, and unknown flags are refused.</summary>
    SharedValidate = 0x03,

    /// <summary>Mask of the three types above.</summary>
    TypeMask = 0x0F,

    /// <summary>Exactly at the address; what is mapped there is unmapped first.</summary>
    Fixed = 0x10,
    Anonymous = 0x20,

    /// <summary>x86-64: below 2 GiB.</summary>
    Bit32 = 0x40,
    GrowsDown = 0x0100,

    /// <summary>Has no effect (<c>MAP_DENYWRITE</c>).</summary>
    DenyWrite = 0x0800,

    /// <summary>Has no effect (<c>MAP_EXECUTABLE</c>).</summary>
    Executable = 0x1000,

    /// <summary>The area is locked as by mlock (<c>MAP_LOCKED</c>).</summary>
    Locked = 0x2000,
    NoReserve = 0x4000,

    /// <summary>The pages are brought in at once (<c>MAP_POPULATE</c>).</summary>
    Populate = 0x8000,

    /// <summary>With <see cref="Populate"/>: nothing is brought in (<c>MAP_NONBLOCK</c>).</summary>
    NonBlock = 0x10000,

    /// <summary>Has no effect (<c>MAP_STACK</c>).</summary>
    Stack = 0x20000,

    /// <summary>
    /// Flags older than <see cref="SharedValidate"/>, which that type accepts (<c>LEGACY_MAP_MASK</c>); the ones without a name
    /// here are MAP_HUGETLB with its two sizes.
    /// </summary>
    Legacy = SharedValidate | Fixed | Anonymous | Bit32 | GrowsDown | DenyWrite | Executable | NoReserve | Stack
        | Locked | Populate | NonBlock | 0x40000 | 21 << 26 | 30 << 26,

    /// <summary>Exactly at the address, or EEXIST when something is mapped there.</summary>
    FixedNoReplace = 0x100000,
}
