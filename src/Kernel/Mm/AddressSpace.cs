using Sim.Engine.Events;
using Sim.Kernel.Exec;

namespace Sim.Kernel.Mm;

/// <summary>
/// The memory of one process: <c>mm_struct</c> (include/linux/mm_types.h). Sourced state, changed only by
/// <see cref="AddressSpaces"/>. Counts are in pages.
/// </summary>
public sealed class AddressSpace
{
    /// <summary>Pid of the process.</summary>
    public int Pid { get; internal set; }

    /// <summary>Frame of the top-level page table (<c>pgd</c>).</summary>
    public long Root { get; internal set; }

    /// <summary>Where placement of mappings starts (<c>mmap_base</c>).</summary>
    public ulong MmapBase { get; internal set; }

    /// <summary>Start of the heap (<c>start_brk</c>).</summary>
    public ulong StartBrk { get; internal set; }

    /// <summary>End of the heap (<c>brk</c>); need not be page-aligned.</summary>
    public ulong Brk { get; internal set; }

    /// <summary>Address of the stack's first word when the program started (<c>start_stack</c>).</summary>
    public ulong StartStack { get; internal set; }

    /// <summary>First address of code (<c>start_code</c>).</summary>
    public ulong StartCode { get; internal set; }

    /// <summary>End of code (<c>end_code</c>).</summary>
    public ulong EndCode { get; internal set; }

    /// <summary>Start of the program's last segment (<c>start_data</c>).</summary>
    public ulong StartData { get; internal set; }

    /// <summary>End of what the program's file gives (<c>end_data</c>).</summary>
    public ulong EndData { get; internal set; }

    /// <summary>Address of the first argument (<c>arg_start</c>).</summary>
    public ulong ArgStart { get; internal set; }

    /// <summary>End of the arguments and start of the environment (<c>arg_end</c>, <c>env_start</c>).</summary>
    public ulong EnvStart { get; internal set; }

    /// <summary>End of the environment's strings (<c>env_end</c>).</summary>
    public ulong EnvEnd { get; internal set; }

    /// <summary>The auxiliary vector that the program was given (<c>saved_auxv</c>); empty before execve.</summary>
    public List<AuxiliaryEntry> SavedAuxv { get; } = [];

    /// <summary>Pages of all areas (<c>total_vm</c>).</summary>
    public long TotalVm { get; internal set; }

    /// <summary>Pages of private writable areas except stacks (<c>data_vm</c>).</summary>
    public long DataVm { get; internal set; }

    /// <summary>Pages of executable areas that cannot be written (<c>exec_vm</c>).</summary>
    public long ExecVm { get; internal set; }

    /// <summary>Pages of areas that grow down (<c>stack_vm</c>).</summary>
    public long StackVm { get; internal set; }

    /// <summary>Pages of areas that count as promised memory (<c>VM_ACCOUNT</c>): the address space's part of <c>vm_committed_as</c>.</summary>
    public long CommittedVm { get; internal set; }

    /// <summary>
    /// Pages counted as locked (<c>locked_vm</c>). Not always the sum of the locked areas: MREMAP_DONTUNMAP unlocks without counting.
    /// </summary>
    public long LockedVm { get; internal set; }

    /// <summary>Limits set for this process alone (prlimit); null while the machine's hold.</summary>
    public ResourceLimits? Limits { get; internal set; }

    /// <summary>What may be read may be executed too (<c>READ_IMPLIES_EXEC</c>): i386 programs that say nothing of their stack, and what they start.</summary>
    public bool ReadImpliesExec { get; internal set; }

    /// <summary>A 32-bit program on x86-64 (<c>TIF_ADDR32</c>): its user space ends below 4 GiB.</summary>
    public bool IsCompat { get; internal set; }

    /// <summary>Flags of the heap and of zeroed memory behind programs (<c>VM_DATA_DEFAULT_FLAGS</c> and <c>VM_ACCOUNT</c>).</summary>
    internal VmFlags HeapFlags => AddressSpaces.HeapFlags | (ReadImpliesExec ? VmFlags.Exec : VmFlags.None);

    /// <summary>Mapped anonymous pages (<c>MM_ANONPAGES</c>); the zero page does not count.</summary>
    public long AnonRss { get; internal set; }

    /// <summary>Mapped file pages (<c>MM_FILEPAGES</c>).</summary>
    public long FileRss { get; internal set; }

    /// <summary>Mapped pages of shared memory (<c>MM_SHMEMPAGES</c>).</summary>
    public long ShmemRss { get; internal set; }

    /// <summary>Pages in the swap area (<c>MM_SWAPENTS</c>).</summary>
    public long SwapEntries { get; internal set; }

    /// <summary>Greatest <see cref="Rss"/> so far (<c>hiwater_rss</c>).</summary>
    public long HiwaterRss { get; internal set; }

