using Sim.Engine.Events;
using Sim.Hardware.Cpu;

namespace Sim.Kernel.Mm;

/// <summary>madvise (mm/madvise.c).</summary>
public sealed partial class MappingCalls
{
    /// <summary>
    /// madvise. Areas are treated one by one; what was done before an error stays done, and holes are passed over and give ENOMEM at the
    /// end. EINVAL: unknown advice, an address not page-aligned, a range that wraps, or an area the advice does not suit. EFAULT: a page
    /// to populate lies behind the end of its file. EAGAIN: too many areas.
    /// </summary>
    /// <returns>0, or minus an errno.</returns>
    public long Madvise(int pid, ulong start, ulong length, MemoryAdvice advice, CpuClock cpu, long cause)
    {
        AddressSpace mm = _spaces[pid];
        ulong aligned = _layout.Word(AddressSpaces.PageAlign(length));
        ulong end = _layout.Word(start + aligned);
        if (!IsKnown(advice) || (start & 0xfff) != 0 || (length != 0 && aligned == 0) || end < start)
        {
            return -(long)Errno.EINVAL;
        }
        bool holes = false;
        while (start < end)
        {
            AreaCursor at = mm.Areas.Find(start);
            if (!mm.Areas.IsValid(at))
            {
                return -(long)Errno.ENOMEM;
            }
            if (mm.Areas.Start(at) > start)
            {
                holes = true;
                if (advice is MemoryAdvice.PopulateRead or MemoryAdvice.PopulateWrite && _layout.Rules.PopulatesRangeAsOne)
                {
                    break;
                }
                start = mm.Areas.Start(at);
                if (start >= end)
                {
                    break;
                }
            }
            ulong to = Math.Min(end, mm.Areas.End(at));
            Errno error = AdviseArea(mm, start, to, advice, cpu, cause);
            if (error != Errno.None)
            {
                return -(long)error;
            }
            start = to;
        }
        return holes ? -(long)Errno.ENOMEM : 0;
    }

    /// <summary>False too for what the modelled kernel is built without: page merging, poisoning.</summary>
    private static bool IsKnown(MemoryAdvice advice) => advice is >= MemoryAdvice.Normal and <= MemoryAdvice.DontNeed
        or MemoryAdvice.Free or MemoryAdvice.DontFork or MemoryAdvice.DoFork
        or (>= MemoryAdvice.HugePage and <= MemoryAdvice.DontNeedLocked);

    private Errno AdviseArea(AddressSpace mm, ulong start, ulong end, MemoryAdvice advice, CpuClock cpu, long cause)
    {
        VmArea area = _spaces.Areas[mm.Areas.Handle(mm.Areas.Find(start))];
        switch (advice)
        {
            case MemoryAdvice.WillNeed:
                Reclaim?.ReadAhead(mm, in area, start, end, cpu, cause);
                return Errno.None;
            case MemoryAdvice.Cold or MemoryAdvice.PageOut:
                if ((area.VmFlags & (VmFlags.Locked | VmFlags.PfnMap)) != 0)
                {
                    return Errno.EINVAL;
                }
                if (Reclaim is not null)
                {
                    Cool(mm, start, end, advice == MemoryAdvice.PageOut, cpu, cause);
                }
                return Errno.None;
            case MemoryAdvice.DontNeed or MemoryAdvice.DontNeedLocked or MemoryAdvice.Free:
                return Drop(mm, start, end, in area, advice, cpu, cause);
            case MemoryAdvice.PopulateRead or MemoryAdvice.PopulateWrite:
                return _population.Prefault(mm, start, end, advice == MemoryAdvice.PopulateWrite, cpu, cause);
            default:
                if (!Suits(in area, advice))
                {
                    return Errno.EINVAL;
                }
                Errno error = ChangeFlags(mm, start, end, FlagsAfter(area.VmFlags, advice), cpu, cause);
                return error == Errno.ENOMEM ? Errno.EAGAIN : error;
        }
    }

