using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Kernel.Buddy;
using Sim.Kernel.Faults;

namespace Sim.Kernel.Mm;

/// <summary>
/// Decides mmap, munmap, mprotect, mremap, madvise, mlock and brk: checks in the kernel's order, places, and logs what is to change
/// (mm/mmap.c, mm/mprotect.c, Linux 6.1). Results are as the system calls give them: an address or 0, or minus an
/// <see cref="Errno"/>.
/// </summary>
public sealed partial class MappingCalls
{
    /// <summary>Takes pages away, and reads them before they are needed, for madvise; null in a kernel that does not reclaim.</summary>
    internal IPageAdvice? Reclaim { get; init; }

    private readonly AddressSpaces _spaces;
    private readonly MmOptions _options;
    private readonly AddressLayout _layout;
    private readonly PageAllocator _allocator;
    private readonly Journal _journal;
    private readonly ITlbFlush _tlb;
    private readonly Placement _placement;
    private readonly MemoryLimits _limits;
    private readonly HugePageSplitter _huge;
    private readonly PageTableMaker _newTables;
    private readonly PagePopulation _population;
    private readonly long _mmapPs, _munmapPs, _mprotectPs, _brkPs, _pagePs;

    /// <param name="spaces">The state.</param>
    /// <param name="options">Limits.</param>
    /// <param name="allocator">Takes back frames.</param>
    /// <param name="journal">Where decisions go.</param>
    /// <param name="tlb">Told of every range that changes.</param>
    /// <param name="costs">Time the work takes.</param>
    /// <param name="faults">Brings in pages of areas that are locked or populated.</param>
    public MappingCalls(
        AddressSpaces spaces, MmOptions options, PageAllocator allocator, Journal journal, ITlbFlush tlb, MmCosts costs,
        PageFaultHandler faults)
    {
        _spaces = spaces;
        _options = options;
        _layout = spaces.Layout;
        _allocator = allocator;
        _journal = journal;
        _tlb = tlb;
        _placement = new Placement(_layout, spaces.Areas);
        _limits = new MemoryLimits(options, allocator.State, spaces);
        _mmapPs = costs.MmapNs * 1000L;
        _munmapPs = costs.MunmapNs * 1000L;
        _mprotectPs = costs.MprotectNs * 1000L;
        _brkPs = costs.BrkNs * 1000L;
        _pagePs = costs.PagePerRangeNs * 1000L;
        _newTables = new PageTableMaker(spaces, allocator, journal, costs);
        _population = new PagePopulation(spaces, faults);
        _huge = new HugePageSplitter(spaces, allocator, journal, tlb, costs);
    }

    /// <summary>munmap. EINVAL for an address not page-aligned, an empty range or one beyond user space; ENOMEM when a split would exceed the limit of areas.</summary>
    /// <returns>0, or minus an errno.</returns>
    public long Munmap(int pid, ulong start, ulong length, CpuClock cpu, long cause)
    {
        cpu.Charge(_munmapPs);
        AddressSpace mm = _spaces[pid];
        if ((start & 0xfff) != 0 || start > _layout.TaskSizeOf(mm) || length > _layout.TaskSizeOf(mm) - start || length == 0)
        {
            return -(long)Errno.EINVAL;
        }
        ulong end = start + AddressSpaces.PageAlign(length);
        return -(long)Unmap(mm, start, end, cpu, cause);
    }

    /// <summary>brk. Never fails: the break stays where it is when it cannot move.</summary>
    /// <returns>The break afterwards.</returns>
    public long Brk(int pid, ulong brk, CpuClock cpu, long cause)
    {
        cpu.Charge(_brkPs);
        AddressSpace mm = _spaces[pid];
        if (brk < mm.StartBrk || !_limits.MayMoveBrk(mm, brk))
        {
            return (long)mm.Brk;
        }
        ulong from = AddressSpaces.PageAlign(mm.Brk), to = AddressSpaces.PageAlign(brk);
        AreaCursor next = mm.Areas.Find(Math.Min(from, to));
        if (to > from)
        {
            long pages = (long)((to - from) >> 12);
            bool collides = mm.Areas.IsValid(next)
                && to + 4096 > _spaces.Areas[mm.Areas.Handle(next)].StartWithGap(_layout.GuardGapBytes);
            if (to > _layout.TaskSizeOf(mm) || collides || !_limits.MayExpand(mm, mm.HeapFlags, pages)
                || mm.Areas.Count > _options.MaxMapCount || !_limits.MayCommit(mm, pages))
            {
                return (long)mm.Brk;
            }
        }
        else if (to < from && (!mm.Areas.IsValid(next) || mm.Areas.Start(next) >= from || SplitsTooOften(mm, next, to, from)))
        {
            return (long)mm.Brk;
        }
        if (to < from)
        {
            _huge.SplitEnds(mm, to, from, cpu, cause);
        }
        var e = new VmaBrk(pid, (long)brk);
        EventHeader header = _journal.Emit(in e, cause);
        _spaces.Apply(in e, in header);
        if (to < from)
        {
            GiveBack(mm, cpu, header.Sequence);
        }
        return (long)brk;
    }

    /// <summary>Logs the unmapping of a range, if anything is mapped there, and gives the frames back.</summary>
    private Errno Unmap(AddressSpace mm, ulong start, ulong end, CpuClock cpu, long cause)
    {
        AreaCursor at = mm.Areas.Find(start);
        if (!mm.Areas.IsValid(at) || mm.Areas.Start(at) >= end)
        {
            return Errno.None;
        }
        if (SplitsTooOften(mm, at, start, end))
        {
            return Errno.ENOMEM;
        }
        _huge.SplitEnds(mm, start, end, cpu, cause);
        var e = new VmaMunmap(mm.Pid, (long)(start >> 12), (long)((end - start) >> 12));
        EventHeader header = _journal.Emit(in e, cause);
        _spaces.Apply(in e, in header);
        GiveBack(mm, cpu, header.Sequence);
        return Errno.None;
    }

    /// <summary>A hole in one area makes one area more.</summary>
    private bool SplitsTooOften(AddressSpace mm, AreaCursor at, ulong start, ulong end) =>
        mm.Areas.Start(at) < start && mm.Areas.End(at) > end && !_limits.MaySplit(mm, 1);

    /// <summary>Makes CPUs forget what the event applied last has changed; nothing when it changed no entry (<c>tlb_flush_mmu_tlbonly</c>).</summary>
    private void FlushGathered(AddressSpace mm, CpuClock cpu, long cause)
    {
        MmuGather gather = _spaces.Gather;
        if (!gather.IsEmpty)
        {
            _tlb.FlushRange(mm, gather.Start, gather.End, cpu.Id, cause, gather.StrideShift, gather.FreedTables);
        }
    }

    private void GiveBack(AddressSpace mm, CpuClock cpu, long cause)
    {
        FrameList released = _spaces.Released;
        cpu.Charge(released.Count * _pagePs);
        FlushGathered(mm, cpu, cause);
        for (int i = 0; i < released.Count; i++)
        {
            _allocator.FreePages(released[i], _allocator.State.Frames[released[i]].Order, cpu, cause);
        }
    }
}
