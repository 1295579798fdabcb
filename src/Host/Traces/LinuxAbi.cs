namespace Sim.Host.Traces;

/// <summary>Numbers of the Linux x86-64 system call interface that traces carry (include/uapi/asm-generic/mman.h, mman-common.h).</summary>
public static class LinuxAbi
{
    /// <summary>Bytes of a base page.</summary>
    public const ulong PageSize = 4096;

    /// <summary>PROT_READ.</summary>
    public const uint ProtRead = 1;

    /// <summary>PROT_WRITE.</summary>
    public const uint ProtWrite = 2;

    /// <summary>PROT_EXEC.</summary>
    public const uint ProtExec = 4;

    /// <summary>MAP_SHARED.</summary>
    public const uint MapShared = 0x01;

    /// <summary>MAP_FIXED.</summary>
    public const uint MapFixed = 0x10;

    /// <summary>MAP_ANONYMOUS.</summary>
    public const uint MapAnonymous = 0x20;

    /// <summary>MREMAP_DONTUNMAP.</summary>
    public const uint MremapDontUnmap = 4;

    /// <summary>EFAULT: the kernel could not touch a user buffer.</summary>
    public const long Efault = 14;

    /// <summary>First address of the page that holds <paramref name="address"/>.</summary>
    public static ulong PageStart(ulong address) => address & ~(PageSize - 1);

    /// <summary>Rounds a length or address up to whole pages; wraps to zero at the top of the address space.</summary>
    public static ulong PageAlign(ulong value) => unchecked(value + (PageSize - 1)) & ~(PageSize - 1);
}
