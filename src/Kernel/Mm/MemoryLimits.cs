using Sim.Kernel.Buddy;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Mm;

/// <summary>What bounds the size of an address space: resource limits and overcommit (<c>may_expand_vm</c>, <c>__vm_enough_memory</c>).</summary>
public sealed class MemoryLimits(MmOptions options, PageAllocatorState pages)
{
    /// <summary>True when pages of such an area may be added.</summary>
    public bool MayExpand(AddressSpace mm, VmFlags flags, long pages)
    {
        if (options.AddressSpaceLimitBytes >= 0 && mm.TotalVm + pages > options.AddressSpaceLimitBytes >> 12)
        {
            return false;
        }
        bool data = (flags & (VmFlags.Write | VmFlags.Shared | VmFlags.GrowsDown)) == VmFlags.Write;
        return !data || options.DataLimitBytes < 0 || mm.DataVm + pages <= options.DataLimitBytes >> 12;
    }

    /// <summary>True when heuristic overcommit lets one request commit so many pages.</summary>
    public bool MayCommit(long request) => options.Overcommit == OvercommitMode.Always || request <= TotalPages;

    /// <summary>All frames the allocator manages (<c>totalram_pages</c>).</summary>
    private long TotalPages
    {
        get
        {
            long total = 0;
            foreach (Zone zone in pages.Zones)
            {
                total += zone.ManagedPages;
            }
            return total;
        }
    }

    /// <summary>True when the heap, with the program's data, may reach up to an address.</summary>
    public bool MayMoveBrk(AddressSpace mm, ulong brk) =>
        options.DataLimitBytes < 0 || brk - mm.StartBrk <= (ulong)options.DataLimitBytes;

    /// <summary>True when a stack may have a size.</summary>
    public bool MayGrowStack(ulong bytes) => options.StackLimitBytes < 0 || bytes <= (ulong)options.StackLimitBytes;

    /// <summary>True when so many areas more are allowed.</summary>
    public bool MaySplit(AddressSpace mm, int more) => mm.Areas.Count + more <= options.MaxMapCount;

    /// <summary>True when a private writable mapping counts against the overcommit limit (<c>accountable_mapping</c>).</summary>
    public static bool IsAccountable(VmFlags flags) =>
        (flags & (VmFlags.NoReserve | VmFlags.Shared | VmFlags.Write)) == VmFlags.Write;
}
