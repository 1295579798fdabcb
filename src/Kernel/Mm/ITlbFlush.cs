namespace Sim.Kernel.Mm;

/// <summary>Makes CPUs forget translations that the kernel has changed. Called before frames set free can be used again.</summary>
public interface ITlbFlush
{
    /// <summary>Translations of a range of an address space are no longer valid (<c>flush_tlb_mm_range</c>).</summary>
    /// <param name="mm">The address space.</param>
    /// <param name="start">First address.</param>
    /// <param name="end">Behind the last address.</param>
    /// <param name="cpuId">The CPU that changed them, which flushes and asks the others to.</param>
    /// <param name="cause">Sequence of the event that changed them.</param>
    void FlushRange(AddressSpace mm, ulong start, ulong end, int cpuId, long cause);
}