    private static bool Suits(in VmArea area, MemoryAdvice advice) => advice switch
    {
        MemoryAdvice.WipeOnFork => area.VmFile == 0 && (area.VmFlags & VmFlags.Shared) == 0,
        MemoryAdvice.DoFork => (area.VmFlags & VmFlags.Io) == 0,
        MemoryAdvice.DoDump => (area.VmFlags & VmFlags.Special) == 0,
        _ => true,
    };

    private static VmFlags FlagsAfter(VmFlags flags, MemoryAdvice advice) => advice switch
    {
        MemoryAdvice.Normal => flags & ~(VmFlags.RandomRead | VmFlags.SequentialRead),
        MemoryAdvice.Random => (flags & ~VmFlags.SequentialRead) | VmFlags.RandomRead,
        MemoryAdvice.Sequential => (flags & ~VmFlags.RandomRead) | VmFlags.SequentialRead,
        MemoryAdvice.DontFork => flags | VmFlags.DontCopy,
        MemoryAdvice.DoFork => flags & ~VmFlags.DontCopy,
        MemoryAdvice.HugePage => (flags & ~VmFlags.NoHugePage) | VmFlags.HugePage,
        MemoryAdvice.NoHugePage => (flags & ~VmFlags.HugePage) | VmFlags.NoHugePage,
        MemoryAdvice.DontDump => flags | VmFlags.DontDump,
        MemoryAdvice.DoDump => flags & ~VmFlags.DontDump,
        MemoryAdvice.WipeOnFork => flags | VmFlags.WipeOnFork,
        MemoryAdvice.KeepOnFork => flags & ~VmFlags.WipeOnFork,
        _ => flags,
    };

    /// <summary>MADV_COLD, and MADV_PAGEOUT, after which pages are reclaimed at once.</summary>
    private void Cool(AddressSpace mm, ulong start, ulong end, bool pageOut, CpuClock cpu, long cause)
    {
        _huge.SplitBlocks(mm, start, end, cpu, cause);
        Reclaim!.Drain(cpu, cause);
        var e = new VmaCold(mm.Pid, (long)(start >> 12), (long)((end - start) >> 12));
        EventHeader header = _journal.Emit(in e, cause);
        _spaces.Apply(in e, in header);
        _tlb.FlushRange(mm, start, end, cpu.Id, header.Sequence);
        if (pageOut)
        {
            Reclaim.PageOut(mm, start, end, cpu, header.Sequence);
        }
    }

    /// <summary>MADV_DONTNEED and MADV_FREE (<c>madvise_dontneed_free</c>).</summary>
    private Errno Drop(AddressSpace mm, ulong start, ulong end, in VmArea area, MemoryAdvice advice, CpuClock cpu, long cause)
    {
        VmFlags forbidden = VmFlags.PfnMap | (advice == MemoryAdvice.DontNeedLocked ? 0 : VmFlags.Locked);
        if ((area.VmFlags & forbidden) != 0 || (advice == MemoryAdvice.Free && area.VmFile != 0))
        {
            return Errno.EINVAL;
        }
        _huge.SplitEnds(mm, start, end, cpu, cause);
        long vpn = (long)(start >> 12), pages = (long)((end - start) >> 12);
        if (advice == MemoryAdvice.Free)
        {
            _huge.SplitBlocks(mm, start, end, cpu, cause);
            Reclaim?.Drain(cpu, cause);
            var lazy = new VmaLazyFree(mm.Pid, vpn, pages);
            EventHeader at = _journal.Emit(in lazy, cause);
            _spaces.Apply(in lazy, in at);
            GiveBack(mm, cpu, at.Sequence);
            return Errno.None;
        }
        var e = new VmaZap(mm.Pid, vpn, pages);
        EventHeader header = _journal.Emit(in e, cause);
        _spaces.Apply(in e, in header);
        GiveBack(mm, cpu, header.Sequence);
        return Errno.None;
    }
}
