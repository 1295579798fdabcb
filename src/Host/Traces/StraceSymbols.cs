namespace Sim.Host.Traces;

/// <summary>
/// The symbolic constants in strace's text that decide what a mapping call does (include/uapi/asm-generic/mman-common.h, mman.h,
/// include/uapi/linux/mman.h, errno-base.h, errno.h).
/// </summary>
internal static class StraceSymbols
{
    private const string ErrorNames = """
        EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN ENOMEM EACCES EFAULT ENOTBLK EBUSY EEXIST EXDEV ENODEV
        ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG ENOSPC ESPIPE EROFS EMLINK EPIPE EDOM ERANGE EDEADLK ENAMETOOLONG
        ENOLCK ENOSYS ENOTEMPTY ELOOP ? ENOMSG EIDRM ECHRNG EL2NSYNC EL3HLT EL3RST ELNRNG EUNATCH ENOCSI EL2HLT EBADE EBADR EXFULL
        ENOANO EBADRQC EBADSLT ? EBFONT ENOSTR ENODATA ETIME ENOSR ENONET ENOPKG EREMOTE ENOLINK EADV ESRMNT ECOMM EPROTO EMULTIHOP
        EDOTDOT EBADMSG EOVERFLOW ENOTUNIQ EBADFD EREMCHG ELIBACC ELIBBAD ELIBSCN ELIBMAX ELIBEXEC EILSEQ ERESTART ESTRPIPE EUSERS
        ENOTSOCK EDESTADDRREQ EMSGSIZE EPROTOTYPE ENOPROTOOPT EPROTONOSUPPORT ESOCKTNOSUPPORT EOPNOTSUPP EPFNOSUPPORT EAFNOSUPPORT
        EADDRINUSE EADDRNOTAVAIL ENETDOWN ENETUNREACH ENETRESET ECONNABORTED ECONNRESET ENOBUFS EISCONN ENOTCONN ESHUTDOWN
        ETOOMANYREFS ETIMEDOUT ECONNREFUSED EHOSTDOWN EHOSTUNREACH EALREADY EINPROGRESS ESTALE EUCLEAN ENOTNAM ENAVAIL EISNAM
        EREMOTEIO EDQUOT ENOMEDIUM EMEDIUMTYPE ECANCELED ENOKEY EKEYEXPIRED EKEYREVOKED EKEYREJECTED EOWNERDEAD ENOTRECOVERABLE
        ERFKILL EHWPOISON
        """;

    private static readonly string[] s_errors = ErrorNames.Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries);

    private static readonly Dictionary<string, ulong> s_values = new(StringComparer.Ordinal)
    {
        ["NULL"] = 0,
        ["AT_FDCWD"] = unchecked((ulong)-100),
        ["PROT_NONE"] = 0,
        ["PROT_READ"] = 1,
        ["PROT_WRITE"] = 2,
        ["PROT_EXEC"] = 4,
        ["PROT_SEM"] = 8,
        ["PROT_GROWSDOWN"] = 0x0100_0000,
        ["PROT_GROWSUP"] = 0x0200_0000,
        ["MAP_FILE"] = 0,
        ["MAP_SHARED"] = 1,
        ["MAP_PRIVATE"] = 2,
        ["MAP_SHARED_VALIDATE"] = 3,
        ["MAP_FIXED"] = 0x10,
        ["MAP_ANONYMOUS"] = 0x20,
        ["MAP_32BIT"] = 0x40,
        ["MAP_GROWSDOWN"] = 0x100,
        ["MAP_DENYWRITE"] = 0x800,
        ["MAP_EXECUTABLE"] = 0x1000,
        ["MAP_LOCKED"] = 0x2000,
        ["MAP_NORESERVE"] = 0x4000,
        ["MAP_POPULATE"] = 0x8000,
        ["MAP_NONBLOCK"] = 0x1_0000,
        ["MAP_STACK"] = 0x2_0000,
        ["MAP_HUGETLB"] = 0x4_0000,
        ["MAP_SYNC"] = 0x8_0000,
        ["MAP_FIXED_NOREPLACE"] = 0x10_0000,
        ["21<<MAP_HUGE_SHIFT"] = 21ul << 26,
        ["30<<MAP_HUGE_SHIFT"] = 30ul << 26,
        ["MAP_HUGE_2MB"] = 21ul << 26,
        ["MAP_HUGE_1GB"] = 30ul << 26,
        ["MREMAP_MAYMOVE"] = 1,
        ["MREMAP_FIXED"] = 2,
        ["MREMAP_DONTUNMAP"] = 4,
        ["MADV_NORMAL"] = 0,
        ["MADV_RANDOM"] = 1,
        ["MADV_SEQUENTIAL"] = 2,
        ["MADV_WILLNEED"] = 3,
        ["MADV_DONTNEED"] = 4,
        ["MADV_FREE"] = 8,
        ["MADV_REMOVE"] = 9,
        ["MADV_DONTFORK"] = 10,
        ["MADV_DOFORK"] = 11,
        ["MADV_MERGEABLE"] = 12,
        ["MADV_UNMERGEABLE"] = 13,
        ["MADV_HUGEPAGE"] = 14,
        ["MADV_NOHUGEPAGE"] = 15,
        ["MADV_DONTDUMP"] = 16,
        ["MADV_DODUMP"] = 17,
        ["MADV_WIPEONFORK"] = 18,
        ["MADV_KEEPONFORK"] = 19,
        ["MADV_COLD"] = 20,
        ["MADV_PAGEOUT"] = 21,
        ["MADV_POPULATE_READ"] = 22,
        ["MADV_POPULATE_WRITE"] = 23,
        ["MADV_DONTNEED_LOCKED"] = 24,
        ["MADV_COLLAPSE"] = 25,
        ["F_DUPFD"] = 0,
        ["F_DUPFD_CLOEXEC"] = 1030,
    };

    /// <summary>The value of constants and numbers joined by <c>|</c>, or null when one of them is not known.</summary>
    internal static ulong? Evaluate(string expression)
    {
        ulong value = 0;
        foreach (string part in expression.Split('|'))
        {
            if (!s_values.TryGetValue(part, out ulong known) && !TextNumbers.TryNumber(System.Text.Encoding.UTF8.GetBytes(part), out known))
            {
                return null;
            }

            value |= known;
        }

        return value;
    }

    /// <summary>The number of an error name, or null.</summary>
    internal static int? ErrorNumber(string name)
    {
        int index = Array.IndexOf(s_errors, name);
        return index < 0 ? null : index + 1;
    }
}
