using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Hardware.Paging;
using Sim.Kernel.Buddy;
using Sim.Kernel.Faults;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Swap;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Mm;

/// <summary>
/// Makes a huge page of the pages of a block's range, where they are worth it (<c>hpage_collapse_scan_pmd</c>,
/// <c>collapse_huge_page</c>, <c>__collapse_huge_page_isolate</c>; mm/khugepaged.c, Linux 6.1).
/// </summary>
internal sealed class HugePageCollapser
{
    private struct Tally
    {
        public int NoneOrZero, Unmapped, Shared, Referenced;
        public bool Writable;
    }

    private readonly AddressSpaces _spaces;
    private readonly PageTables _tables;
    private readonly PagingMode _mode;
    private readonly PageAllocator _allocator;
    private readonly FrameTable _frames;
    private readonly Journal _journal;
    private readonly ITlbFlush _tlb;
    private readonly SwapFaults? _swap;
    private readonly IPageAdvice? _lists;
    private readonly KhugepagedOptions _options;
    private readonly MmCosts _costs;
    private readonly int _order;

    public HugePageCollapser(
        AddressSpaces spaces, PageAllocator allocator, Journal journal, ITlbFlush tlb, SwapFaults? swap, IPageAdvice? lists,
        KhugepagedOptions options, MmCosts costs)
    {
        _spaces = spaces;
        _tables = spaces.Tables;
        _mode = _tables.Mode;
        _allocator = allocator;
        _frames = allocator.State.Frames;
        _journal = journal;
        _tlb = tlb;
        _swap = swap;
        _lists = lists;
        _options = options;
        _costs = costs;
        _order = _mode.ShiftOf(1) - Page.Shift;
    }

    /// <summary>Looks at the pages from an address on, the first of a block's range in an area that suits, and collapses them.</summary>
    public CollapseResult Scan(AddressSpace mm, ulong address, CpuClock cpu, long cause)
    {
        CollapseResult result = Look(mm, address, again: false, cpu, out Tally tally);
        var e = new ThpScan(
            mm.Pid, (long)(address >> 12), result, (short)tally.Referenced, (short)tally.NoneOrZero, (short)tally.Unmapped);
        EventHeader header = _journal.Emit(in e, cause);
        _spaces.Apply(in e, in header);
        return result == CollapseResult.Succeed ? Collapse(mm, address, tally.Unmapped > 0, cpu, header.Sequence) : result;
    }

    private CollapseResult Collapse(AddressSpace mm, ulong address, bool swapped, CpuClock cpu, long cause)
    {
        GfpFlags gfp = _options.Defrag ? GfpFlags.TransHuge : GfpFlags.TransHugeLight;
        long pfn = Math.Max(_allocator.AllocPages(_order, gfp, mm.Pid, cpu, cause), -1);
        var alloc = new ThpCollapseAlloc(mm.Pid, pfn);
        EventHeader got = _journal.Emit(in alloc, cause);
        _spaces.Apply(in alloc, in got);
        if (pfn < 0)
        {
            return CollapseResult.AllocHugePageFail;
        }
        // The way to the block may have led through this very memory.
        CollapseResult result = swapped ? SwapIn(mm, address, cpu, got.Sequence) : CollapseResult.Succeed;
        Tally tally = default;
        result = result == CollapseResult.Succeed ? Look(mm, address, again: true, cpu, out tally) : result;
        if (result != CollapseResult.Succeed)
        {
            _allocator.FreePages(pfn, _order, cpu, got.Sequence);
            return result;
        }
        cpu.Charge(1000L * ((tally.NoneOrZero * (long)_costs.ClearPageNs) + ((_mode.PagesPerLargePage - tally.NoneOrZero) * (long)_costs.CopyPageNs)));
        var e = new ThpCollapse(mm.Pid, (long)(address >> 12), pfn);
        EventHeader header = _journal.Emit(in e, got.Sequence);
        _spaces.Apply(in e, in header);
        if (_spaces.Reclaim is { } reclaim)
        {
            LruFeed.Add(reclaim.Lru, _journal, pfn, unevictable: false, cpu, header.Sequence);
        }
        _tlb.FlushRange(mm, address, _tables.SpanEnd(address, 1), cpu.Id, header.Sequence);
        FrameList released = _spaces.Released;
        for (int i = 0; i < released.Count; i++)
        {
            _allocator.FreePages(released[i], _frames[released[i]].Order, cpu, header.Sequence);
        }
        return CollapseResult.Succeed;
    }

