using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Hardware.Paging;
using Sim.Kernel.Buddy;
using Sim.Kernel.Mm;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Faults;

/// <summary>
/// Faults that huge pages answer: <c>create_huge_pmd</c> and <c>wp_huge_pmd</c> of <c>__handle_mm_fault</c>
/// (mm/memory.c, mm/huge_memory.c, Linux 6.1).
/// </summary>
public sealed class HugePageFaults
{
    private const GfpFlags TableGfp = GfpFlags.Kernel | GfpFlags.Zero;
    private const GfpFlags ZeroPageGfp = (GfpFlags.TransHuge | GfpFlags.Zero) & ~GfpFlags.Movable;

    private readonly AddressSpaces _spaces;
    private readonly PageTables _tables;
    private readonly PageAllocator _allocator;
    private readonly Journal _journal;
    private readonly ITlbFlush _tlb;
    private readonly HugePageSplitter _splitter;
    private readonly GfpFlags _gfp;
    private readonly int _order;
    private readonly long _clearPs;

    private HugePageFaults(AddressSpaces spaces, PageAllocator allocator, Journal journal, ITlbFlush tlb, HugePageDefrag defrag, MmCosts costs)
    {
        _spaces = spaces;
        _tables = spaces.Tables;
        _allocator = allocator;
        _journal = journal;
        _tlb = tlb;
        _splitter = new HugePageSplitter(spaces, allocator, journal, tlb, costs);
        _gfp = GfpOf(defrag);
        _order = _tables.Mode.ShiftOf(1) - Page.Shift;
        _clearPs = costs.ClearPageNs * 1000L;
    }

    /// <summary>
    /// One for the kernel's settings; null where it maps no huge pages by itself, as a 32-bit kernel without PAE never does.
    /// </summary>
    public static HugePageFaults? Of(KernelOptions options, AddressSpaces spaces, PageAllocator allocator, Journal journal, ITlbFlush tlb) =>
        options.TransparentHugePages == TransparentHugePages.Always && spaces.Tables.Mode.EntryBytes == 8
            ? new HugePageFaults(spaces, allocator, journal, tlb, options.TransparentHugePagesDefrag, options.MmCosts)
            : null;

    /// <summary>Resolves a fault in a private anonymous area; null leaves it to the tables of pages.</summary>
    /// <param name="mm">The address space, with its tables down to level 1.</param>
    /// <param name="address">Address of the access.</param>
    /// <param name="area">Its area, which allows the access.</param>
    /// <param name="write">The access writes.</param>
    /// <param name="cpu">Charged the time.</param>
    /// <param name="cause">Sequence of the entry into the kernel.</param>
    public FaultResult? Handle(AddressSpace mm, ulong address, in VmArea area, bool write, CpuClock cpu, long cause)
    {
        if (_tables.FindLeafTable(mm.Root, address, out _) >= 0)
        {
            return null;
        }
        ulong large = _tables.ReadLarge(mm.Root, address);
        if (large != 0)
        {
            return OnMapped(mm, address, large, write, cpu, cause);
        }
        ulong end = _tables.SpanEnd(address, 1), start = end - (1UL << _tables.Mode.ShiftOf(1));
        if (start < area.VmStart || end > area.VmEnd)
        {
            return null;
        }
        return write ? OnWrite(mm, start, address, cpu, cause) : OnRead(mm, start, address, cpu, cause);
    }

    /// <summary>What a request for a huge page may do to get it (<c>vma_thp_gfp_mask</c>), for areas not advised.</summary>
    private static GfpFlags GfpOf(HugePageDefrag defrag) => defrag switch
    {
        HugePageDefrag.Always => GfpFlags.TransHuge | GfpFlags.NoRetry,
        HugePageDefrag.Defer => GfpFlags.TransHugeLight | GfpFlags.KswapdReclaim,
        _ => GfpFlags.TransHugeLight,
    };

