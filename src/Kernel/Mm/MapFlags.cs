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
    NoReserve = 0x4000,
    Stack = 0x20000,

    /// <summary>Exactly at the address, or EEXIST when something is mapped there.</summary>
    FixedNoReplace = 0x100000,
}