    /// <summary>Brings pages back from the swap area (<c>__collapse_huge_page_swapin</c>); one that must be waited for ends the attempt.</summary>
    private CollapseResult SwapIn(AddressSpace mm, ulong start, CpuClock cpu, long cause)
    {
        for (ulong address = start; address < _tables.SpanEnd(start, 1); address += 4096)
        {
            ulong entry = _tables.ReadPte(mm.Root, address);
            if (!SwapFormat.IsSlot(entry))
            {
                continue;
            }
            FaultResult result = _swap!.Handle(mm, address, entry, write: false, copies: null, cpu, cause);
            if (result != FaultResult.Resolved)
            {
                return result == FaultResult.Blocked ? CollapseResult.PageLock : CollapseResult.Fail;
            }
        }
        // What has just come is in the CPU's batch.
        _lists?.Drain(cpu, cause);
        return CollapseResult.Succeed;
    }

    /// <param name="mm">The address space.</param>
    /// <param name="start">First address.</param>
    /// <param name="again">There is a block, and nothing may be missing that was there.</param>
    /// <param name="cpu">Charged the time.</param>
    /// <param name="tally">What was seen.</param>
    private CollapseResult Look(AddressSpace mm, ulong start, bool again, CpuClock cpu, out Tally tally)
    {
        tally = default;
        long table = _tables.FindLeafTable(mm.Root, start, out int missing);
        if (table < 0)
        {
            return missing > 0 ? CollapseResult.PmdNull
                : _tables.ReadLarge(mm.Root, start) != 0 ? CollapseResult.PmdMapped
                : CollapseResult.PmdNone;
        }
        int pages = _mode.PagesPerLargePage;
        for (int i = 0; i < pages; i++)
        {
            cpu.Charge(_costs.PagePerRangeNs * 1000L);
            CollapseResult result = Look(_tables.Read(table, start + ((ulong)i << 12)), again, ref tally);
            if (result != CollapseResult.Succeed)
            {
                return result;
            }
        }
        return !tally.Writable ? CollapseResult.PageReadOnly
            : tally.Referenced == 0 || (tally.Unmapped > 0 && tally.Referenced < pages / 2) ? CollapseResult.LackReferencedPage
            : CollapseResult.Succeed;
    }

    private CollapseResult Look(ulong entry, bool again, ref Tally tally)
    {
        if (SwapFormat.IsSlot(entry))
        {
            return again ? CollapseResult.PteNonPresent
                : ++tally.Unmapped > _options.MaxPtesSwap ? CollapseResult.ExceedSwapPte : CollapseResult.Succeed;
        }
        long pfn = _mode.PfnOf(entry);
        if (entry == 0 || pfn == _spaces.ZeroPfn)
        {
            return ++tally.NoneOrZero > _options.MaxPtesNone ? CollapseResult.ExceedNonePte : CollapseResult.Succeed;
        }
        PteFlags flags = _mode.FlagsOf(entry);
        ref Frame frame = ref _frames[pfn];
        // What lists, locks and marks know of a piece of a block they know of its first page.
        ref Frame head = ref _frames[_spaces.Blocks.Head(pfn)];
        tally.Writable |= (flags & PteFlags.Write) != 0;
        if (_spaces.Blocks.MapCount(pfn) > 1 && ++tally.Shared > _options.MaxPtesShared)
        {
            return CollapseResult.ExceedSharedPte;
        }
        // A page in a CPU's batch has one reference more than its mappings.
        if (_spaces.Reclaim is not null && (!head.Has(PageFlags.Lru) || head.Has(PageFlags.Batched)))
        {
            return CollapseResult.PageLru;
        }
        if (head.Has(PageFlags.Locked))
        {
            return CollapseResult.PageLock;
        }
        if (frame.Use != FrameUse.Anon)
        {
            return CollapseResult.PageAnon;
        }
        tally.Referenced += (flags & PteFlags.Accessed) != 0 || head.Has(PageFlags.Referenced) ? 1 : 0;
        return CollapseResult.Succeed;
    }
}