    /// <summary>Greatest <see cref="TotalVm"/> so far (<c>hiwater_vm</c>).</summary>
    public long HiwaterVm { get; internal set; }

    /// <summary>
    /// Tables set aside for the huge pages, by first page number: splitting one needs a table and may not fail
    /// (<c>pgtable_trans_huge_deposit</c>).
    /// </summary>
    public SortedList<long, long> DepositedTables { get; } = [];

    /// <summary>Page tables below the top-level one, those set aside included.</summary>
    public long PageTables { get; internal set; }

    /// <summary>How often its tasks had been given a CPU when its page tables were walked last; -1 when they never were.</summary>
    public long WalkedRanTimes { get; internal set; } = -1;

    /// <summary>Mapped pages: the resident set.</summary>
    public long Rss => AnonRss + FileRss + ShmemRss;

    /// <summary>The areas in address order (<c>mm_mt</c>); <c>map_count</c> is its count.</summary>
    public AreaIndex Areas { get; } = new();

    /// <summary>Adds (or with a negative count takes away) pages of an area with these flags (<c>vm_stat_account</c>).</summary>
    internal void Account(VmFlags flags, long pages)
    {
        TotalVm += pages;
        HiwaterVm = Math.Max(HiwaterVm, TotalVm);
        CommittedVm += (flags & VmFlags.Account) != 0 ? pages : 0;
        if ((flags & VmFlags.GrowsDown) != 0)
        {
            StackVm += pages;
        }
        else if ((flags & (VmFlags.Write | VmFlags.Exec)) == VmFlags.Exec)
        {
            ExecVm += pages;
        }
        else if ((flags & (VmFlags.Write | VmFlags.Shared)) == VmFlags.Write)
        {
            DataVm += pages;
        }
    }

    internal void HashInto(ref XxHash64 hash, AreaPool pool)
    {
        hash.Add(Pid);
        hash.Add(Root);
        hash.Add((long)MmapBase);
        hash.Add((long)StartBrk);
        hash.Add((long)Brk);
        hash.Add((long)StartStack);
        hash.Add(TotalVm);
        hash.Add(DataVm);
        hash.Add(ExecVm);
        hash.Add(StackVm);
        hash.Add(AnonRss);
        hash.Add(FileRss);
        hash.Add(ShmemRss);
        hash.Add(HiwaterRss);
        hash.Add(HiwaterVm);
        hash.Add(PageTables);
        // Nothing is added for what was never used: logs from before it keep their hashes.
        if (LockedVm != 0)
        {
            hash.Add(LockedVm);
        }
        if (ReadImpliesExec)
        {
            hash.Add(1L);
        }
        if (IsCompat)
        {
            // Not the word that the flag before it adds.
            hash.Add(2L);
        }
        if (Limits is { } limits)
        {
            hash.Add(limits.StackBytes);
            hash.Add(limits.AddressSpaceBytes);
            hash.Add(limits.DataBytes);
            hash.Add(limits.MemlockBytes);
        }
        if (WalkedRanTimes >= 0)
        {
            hash.Add(WalkedRanTimes);
        }
        foreach ((long vpn, long pfn) in DepositedTables)
        {
            hash.Add(vpn);
            hash.Add(pfn);
        }
        HashProgram(ref hash);
        if (SwapEntries != 0)
        {
            // Nothing is added without swap: logs of kernels without it keep their hashes.
            hash.Add(SwapEntries);
        }
        hash.Add(Areas.Count);
        for (AreaCursor at = AreaIndex.First; Areas.IsValid(at); at = Areas.Next(at))
        {
            ref readonly VmArea area = ref pool[Areas.Handle(at)];
            hash.Add((long)area.VmStart);
            hash.Add((long)area.VmEnd);
            hash.Add(area.VmPgoff);
            hash.Add((long)area.VmPageProt);
            hash.Add((long)area.VmFlags);
            hash.Add(area.VmFile);
            hash.Add(area.AnonVma);
            if (area.AnonChain > 1)
            {
                hash.Add(area.AnonChain);
            }
            if (area.SwapReadahead != 0)
            {
                hash.Add(area.SwapReadahead);
            }
        }
    }

    /// <summary>Nothing is added before an execve: logs without any keep their hashes.</summary>
    private void HashProgram(ref XxHash64 hash)
    {
        if (SavedAuxv.Count == 0)
        {
            return;
        }
        hash.Add((long)StartCode);
        hash.Add((long)EndCode);
        hash.Add((long)StartData);
        hash.Add((long)EndData);
        hash.Add((long)ArgStart);
        hash.Add((long)EnvStart);
        hash.Add((long)EnvEnd);
        foreach (AuxiliaryEntry pair in SavedAuxv)
        {
            hash.Add((long)pair.Type);
            hash.Add((long)pair.Value);
        }
    }
}
