namespace Sim.Kernel.Mm;

/// <summary>Makes CPUs forget translations that the kernel has changed. Called before frames set free can be used again.</summary>
public interface ITlbFlush
{
    /// <summary>Log2 of the bytes of a page, the usual distance of the entries that were changed.</summary>
    const int PageShift = 12;

    /// <summary>Translations of a range of an address space are no longer valid (<c>flush_tlb_mm_range</c>).</summary>
    /// <param name="mm">The address space.</param>
    /// <param name="start">First address.</param>
    /// <param name="end">Behind the last address.</param>
    /// <param name="cpuId">The CPU that changed them, which flushes and asks the others to.</param>
    /// <param name="cause">Sequence of the event that changed them.</param>
    /// <param name="strideShift">Log2 of the bytes that each changed entry maps; more than a page's when only large pages were changed.</param>
    /// <param name="freedTables">Page tables are about to be freed: CPUs in lazy TLB mode must leave the address space, too.</param>
    void FlushRange(
        AddressSpace mm, ulong start, ulong end, int cpuId, long cause, int strideShift = PageShift, bool freedTables = false);

    /// <summary>Translations of the kernel's half are no longer valid on any CPU (<c>flush_tlb_kernel_range</c>).</summary>
    /// <param name="start">First address.</param>
    /// <param name="end">Behind the last address.</param>
    /// <param name="cpuId">The CPU that changed them.</param>
    /// <param name="cause">Sequence of the event that changed them.</param>
    void FlushKernelRange(ulong start, ulong end, int cpuId, long cause);

    /// <summary>
    /// True when other CPUs may remember the address space, so that reclaim should put its flush off to the end of its batch
    /// (<c>should_defer_flush</c>, mm/rmap.c).
    /// </summary>
    bool ShouldDefer(AddressSpace mm, int cpuId);

    /// <summary>An entry of the address space was cleared; the flush comes with <see cref="FlushBatch"/> (<c>arch_tlbbatch_add_mm</c>).</summary>
    /// <param name="mm">The address space.</param>
    /// <param name="cpuId">The CPU whose batch it is.</param>
    /// <param name="cause">Sequence of the event that cleared it.</param>
    void AddToBatch(AddressSpace mm, int cpuId, long cause);

    /// <summary>
    /// Makes all CPUs forget what was added to a CPU's batch (<c>arch_tlbbatch_flush</c>); nothing without an addition. Before a
    /// page of the batch is freed or, if it was dirty, written, and within the dispatch that added it.
    /// </summary>
    /// <param name="cpuId">The CPU whose batch it is.</param>
    /// <param name="cause">Sequence of the event that led here.</param>
    void FlushBatch(int cpuId, long cause);
}
