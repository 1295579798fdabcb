namespace Sim.Host.Traces;

/// <summary>How many bytes of a user buffer a system call touches.</summary>
internal enum BufferLength : byte
{
    /// <summary>A fixed number of bytes: the size of a structure.</summary>
    Fixed,

    /// <summary>The result times a unit, as <c>read</c> returns the bytes it put in its buffer.</summary>
    Result,

    /// <summary>Another argument times a unit.</summary>
    Argument,

    /// <summary>One unit for each page of a range whose length is another argument.</summary>
    Pages,

    /// <summary>A path or other string with its final zero byte.</summary>
    String,
}

/// <summary>One user buffer of a system call.</summary>
/// <param name="Call">Number of the call on x86-64.</param>
/// <param name="Pointer">Which argument points to it.</param>
/// <param name="Written">Whether the kernel writes it (else reads).</param>
/// <param name="Length">How its length follows from the call.</param>
/// <param name="Unit">Bytes, or bytes per unit of the result or argument.</param>
/// <param name="Count">The argument that counts units.</param>
internal readonly record struct SyscallBuffer(ushort Call, byte Pointer, bool Written, BufferLength Length, ushort Unit = 1, byte Count = 0);

/// <summary>
/// The user buffers of the system calls that programs make, for those whose extent follows from arguments and result. Numbers from
/// arch/x86/entry/syscalls/syscall_64.tbl, structure sizes from the uapi headers and the system calls' manual pages.
/// Calls with vectors of buffers (<c>readv</c>, <c>recvmsg</c>) are absent: their text does not say where the buffers are.
/// </summary>
internal static class SyscallBuffers
{
    private const bool In = false;
    private const bool Out = true;

