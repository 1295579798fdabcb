using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Hardware.Paging;
using Sim.Kernel.Buddy;

namespace Sim.Kernel.Mm;

/// <summary>
/// Splits entries of huge pages of which a part is to change (<c>__split_huge_pmd</c>), and their blocks
/// (<c>split_huge_page_to_list</c>, mm/huge_memory.c, Linux 6.1). A block stays one when its entry is split, until memory is short;
/// where pages are not reclaimed nothing would come to it later, and it is split with its only entry.
/// </summary>
internal sealed class HugePageSplitter
{
    private readonly AddressSpaces _spaces;
    private readonly PageAllocator _allocator;
    private readonly Journal _journal;
    private readonly ITlbFlush _tlb;
    private readonly PagingMode _mode;
    private readonly long _splitPs;
    private readonly List<long> _free = [];
    private readonly List<(int Pid, long Vpn)> _places = [];

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

    /// <summary>Splits the entry of the huge page that an address lies in.</summary>
    public void Split(AddressSpace mm, ulong address, CpuClock cpu, long cause)
    {
        ulong start = address & ~((1UL << _mode.ShiftOf(1)) - 1);
        long pfn = _mode.PfnOf(_spaces.Tables.ReadLarge(mm.Root, start));
        cpu.Charge(_splitPs);
        var e = new ThpSplit(mm.Pid, (long)(start >> 12));
        EventHeader header = _journal.Emit(in e, cause);
        _spaces.Apply(in e, in header);
        _tlb.FlushRange(mm, start, _spaces.Tables.SpanEnd(start, 1), cpu.Id, header.Sequence, _mode.ShiftOf(1));
        if (pfn != _spaces.HugeZeroPfn && _spaces.Reclaim is null && _spaces.Blocks.EntireMaps(pfn) == 0
            && _spaces.Blocks.PieceMaps(pfn) == _spaces.Blocks.Pages)
        {
            SplitBlock(pfn, SplitReason.Entry, isolated: false, cpu, header.Sequence);
        }
    }

    /// <summary>Makes pages of a block, with its entries; those that nobody maps are freed.</summary>
    /// <param name="pfn">First frame; not being written.</param>
    /// <param name="reason">Why.</param>
    /// <param name="isolated">Reclaim has taken it off its list, and takes its pages, too.</param>
    /// <param name="cpu">Charged the time.</param>
    /// <param name="cause">Sequence of the event that led here.</param>
    public void SplitBlock(long pfn, SplitReason reason, bool isolated, CpuClock cpu, long cause)
    {
        SplitEntries(pfn, cpu, cause);
        if (reason != SplitReason.Entry)
        {
            // All entries are away meanwhile (unmap_folio, remap_page).
            FlushPieces(pfn, cpu, cause);
        }
        cpu.Charge(_splitPs);
        var e = new ThpSplitPage(pfn, isolated, reason);
        EventHeader header = _journal.Emit(in e, cause);
        _spaces.Apply(in e, in header);
        _free.Clear();
        for (int i = 0; i < _spaces.Released.Count; i++)
        {
            _free.Add(_spaces.Released[i]);
        }
        _allocator.SplitPage(pfn, 0, header.Sequence);
        foreach (long page in _free)
        {
            _allocator.FreePages(page, 0, cpu, header.Sequence);
        }
    }

    /// <summary>Splits all entries that map a block as a whole.</summary>
    public void SplitEntries(long pfn, CpuClock cpu, long cause)
    {
        ReverseMap map = _spaces.ReverseMap;
        while (_spaces.Blocks.EntireMaps(pfn) > 0)
        {
            int entry = map.First(pfn);
            while (_spaces.Tables.ReadLarge(_spaces[map[entry].Pid].Root, (ulong)map[entry].Vpn << 12) == 0)
            {
                entry = map.Next(entry);
            }
            (int pid, long vpn) = map[entry];
            Split(_spaces[pid], (ulong)vpn << 12, cpu, cause);
        }
    }

    /// <summary>
    /// Splits the blocks of a range's pages of which nobody else maps the page, unless the range has all of one
    /// (<c>madvise_cold_or_pageout_pte_range</c>, <c>madvise_free_pte_range</c>).
    /// </summary>
    public void SplitBlocks(AddressSpace mm, ulong start, ulong end, CpuClock cpu, long cause)
    {
        for (ulong at = start; _spaces.HugePages.FaultAllocs > 0 && at < end;)
        {
            ulong next = Math.Min(end, _spaces.Tables.SpanEnd(at, 1));
            ulong large = _spaces.Tables.ReadLarge(mm.Root, at);
            if (large != 0 && next - at == 1UL << _mode.ShiftOf(1))
            {
                at = next;
                continue;
            }
            ulong entry = _spaces.Tables.ReadPte(mm.Root, at);
            long pfn = _mode.PfnOf(entry), head = Swap.SwapFormat.IsPage(entry) && pfn != _spaces.ZeroPfn ? _spaces.Blocks.Head(pfn) : -1;
            if (head >= 0 && head != _spaces.HugeZeroPfn && _spaces.Blocks.IsPiece(pfn) && _spaces.Blocks.MapCount(pfn) == 1
                && !_allocator.State.Frames[head].Has(Zones.PageFlags.Writeback | Zones.PageFlags.SwapCache))
            {
                SplitBlock(head, SplitReason.Advice, isolated: false, cpu, cause);
            }
            at += 4096;
        }
    }

    private void FlushPieces(long pfn, CpuClock cpu, long cause)
    {
        ReverseMap map = _spaces.ReverseMap;
        _places.Clear();
        for (long piece = pfn; piece < pfn + _spaces.Blocks.Pages; piece++)
        {
            for (int entry = map.First(piece); entry != 0; entry = map.Next(entry))
            {
                (int pid, long vpn) = map[entry];
                if (!_places.Contains((pid, vpn - (piece - pfn))))
                {
                    _places.Add((pid, vpn - (piece - pfn)));
                }
            }
        }
        foreach ((int pid, long vpn) in _places)
        {
            ulong start = (ulong)vpn << 12;
            _tlb.FlushRange(_spaces[pid], start, start + ((ulong)_spaces.Blocks.Pages << 12), cpu.Id, cause);
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
