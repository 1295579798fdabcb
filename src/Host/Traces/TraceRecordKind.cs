namespace Sim.Host.Traces;

/// <summary>
/// What one record of a trace says. The numbers are part of the file format (<c>docs/format/trace.md</c>) and never change meaning.
/// </summary>
public enum TraceRecordKind : byte
{
    /// <summary>The processor fetched an instruction (lackey's <c>I</c>).</summary>
    Fetch = 0,

    /// <summary>The program loaded data (lackey's <c>L</c>).</summary>
    Load = 1,

    /// <summary>The program stored data (lackey's <c>S</c>).</summary>
    Store = 2,

    /// <summary>One instruction loaded and stored the same bytes (lackey's <c>M</c>).</summary>
    Modify = 3,

    /// <summary>The kernel read a range of user memory for a system call, such as the buffer of <c>write</c>.</summary>
    KernelRead = 4,

    /// <summary>The kernel wrote a range of user memory for a system call, such as the buffer of <c>read</c>.</summary>
    KernelWrite = 5,

    /// <summary>An area of the address space that exists before the first access: see <see cref="TraceArea"/>.</summary>
    Area = 8,

    /// <summary>System call <c>mmap(addr, length, prot, flags, fd, offset)</c>.</summary>
    Mmap = 9,

    /// <summary>System call <c>munmap(addr, length)</c>.</summary>
    Munmap = 10,

    /// <summary>System call <c>mprotect(addr, length, prot)</c>.</summary>
    Mprotect = 11,

    /// <summary>System call <c>brk(addr)</c>; its result is the program break afterwards.</summary>
    Brk = 12,

    /// <summary>System call <c>mremap(old_address, old_size, new_size, flags, new_address)</c>.</summary>
    Mremap = 13,

    /// <summary>System call <c>madvise(addr, length, advice)</c>.</summary>
    Madvise = 14,

    /// <summary>Any other system call. The memory it reads or writes follows as records of their own.</summary>
    Syscall = 15,
}
