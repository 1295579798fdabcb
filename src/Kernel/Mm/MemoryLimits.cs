using Sim.Kernel.Buddy;

namespace Sim.Kernel.Mm;

/// <summary>What bounds the size of an address space: resource limits and overcommit (<c>may_expand_vm</c>, <c>__vm_enough_memory</c>).</summary>
public sealed class MemoryLimits
{
    private readonly MmOptions _options;
    private readonly CommitAccounting _commit;

    /// <param name="options">The machine's limits.</param>
    /// <param name="pages">The memory there is.</param>
    /// <param name="spaces">Who was promised what.</param>
    public MemoryLimits(MmOptions options, PageAllocatorState pages, AddressSpaces spaces)
    {
        _options = options;
        _commit = new CommitAccounting(options, pages, spaces);
    }

    /// <summary>True when pages of such an area may be added.</summary>
    public bool MayExpand(AddressSpace mm, VmFlags flags, long pages)
    {
        long most = mm.Limits?.AddressSpaceBytes ?? _options.AddressSpaceLimitBytes;
        if (most >= 0 && mm.TotalVm + pages > most >> 12)
        {
            return false;
        }
        bool data = (flags & (VmFlags.Write | VmFlags.Shared | VmFlags.GrowsDown)) == VmFlags.Write;
        long mostData = DataLimit(mm);
        return !data || mostData < 0 || mm.DataVm + pages <= mostData >> 12;
    }

    /// <summary>True when overcommit lets a process be promised so many pages more (<see cref="CommitAccounting.Allows"/>).</summary>
    public bool MayCommit(AddressSpace mm, long request, long pending = 0) => _commit.Allows(mm, request, pending);

    /// <summary>True when the heap, with the program's data, may reach up to an address.</summary>
    public bool MayMoveBrk(AddressSpace mm, ulong brk) =>
        DataLimit(mm) < 0 || brk - mm.StartBrk + mm.EndData - mm.StartData <= (ulong)DataLimit(mm);

    /// <summary>True when a stack may have a size.</summary>
    public bool MayGrowStack(AddressSpace mm, ulong bytes)
    {
        long most = mm.Limits?.StackBytes ?? _options.StackLimitBytes;
        return most < 0 || bytes <= (ulong)most;
    }

    /// <summary>True when a process may lock any memory (<c>can_do_mlock</c>).</summary>
    public bool MayLock(AddressSpace mm) => LockLimit(mm) != 0;

    /// <summary>True when an area with these flags may get so many pages more, if it is locked (<c>mlock_future_check</c>).</summary>
    public bool MayLockMore(AddressSpace mm, VmFlags flags, long pages) =>
        (flags & VmFlags.Locked) == 0 || MayHaveLocked(mm, mm.LockedVm + pages);

    /// <summary>True when so many pages may be locked.</summary>
    public bool MayHaveLocked(AddressSpace mm, long pages) => LockLimit(mm) < 0 || pages <= LockLimit(mm) >> 12;

    private long LockLimit(AddressSpace mm) => mm.Limits?.MemlockBytes ?? _options.MemlockLimitBytes;

    private long DataLimit(AddressSpace mm) => mm.Limits?.DataBytes ?? _options.DataLimitBytes;

    /// <summary>True when so many areas more are allowed.</summary>
    public bool MaySplit(AddressSpace mm, int more) => mm.Areas.Count + more <= _options.MaxMapCount;

    /// <summary>True when a private writable mapping counts against the overcommit limit (<c>accountable_mapping</c>).</summary>
    public static bool IsAccountable(VmFlags flags) =>
        (flags & (VmFlags.NoReserve | VmFlags.Shared | VmFlags.Write)) == VmFlags.Write;
}
