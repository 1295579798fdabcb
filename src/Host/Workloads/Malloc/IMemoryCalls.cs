namespace Sim.Host.Workloads.Malloc;

/// <summary>
/// The system calls that an allocator in user space makes. Everything else that it does is a library call: the kernel does not learn of it.
/// </summary>
internal interface IMemoryCalls
{
    /// <summary>brk(2): asks for a new end of the heap.</summary>
    /// <param name="address">The new break; 0 asks where it is.</param>
    /// <returns>The break afterwards, the old one if it could not be moved.</returns>
    ulong Brk(ulong address);

    /// <summary>mmap(2) of private anonymous memory to read and write, wherever the kernel likes.</summary>
    /// <param name="lengthBytes">Whole pages.</param>
    /// <returns>The address, or null (ENOMEM).</returns>
    ulong? Mmap(ulong lengthBytes);

    /// <summary>munmap(2).</summary>
    void Munmap(ulong address, ulong lengthBytes);

    /// <summary>mremap(2) with MREMAP_MAYMOVE.</summary>
    /// <returns>The address, or null (ENOMEM).</returns>
    ulong? Mremap(ulong address, ulong oldLengthBytes, ulong newLengthBytes);

    /// <summary>madvise(2) with MADV_DONTNEED.</summary>
    void DontNeed(ulong address, ulong lengthBytes);
}