    // Sorted by call, so that a lookup is one binary search.
    private static readonly SyscallBuffer[] s_all =
    [
        new(0, 1, Out, BufferLength.Result),                    // read
        new(1, 1, In, BufferLength.Result),                     // write
        new(2, 0, In, BufferLength.String),                     // open
        new(4, 0, In, BufferLength.String),                     // stat
        new(4, 1, Out, BufferLength.Fixed, 144),
        new(5, 1, Out, BufferLength.Fixed, 144),                // fstat
        new(6, 0, In, BufferLength.String),                     // lstat
        new(6, 1, Out, BufferLength.Fixed, 144),
        new(7, 0, In, BufferLength.Argument, 8, 1),             // poll
        new(7, 0, Out, BufferLength.Argument, 8, 1),
        new(13, 1, In, BufferLength.Fixed, 32),                 // rt_sigaction
        new(13, 2, Out, BufferLength.Fixed, 32),
        new(14, 1, In, BufferLength.Argument, 1, 3),            // rt_sigprocmask
        new(14, 2, Out, BufferLength.Argument, 1, 3),
        new(17, 1, Out, BufferLength.Result),                   // pread64
        new(18, 1, In, BufferLength.Result),                    // pwrite64
        new(21, 0, In, BufferLength.String),                    // access
        new(22, 0, Out, BufferLength.Fixed, 8),                 // pipe
        new(27, 2, Out, BufferLength.Pages, 1, 1),              // mincore
        new(35, 0, In, BufferLength.Fixed, 16),                 // nanosleep
        new(45, 1, Out, BufferLength.Result),                   // recvfrom
        new(53, 3, Out, BufferLength.Fixed, 8),                 // socketpair
        new(59, 0, In, BufferLength.String),                    // execve
        new(61, 1, Out, BufferLength.Fixed, 4),                 // wait4
        new(61, 3, Out, BufferLength.Fixed, 144),
        new(63, 0, Out, BufferLength.Fixed, 390),               // uname
        new(76, 0, In, BufferLength.String),                    // truncate
        new(78, 1, Out, BufferLength.Result),                   // getdents
        new(79, 0, Out, BufferLength.Result),                   // getcwd
        new(80, 0, In, BufferLength.String),                    // chdir
        new(82, 0, In, BufferLength.String),                    // rename
        new(82, 1, In, BufferLength.String),
        new(83, 0, In, BufferLength.String),                    // mkdir
        new(84, 0, In, BufferLength.String),                    // rmdir
        new(87, 0, In, BufferLength.String),                    // unlink
        new(89, 0, In, BufferLength.String),                    // readlink
        new(89, 1, Out, BufferLength.Result),
        new(90, 0, In, BufferLength.String),                    // chmod
        new(96, 0, Out, BufferLength.Fixed, 16),                // gettimeofday
        new(96, 1, Out, BufferLength.Fixed, 8),
        new(97, 1, Out, BufferLength.Fixed, 16),                // getrlimit
        new(98, 1, Out, BufferLength.Fixed, 144),               // getrusage
        new(99, 0, Out, BufferLength.Fixed, 112),               // sysinfo
        new(100, 0, Out, BufferLength.Fixed, 32),               // times
        new(115, 1, Out, BufferLength.Result, 4),               // getgroups
        new(118, 0, Out, BufferLength.Fixed, 4),                // getresuid
        new(118, 1, Out, BufferLength.Fixed, 4),
        new(118, 2, Out, BufferLength.Fixed, 4),
        new(120, 0, Out, BufferLength.Fixed, 4),                // getresgid
        new(120, 1, Out, BufferLength.Fixed, 4),
        new(120, 2, Out, BufferLength.Fixed, 4),
        new(131, 0, In, BufferLength.Fixed, 24),                // sigaltstack
        new(131, 1, Out, BufferLength.Fixed, 24),
        new(137, 0, In, BufferLength.String),                   // statfs
        new(137, 1, Out, BufferLength.Fixed, 120),
        new(138, 1, Out, BufferLength.Fixed, 120),              // fstatfs
        new(160, 1, In, BufferLength.Fixed, 16),                // setrlimit
        new(191, 2, Out, BufferLength.Result),                  // getxattr
        new(192, 2, Out, BufferLength.Result),                  // lgetxattr
        new(193, 2, Out, BufferLength.Result),                  // fgetxattr
        new(201, 0, Out, BufferLength.Fixed, 8),                // time
        new(202, 0, In, BufferLength.Fixed, 4),                 // futex
        new(204, 2, Out, BufferLength.Result),                  // sched_getaffinity
        new(217, 1, Out, BufferLength.Result),                  // getdents64
        new(228, 1, Out, BufferLength.Fixed, 16),               // clock_gettime
        new(229, 1, Out, BufferLength.Fixed, 16),               // clock_getres
        new(230, 2, In, BufferLength.Fixed, 16),                // clock_nanosleep
        new(232, 1, Out, BufferLength.Result, 12),              // epoll_wait
        new(233, 3, In, BufferLength.Fixed, 12),                // epoll_ctl
        new(257, 1, In, BufferLength.String),                   // openat
        new(258, 1, In, BufferLength.String),                   // mkdirat
        new(262, 1, In, BufferLength.String),                   // newfstatat
        new(262, 2, Out, BufferLength.Fixed, 144),
        new(263, 1, In, BufferLength.String),                   // unlinkat
        new(264, 1, In, BufferLength.String),                   // renameat
        new(264, 3, In, BufferLength.String),
        new(267, 1, In, BufferLength.String),                   // readlinkat
        new(267, 2, Out, BufferLength.Result),
        new(269, 1, In, BufferLength.String),                   // faccessat
        new(271, 0, In, BufferLength.Argument, 8, 1),           // ppoll
        new(271, 0, Out, BufferLength.Argument, 8, 1),
        new(281, 1, Out, BufferLength.Result, 12),              // epoll_pwait
        new(293, 0, Out, BufferLength.Fixed, 8),                // pipe2
        new(302, 2, In, BufferLength.Fixed, 16),                // prlimit64
        new(302, 3, Out, BufferLength.Fixed, 16),
        new(309, 0, Out, BufferLength.Fixed, 4),                // getcpu
        new(309, 1, Out, BufferLength.Fixed, 4),
        new(316, 1, In, BufferLength.String),                   // renameat2
        new(316, 3, In, BufferLength.String),
        new(318, 0, Out, BufferLength.Result),                  // getrandom
        new(332, 1, In, BufferLength.String),                   // statx
        new(332, 4, Out, BufferLength.Fixed, 256),
        new(439, 1, In, BufferLength.String),                   // faccessat2
    ];

    // ioctl: what it touches depends on the request (include/uapi/asm-generic/ioctls.h): termios, window size, int.
    private static readonly (ulong Request, bool Written, ushort Length)[] s_ioctls =
    [
        (0x5401, Out, 36), (0x5402, In, 36), (0x5403, In, 36), (0x5404, In, 36),
        (0x540f, Out, 4), (0x5410, In, 4), (0x5413, Out, 8), (0x541b, Out, 4), (0x5421, In, 4),
    ];

    /// <summary>The buffers of a call; empty for a call with none or with ones that cannot be known.</summary>
    internal static ReadOnlySpan<SyscallBuffer> Of(uint call)
    {
        int low = 0;
        int high = s_all.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            (low, high) = s_all[middle].Call < call ? (middle + 1, high) : (low, middle);
        }

        int end = low;
        while (end < s_all.Length && s_all[end].Call == call)
        {
            end++;
        }

        return s_all.AsSpan(low, end - low);
    }

    /// <summary>What an <c>ioctl</c> touches at its third argument; a length of zero when the request is not known.</summary>
    internal static (bool Written, ushort Length) OfIoctl(ulong request)
    {
        foreach ((ulong known, bool written, ushort length) in s_ioctls)
        {
            if (known == request)
            {
                return (written, length);
            }
        }

        return default;
    }
}
