using Sim.Engine.Events;
using Sim.Hardware.Cpu;

namespace Sim.Kernel.Mm;

/// <summary>mprotect.</summary>
public sealed partial class MappingCalls
{
    /// <summary>
    /// mprotect. Areas are changed one by one; what was changed before an error stays changed. EINVAL: an address not
    /// page-aligned, unknown permissions, or growing asked of an area that does not. ENOMEM: part of the range is not mapped,
    /// or a limit. EACCES: an area may not have the permission.
    /// </summary>
    /// <returns>0, or minus an errno.</returns>
    public long Mprotect(int pid, ulong start, ulong length, ProtFlags prot, CpuClock cpu, long cause)
    {
        const ProtFlags Grows = ProtFlags.GrowsDown | ProtFlags.GrowsUp;
        AddressSpace mm = _spaces[pid];
        ProtFlags grows = prot & Grows;
        prot &= ~Grows;
        if (grows == Grows || (start & 0xfff) != 0)
        {
            return -(long)Errno.EINVAL;
        }
        if (length == 0)
        {
            return 0;
        }
        ulong end = _layout.Word(start + _layout.Word(AddressSpaces.PageAlign(length)));
        if (end <= start)
        {
            return -(long)Errno.ENOMEM;
        }
        if ((prot & ~(ProtFlags.Read | ProtFlags.Write | ProtFlags.Exec | ProtFlags.Sem)) != 0)
        {
            return -(long)Errno.EINVAL;
        }
        AreaCursor at = mm.Areas.Find(start);
        if (!mm.Areas.IsValid(at))
        {
            return -(long)Errno.ENOMEM;
        }
        if ((grows & ProtFlags.GrowsDown) != 0)
        {
            if (mm.Areas.Start(at) >= end)
            {
                return -(long)Errno.ENOMEM;
            }
            start = mm.Areas.Start(at);
            if ((_spaces.Areas[mm.Areas.Handle(at)].VmFlags & VmFlags.GrowsDown) == 0)
            {
                return -(long)Errno.EINVAL;
            }
        }
        else if (mm.Areas.Start(at) > start)
        {
            return -(long)Errno.ENOMEM;
        }
        else if (grows != 0)
        {
            return -(long)Errno.EINVAL;
        }
        return -(long)ProtectAreas(mm, start, end, (VmFlags)((int)prot & (int)VmFlags.Access), cpu, cause);
    }

    private Errno ProtectAreas(AddressSpace mm, ulong start, ulong end, VmFlags access, CpuClock cpu, long cause)
    {
        bool readImpliesExec = mm.ReadImpliesExec && (access & VmFlags.Read) != 0;
        while (start < end)
        {
            AreaCursor at = mm.Areas.Find(start);
            if (!mm.Areas.IsValid(at) || mm.Areas.Start(at) > start)
            {
                return Errno.ENOMEM;
            }
            cpu.Charge(_mprotectPs);
            VmArea area = _spaces.Areas[mm.Areas.Handle(at)];
            // Once an area gets it, so do those behind it.
            access |= readImpliesExec && (area.VmFlags & VmFlags.MayExec) != 0 ? VmFlags.Exec : VmFlags.None;
            VmFlags flags = access | (area.VmFlags & ~VmFlags.Access);
            ulong to = Math.Min(end, area.VmEnd);
            // Each MAY flag is its permission shifted left by 4.
            if ((flags & VmFlags.Access & ~(VmFlags)((int)flags >> 4)) != 0)
            {
                return Errno.EACCES;
            }
            if (flags != area.VmFlags)
            {
                Errno error = ProtectArea(mm, start, to, in area, flags, cpu, cause);
                if (error != Errno.None)
                {
                    return error;
                }
            }
            start = to;
        }
        return Errno.None;
    }

    private Errno ProtectArea(AddressSpace mm, ulong start, ulong end, in VmArea area, VmFlags flags, CpuClock cpu, long cause)
    {
        long pages = (long)((end - start) >> 12);
        if ((flags & VmFlags.Write) != 0)
        {
            if (!_limits.MayExpand(mm, flags, pages) && _limits.MayExpand(mm, area.VmFlags, pages))
            {
                return Errno.ENOMEM;
            }
            if ((area.VmFlags & (VmFlags.Account | VmFlags.Write | VmFlags.Shared | VmFlags.NoReserve)) == 0)
            {
                if (!_limits.MayCommit(mm, pages))
                {
                    return Errno.ENOMEM;
                }
                flags |= VmFlags.Account;
            }
        }
        else if (_layout.Rules.UntouchedIsUnaccounted && area.VmFile == 0 && area.AnonVma == 0)
        {
            flags &= ~VmFlags.Account;
        }
        if (!MayDiffer(mm, in area, start, end, flags, cpu, cause))
        {
            return Errno.ENOMEM;
        }
        cpu.Charge(pages * _pagePs);
        _huge.SplitEnds(mm, start, end, cpu, cause);
        var e = new VmaMprotect(mm.Pid, (long)(start >> 12), pages, (int)flags);
        EventHeader header = _journal.Emit(in e, cause);
        _spaces.Apply(in e, in header);
        FlushGathered(mm, cpu, header.Sequence);
        // A locked private area that can be written now gets its own pages at once.
        if ((area.VmFlags & (VmFlags.Write | VmFlags.Shared | VmFlags.Locked)) == VmFlags.Locked && (flags & VmFlags.Write) != 0)
        {
            _population.PopulateArea(mm, start, end, cpu, header.Sequence);
        }
        return Errno.None;
    }
}