    /// <summary>A write maps a cleared block (<c>__do_huge_pmd_anonymous_page</c>).</summary>
    private FaultResult? OnWrite(AddressSpace mm, ulong start, ulong address, CpuClock cpu, long cause)
    {
        long pfn = _allocator.AllocPages(_order, _gfp, mm.Pid, cpu, cause);
        if (pfn < 0)
        {
            return FallBack(mm, address, cause);
        }
        long table = AllocTable(mm, cpu, cause);
        if (table < 0)
        {
            _allocator.FreePages(pfn, _order, cpu, cause);
            return FaultResult.OutOfMemory;
        }
        cpu.Charge(_clearPs << _order);
        FaultResult result = Map(mm, start, pfn, table, zero: false, cause);
        if (_spaces.Reclaim is { } reclaim)
        {
            LruFeed.Add(reclaim.Lru, _journal, pfn, unevictable: false, cpu, cause);
        }
        return result;
    }

    /// <summary>A read maps the huge zero page, which the first one makes (<c>mm_get_huge_zero_page</c>).</summary>
    private FaultResult? OnRead(AddressSpace mm, ulong start, ulong address, CpuClock cpu, long cause)
    {
        long table = AllocTable(mm, cpu, cause);
        if (table < 0)
        {
            return FaultResult.OutOfMemory;
        }
        if (_spaces.HugeZeroPfn < 0)
        {
            long pfn = _allocator.AllocPages(_order, ZeroPageGfp, KernelUser.HugeZeroPage, cpu, cause);
            var e = new ThpZeroPage(pfn);
            EventHeader header = _journal.Emit(in e, cause);
            _spaces.Apply(in e, in header);
            if (pfn < 0)
            {
                _allocator.FreePages(table, 0, cpu, cause);
                return FallBack(mm, address, cause);
            }
            cpu.Charge(_clearPs << _order);
        }
        return Map(mm, start, _spaces.HugeZeroPfn, table, zero: true, cause);
    }

    private FaultResult Map(AddressSpace mm, ulong start, long pfn, long table, bool zero, long cause)
    {
        var e = new FaultHuge(mm.Pid, (long)(start >> 12), pfn, table, zero);
        EventHeader header = _journal.Emit(in e, cause);
        _spaces.Apply(in e, in header);
        return FaultResult.Resolved;
    }

    private FaultResult? FallBack(AddressSpace mm, ulong address, long cause)
    {
        var e = new ThpFallback(mm.Pid, (long)(address >> 12));
        EventHeader header = _journal.Emit(in e, cause);
        _spaces.Apply(in e, in header);
        return null;
    }

    /// <summary>
    /// A mapped huge page: a write goes on in place when nobody else has the block; otherwise its entry is split, as the huge zero
    /// page's is, and the fault goes on with the page (<c>do_huge_pmd_wp_page</c>). Anything else was spurious
    /// (<c>huge_pmd_set_accessed</c>).
    /// </summary>
    private FaultResult? OnMapped(AddressSpace mm, ulong address, ulong large, bool write, CpuClock cpu, long cause)
    {
        long vpn = (long)(address >> 12);
        EventHeader header;
        if (!write || (large & (ulong)PteFlags.Write) != 0)
        {
            var spurious = new FaultSpurious(mm.Pid, vpn);
            header = _journal.Emit(in spurious, cause);
            _spaces.Apply(in spurious, in header);
        }
        else if (_tables.Mode.PfnOf(large) is var pfn && (pfn == _spaces.HugeZeroPfn
            || ((large & (ulong)PageProtection.NotExclusive) != 0 && !_spaces.IsAlone(pfn))))
        {
            _splitter.Split(mm, address, cpu, cause);
            return null;
        }
        else
        {
            var reuse = new FaultReuse(mm.Pid, vpn);
            header = _journal.Emit(in reuse, cause);
            _spaces.Apply(in reuse, in header);
        }
        ulong end = _tables.SpanEnd(address, 1);
        int shift = _tables.Mode.ShiftOf(1);
        _tlb.FlushRange(mm, end - (1UL << shift), end, cpu.Id, header.Sequence, shift);
        return FaultResult.Resolved;
    }

    private long AllocTable(AddressSpace mm, CpuClock cpu, long cause)
    {
        long table = _allocator.AllocPages(0, TableGfp, mm.Pid, cpu, cause);
        if (table >= 0)
        {
            cpu.Charge(_clearPs);
        }
        return table;
    }
}
