using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Hardware.Paging;
using Sim.Kernel.Buddy;

namespace Sim.Kernel.Mm;

/// <summary>
/// Splits huge pages of which a part is to change (<c>__split_huge_pmd</c>, mm/huge_memory.c, Linux 6.1). The block is split
/// with the entry (<c>split_huge_page</c>), where the kernel puts that off until memory is short, so that the frames of a
/// part unmapped are free at once.
/// </summary>
internal sealed class HugePageSplitter
{
    private readonly AddressSpaces _spaces;
    private readonly PageAllocator _allocator;
    private readonly Journal _journal;
    private readonly ITlbFlush _tlb;
    private readonly PagingMode _mode;
    private readonly long _splitPs;

    /// <param name="spaces">The state.</param>
    /// <param name="allocator">Splits the block.</param>
    /// <param name="journal">Where decisions go.</param>
    /// <param name="tlb">Told of the entry that changes.</param>
    /// <param name="costs">Time the work takes.</param>
    public HugePageSplitter(AddressSpaces spaces, PageAllocator allocator, Journal journal, ITlbFlush tlb, MmCosts costs)
    {
        _spaces = spaces;
        _allocator = allocator;
        _journal = journal;
        _tlb = tlb;
        _mode = spaces.Tables.Mode;
        _splitPs = _mode.PagesPerLargePage * (costs.PagePerRangeNs * 1000L);
    }

    /// <summary>Splits the huge pages that lie across the ends of a range (<c>vma_adjust_trans_huge</c>).</summary>
    public void SplitEnds(AddressSpace mm, ulong start, ulong end, CpuClock cpu, long cause)
    {
        SplitAcross(mm, start, cpu, cause);
        SplitAcross(mm, end, cpu, cause);
    }

    /// <summary>Splits the huge page that an address lies in.</summary>
    public void Split(AddressSpace mm, ulong address, CpuClock cpu, long cause)
    {
        ulong start = address & ~((1UL << _mode.ShiftOf(1)) - 1);
        long pfn = _mode.PfnOf(_spaces.Tables.ReadLarge(mm.Root, start));
        cpu.Charge(_splitPs);
        var e = new ThpSplit(mm.Pid, (long)(start >> 12));
        EventHeader header = _journal.Emit(in e, cause);
        _spaces.Apply(in e, in header);
        _tlb.FlushRange(mm, start, _spaces.Tables.SpanEnd(start, 1), cpu.Id, header.Sequence, _mode.ShiftOf(1));
        if (pfn != _spaces.HugeZeroPfn)
        {
            _allocator.SplitPage(pfn, 0, header.Sequence);
        }
    }

    private void SplitAcross(AddressSpace mm, ulong address, CpuClock cpu, long cause)
    {
        bool inside = (address & ((1UL << _mode.ShiftOf(1)) - 1)) != 0;
        if (inside && mm.DepositedTables.Count > 0 && _spaces.Tables.ReadLarge(mm.Root, address) != 0)
        {
            Split(mm, address, cpu, cause);
        }
    }
}
