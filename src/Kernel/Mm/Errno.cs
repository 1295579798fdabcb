namespace Sim.Kernel.Mm;

/// <summary>Error numbers of system calls, with the values of x86 (asm-generic/errno-base.h, errno.h).</summary>
public enum Errno
{
    /// <summary>No error.</summary>
    None = 0,

    /// <summary>Operation not permitted.</summary>
    EPERM = 1,

    /// <summary>No such file.</summary>
    ENOENT = 2,

    /// <summary>Nothing found: no free entry.</summary>
    ESRCH = 3,

    /// <summary>Input/output error.</summary>
    EIO = 5,

    /// <summary>Argument list too long.</summary>
    E2BIG = 7,

    /// <summary>No program of this kernel.</summary>
    ENOEXEC = 8,

    /// <summary>Bad file descriptor.</summary>
    EBADF = 9,

    /// <summary>No child to wait for.</summary>
    ECHILD = 10,

    /// <summary>A limit of locked memory, or kernel memory that is short at the moment.</summary>
    EAGAIN = 11,

    /// <summary>Out of memory, or the range is not mapped.</summary>
    ENOMEM = 12,

    /// <summary>Permission denied.</summary>
    EACCES = 13,

    /// <summary>Bad address.</summary>
    EFAULT = 14,

    /// <summary>Something is mapped there already.</summary>
    EEXIST = 17,

    /// <summary>Invalid argument.</summary>
    EINVAL = 22,

    /// <summary>Function not implemented.</summary>
    ENOSYS = 38,

    /// <summary>The offset does not fit.</summary>
    EOVERFLOW = 75,

    /// <summary>The interpreter is no program of this kernel.</summary>
    ELIBBAD = 80,

    /// <summary>Operation not supported.</summary>
    EOPNOTSUPP = 95,

    /// <summary>The call is to be made again; no program sees it.</summary>
    ERESTARTSYS = 512,
}
