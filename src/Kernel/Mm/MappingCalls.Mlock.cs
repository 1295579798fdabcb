using Sim.Engine.Events;
using Sim.Hardware.Cpu;

namespace Sim.Kernel.Mm;

/// <summary>mlock, mlock2, munlock (mm/mlock.c).</summary>
public sealed partial class MappingCalls
{
    /// <summary>Flag of mlock2: pages are locked when they come (<c>MLOCK_ONFAULT</c>).</summary>
    public const int LockOnFault = 1;

    /// <summary>
    /// mlock and mlock2. Areas are changed one by one; what was changed before an error stays changed. EINVAL: unknown flags, or a range
    /// that wraps. EPERM: nothing may be locked. ENOMEM: more than may be locked, or part of the range is not mapped, or cannot be
    /// brought in. EAGAIN: no memory for its pages.
    /// </summary>
    /// <returns>0, or minus an errno.</returns>
    public long Mlock(int pid, ulong start, ulong length, int flags, CpuClock cpu, long cause)
    {
        AddressSpace mm = _spaces[pid];
        if ((flags & ~LockOnFault) != 0)
        {
            return -(long)Errno.EINVAL;
        }
        if (!_limits.MayLock(mm))
        {
            return -(long)Errno.EPERM;
        }
        length = _layout.Word(AddressSpaces.PageAlign(_layout.Word(length + (start & 0xfff))));
        start &= ~0xfffUL;
        long locked = (long)(length >> 12) + mm.LockedVm;
        if (!_limits.MayHaveLocked(mm, locked))
        {
            locked -= LockedPages(mm, start, length);
        }
        if (!_limits.MayHaveLocked(mm, locked))
        {
            return -(long)Errno.ENOMEM;
        }
        VmFlags added = VmFlags.Locked | ((flags & LockOnFault) != 0 ? VmFlags.LockOnFault : 0);
        Errno error = LockAreas(mm, start, length, added, cpu, cause);
        if (error != Errno.None)
        {
            return -(long)error;
        }
        return _population.Populate(mm, start, start + length, goesOn: false, cpu, cause, sleeps: true) switch
        {
            Errno.EFAULT => -(long)Errno.ENOMEM,
            Errno.ENOMEM => -(long)Errno.EAGAIN,
            var other => -(long)other,
        };
    }

    /// <summary>munlock. EINVAL: a range that wraps. ENOMEM: part of the range is not mapped; what is before that is unlocked.</summary>
    /// <returns>0, or minus an errno.</returns>
    public long Munlock(int pid, ulong start, ulong length, CpuClock cpu, long cause)
    {
        length = _layout.Word(AddressSpaces.PageAlign(_layout.Word(length + (start & 0xfff))));
        return -(long)LockAreas(_spaces[pid], start & ~0xfffUL, length, VmFlags.None, cpu, cause);
    }

    /// <summary>Gives the areas of a range these lock flags (<c>apply_vma_lock_flags</c>).</summary>
    private Errno LockAreas(AddressSpace mm, ulong start, ulong length, VmFlags added, CpuClock cpu, long cause)
    {
        ulong end = _layout.Word(start + length);
        if (end < start)
        {
            return Errno.EINVAL;
        }
        while (start < end)
        {
            AreaCursor at = mm.Areas.Find(start);
            if (!mm.Areas.IsValid(at) || mm.Areas.Start(at) > start)
            {
                return Errno.ENOMEM;
            }
            VmFlags old = _spaces.Areas[mm.Areas.Handle(at)].VmFlags;
            ulong to = Math.Min(end, mm.Areas.End(at));
            if ((old & VmFlags.Special) == 0)
            {
                Errno error = ChangeFlags(mm, start, to, (old & ~VmFlags.LockedMask) | added, cpu, cause);
                if (error != Errno.None)
                {
                    return error;
                }
            }
            start = to;
        }
        return Errno.None;
    }

    /// <summary>Gives part of one area other flags, if they are others. ENOMEM when a split would exceed the limit of areas.</summary>
    private Errno ChangeFlags(AddressSpace mm, ulong start, ulong end, VmFlags flags, CpuClock cpu, long cause)
    {
        VmArea area = _spaces.Areas[mm.Areas.Handle(mm.Areas.Find(start))];
        if (area.VmFlags == flags)
        {
            return Errno.None;
        }
        if (!MayDiffer(mm, in area, start, end, flags, cpu, cause))
        {
            return Errno.ENOMEM;
        }
        cpu.Charge(_mprotectPs);
        _huge.SplitEnds(mm, start, end, cpu, cause);
        var e = new VmaFlags(mm.Pid, (long)(start >> 12), (long)((end - start) >> 12), (int)flags);
        EventHeader header = _journal.Emit(in e, cause);
        _spaces.Apply(in e, in header);
        return Errno.None;
    }

    /// <summary>
    /// True when part of an area may get other flags within the limit of areas. An area is cut at the part's start before it is cut at the
    /// part's end: a failure at the end leaves the first cut, with the same flags on both sides (<c>mprotect_fixup</c>,
    /// <c>mlock_fixup</c>, <c>madvise_update_vma</c>).
    /// </summary>
    private bool MayDiffer(AddressSpace mm, in VmArea area, ulong start, ulong end, VmFlags flags, CpuClock cpu, long cause)
    {
        int cuts = (start != area.VmStart ? 1 : 0) + (end != area.VmEnd ? 1 : 0);
        if (cuts == 0 || _limits.MaySplit(mm, cuts) || _spaces.Editor.MergesWhenProtected(mm, start, end, flags))
        {
            return true;
        }
        if (cuts == 2 && _limits.MaySplit(mm, 1))
        {
            Split(mm, start, area.VmEnd, cpu, ref cause);
        }
        return false;
    }

    /// <summary>Pages of a range that are locked already (<c>count_mm_mlocked_page_nr</c>).</summary>
    private long LockedPages(AddressSpace mm, ulong start, ulong length)
    {
        ulong end = start + length < start ? ulong.MaxValue : start + length;
        ulong bytes = 0;
        for (AreaCursor at = mm.Areas.Find(start); mm.Areas.IsValid(at) && mm.Areas.Start(at) < end; at = mm.Areas.Next(at))
        {
            if ((_spaces.Areas[mm.Areas.Handle(at)].VmFlags & VmFlags.Locked) != 0)
            {
                bytes += Math.Min(end, mm.Areas.End(at)) - Math.Max(start, mm.Areas.Start(at));
            }
        }
        return (long)(bytes >> 12);
    }
}
