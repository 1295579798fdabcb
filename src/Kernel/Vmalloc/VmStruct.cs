namespace Sim.Kernel.Vmalloc;

/// <summary>What an area of kernel addresses is for; the kernel's own bits of 6.1 (include/linux/vmalloc.h).</summary>
[Flags]
public enum VmStructFlags
{
    None = 0,

    /// <summary>Device memory.</summary>
    IoRemap = 0x01,

    /// <summary>Pages of its own.</summary>
    Alloc = 0x02,

    /// <summary>Pages of somebody else's.</summary>
    Map = 0x04,

    /// <summary>May be mapped to user space too.</summary>
    UserMap = 0x08,

    /// <summary>Memory for devices.</summary>
    DmaCoherent = 0x10,

    /// <summary>No guard page behind it.</summary>
    NoGuard = 0x40,
}

/// <summary>An area of kernel addresses (<c>struct vm_struct</c>).</summary>
public struct VmStruct
{
    /// <summary>First address.</summary>
    public ulong Address;

    /// <summary>Pages of addresses, the guard page included.</summary>
    public long Pages;

    /// <summary>What it is for.</summary>
    public VmStructFlags Flags;

    /// <summary>Who asked for it: a symbol.</summary>
    public int Caller;

    /// <summary>Pages that it owns (<c>nr_pages</c>).</summary>
    public long OwnPages;

    /// <summary>Where the array lies that lists its pages; 0 for none.</summary>
    public long ArrayAddress;

    /// <summary>Physical address of this description.</summary>
    public long Descriptor;

    /// <summary>A kernel thread is going to take it down.</summary>
    public bool IsDeferred;

    /// <summary>Pages that can be accessed: all but the guard page (<c>get_vm_area_size</c>).</summary>
    public readonly long UsablePages => Pages - ((Flags & VmStructFlags.NoGuard) != 0 ? 0 : 1);
}
