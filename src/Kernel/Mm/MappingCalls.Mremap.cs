using Sim.Engine.Events;
using Sim.Hardware.Cpu;

namespace Sim.Kernel.Mm;

/// <summary>mremap (mm/mremap.c).</summary>
public sealed partial class MappingCalls
{
    /// <summary>
    /// mremap. With <see cref="RemapFlags.Fixed"/> what is mapped at the new place is gone also when the call then fails. EINVAL: flags,
    /// lengths, an address not page-aligned, ranges that overlap, or a private area to be duplicated. EFAULT: nothing is mapped at the
    /// address, or not all of the range by one area. EAGAIN: more would be locked than is allowed. EPERM: the new address is below
    /// <see cref="AddressLayout.MinAddress"/>. ENOMEM: no room, too many areas, or a limit.
    /// </summary>
    /// <returns>The address, or minus an errno.</returns>
    public long Mremap(
        int pid, ulong address, ulong oldLength, ulong newLength, RemapFlags flags, ulong newAddress, CpuClock cpu, long cause)
    {
        cpu.Charge(_mmapPs);
        AddressSpace mm = _spaces[pid];
        if (_layout.Rules.MovesManyAreas)
        {
            return MremapChecked(
                mm, address, _layout.Word(AddressSpaces.PageAlign(oldLength)), _layout.Word(AddressSpaces.PageAlign(newLength)), flags, newAddress, cpu, cause);
        }
        bool moves = (flags & (RemapFlags.Fixed | RemapFlags.DontUnmap)) != 0;
        if ((flags & ~(RemapFlags.MayMove | RemapFlags.Fixed | RemapFlags.DontUnmap)) != 0
            || (moves && (flags & RemapFlags.MayMove) == 0)
            || ((flags & RemapFlags.DontUnmap) != 0 && oldLength != newLength)
            || (address & 0xfff) != 0)
        {
            return -(long)Errno.EINVAL;
        }
        oldLength = _layout.Word(AddressSpaces.PageAlign(oldLength));
        newLength = _layout.Word(AddressSpaces.PageAlign(newLength));
        if (newLength == 0)
        {
            return -(long)Errno.EINVAL;
        }
        if (!IsMapped(mm, address))
        {
            return -(long)Errno.EFAULT;
        }
        if (moves)
        {
            return MoveTo(mm, address, oldLength, newAddress, newLength, flags, cpu, cause);
        }
        if (oldLength >= newLength)
        {
            Errno error = Shorten(mm, address, oldLength, newLength, cpu, cause);
            return error == Errno.None ? (long)address : -(long)error;
        }
        return Grow(mm, address, oldLength, newLength, flags, cpu, cause);
    }

    private static bool IsMapped(AddressSpace mm, ulong address)
    {
        AreaCursor at = mm.Areas.Find(address);
        return mm.Areas.IsValid(at) && mm.Areas.Start(at) <= address;
    }

    /// <summary>Unmaps what is beyond the new length, whatever areas that are.</summary>
    private Errno Shorten(AddressSpace mm, ulong address, ulong oldLength, ulong newLength, CpuClock cpu, long cause)
    {
        if (oldLength <= newLength)
        {
            return Errno.None;
        }
        ulong from = _layout.Word(address + newLength), gone = oldLength - newLength;
        return gone > _layout.TaskSizeOf(mm) || from > _layout.TaskSizeOf(mm) - gone ? Errno.EINVAL : Unmap(mm, from, from + gone, cpu, cause);
    }

    private long Grow(AddressSpace mm, ulong address, ulong oldLength, ulong newLength, RemapFlags flags, CpuClock cpu, long cause)
    {
        Errno error = MayResize(mm, address, oldLength, newLength, flags);
        if (error != Errno.None)
        {
            return -(long)error;
        }
        VmArea area = _spaces.Areas[mm.Areas.Handle(mm.Areas.Find(address))];
        if (oldLength == area.VmEnd - address && MayLengthen(mm, in area, newLength - oldLength))
        {
            long pages = (long)((newLength - oldLength) >> 12);
            if (((area.VmFlags & VmFlags.Account) != 0 && !_limits.MayCommit(mm, pages)) || (area.VmFlags & VmFlags.Special) != 0)
            {
                return -(long)Errno.ENOMEM;
            }
            var e = new VmaLengthen(mm.Pid, (long)(area.VmEnd >> 12), pages);
            EventHeader header = _journal.Emit(in e, cause);
            _spaces.Apply(in e, in header);
            PopulateLocked(mm, in area, address, oldLength, newLength, cpu, header.Sequence);
            return (long)address;
        }
        if ((flags & RemapFlags.MayMove) == 0)
        {
            return -(long)Errno.ENOMEM;
        }
        ulong place = newLength > _layout.TaskSizeOf(mm) ? Placement.None : PlaceFor(mm, in area, address, 0, newLength);
        return place == Placement.None
            ? -(long)Errno.ENOMEM
            : Move(mm, address, oldLength, place, newLength, flags, cpu, cause);
    }

    /// <summary>To a place that was asked for, or anywhere and with the old range still mapped (<c>mremap_to</c>).</summary>
    private long MoveTo(
        AddressSpace mm, ulong address, ulong oldLength, ulong newAddress, ulong newLength, RemapFlags flags, CpuClock cpu, long cause)
    {
        bool isFixed = (flags & RemapFlags.Fixed) != 0;
        if ((newAddress & 0xfff) != 0 || newLength > _layout.TaskSizeOf(mm) || newAddress > _layout.TaskSizeOf(mm) - newLength
            || (_layout.Word(address + oldLength) > newAddress && _layout.Word(newAddress + newLength) > address))
        {
            return -(long)Errno.EINVAL;
        }
        // Both areas may be split in three.
        if (mm.Areas.Count + 2 >= _options.MaxMapCount - 3)
        {
            return -(long)Errno.ENOMEM;
        }
        Errno error = isFixed ? Unmap(mm, newAddress, newAddress + newLength, cpu, cause) : Errno.None;
        if (error == Errno.None)
        {
            error = Shorten(mm, address, oldLength, newLength, cpu, cause);
            oldLength = Math.Min(oldLength, newLength);
        }
        if (error == Errno.None)
        {
            error = MayResize(mm, address, oldLength, newLength, flags);
        }
        return error == Errno.None
            ? PlaceAndMove(mm, address, oldLength, newAddress, newLength, flags, cpu, cause)
            : -(long)error;
    }

    /// <summary>The end of <c>mremap_to</c>: where the area goes, and there it goes.</summary>
    private long PlaceAndMove(
        AddressSpace mm, ulong address, ulong oldLength, ulong newAddress, ulong newLength, RemapFlags flags, CpuClock cpu, long cause)
    {
        VmArea area = _spaces.Areas[mm.Areas.Handle(mm.Areas.Find(address))];
        if ((flags & RemapFlags.DontUnmap) != 0 && !_limits.MayExpand(mm, area.VmFlags, (long)(oldLength >> 12)))
        {
            return -(long)Errno.ENOMEM;
        }
        ulong place = (flags & RemapFlags.Fixed) != 0 ? newAddress : PlaceFor(mm, in area, address, newAddress, newLength);
        return place == Placement.None ? -(long)Errno.ENOMEM
            : place < _layout.MinAddress ? -(long)Errno.EPERM
            : Move(mm, address, oldLength, place, newLength, flags, cpu, cause);
    }

    private ulong PlaceFor(AddressSpace mm, in VmArea area, ulong address, ulong hint, ulong length) => area.VmFile > 0
        ? _placement.FindForFile(mm, hint, length, (ulong)area.PgoffOf(address) << 12, below2GiB: false)
        : _placement.FindForAnonymous(mm, hint, length, (area.VmFlags & VmFlags.MayShare) != 0, below2GiB: false);

    /// <summary>Why an area may not be resized so, wherever it goes (<c>vma_to_resize</c>).</summary>
    private Errno MayResize(AddressSpace mm, ulong address, ulong oldLength, ulong newLength, RemapFlags flags)
    {
        if (!IsMapped(mm, address))
        {
            return Errno.EFAULT;
        }
        ref readonly VmArea area = ref _spaces.Areas[mm.Areas.Handle(mm.Areas.Find(address))];
        if (oldLength == 0 && (area.VmFlags & (VmFlags.Shared | VmFlags.MayShare)) == 0)
        {
            return Errno.EINVAL;
        }
        if ((flags & RemapFlags.DontUnmap) != 0 && (area.VmFlags & (VmFlags.DontExpand | VmFlags.PfnMap)) != 0)
        {
            return Errno.EINVAL;
        }
        if (oldLength > area.VmEnd - address)
        {
            return Errno.EFAULT;
        }
        if (newLength == oldLength)
        {
            return Errno.None;
        }
        ulong pgoff = (ulong)area.PgoffOf(address);
        if (_layout.Word(pgoff + (newLength >> 12)) < pgoff)
        {
            return Errno.EINVAL;
        }
        if ((area.VmFlags & (VmFlags.DontExpand | VmFlags.PfnMap)) != 0)
        {
            return Errno.EFAULT;
        }
        long pages = (long)((newLength - oldLength) >> 12);
        return !_limits.MayLockMore(mm, area.VmFlags, pages) ? Errno.EAGAIN
            : !_limits.MayExpand(mm, area.VmFlags, pages) ? Errno.ENOMEM
            : Errno.None;
    }

    /// <summary>True when the addresses behind an area are free (<c>vma_expandable</c>); guard gaps do not count.</summary>
    private bool MayLengthen(AddressSpace mm, in VmArea area, ulong bytes)
    {
        ulong end = _layout.Word(area.VmEnd + bytes);
        AreaCursor behind = mm.Areas.Find(area.VmEnd);
        return end >= area.VmEnd && end <= _layout.TaskSizeOf(mm) && (!mm.Areas.IsValid(behind) || mm.Areas.Start(behind) >= end)
            && area.VmStart >= _layout.MinAddress;
    }

    /// <summary>Copies the area, moves its pages, unmaps the old range (<c>move_vma</c>).</summary>
    private long Move(
        AddressSpace mm, ulong address, ulong oldLength, ulong newAddress, ulong newLength, RemapFlags flags, CpuClock cpu, long cause)
    {
        VmArea area = _spaces.Areas[mm.Areas.Handle(mm.Areas.Find(address))];
        bool stays = (flags & RemapFlags.DontUnmap) != 0;
        if (mm.Areas.Count >= _options.MaxMapCount - 3)
        {
            return -(long)Errno.ENOMEM;
        }
        bool apart = stays && _layout.Rules.DontUnmapStaysApart;
        if (apart && (area.VmFlags & VmFlags.Locked) != 0)
        {
            if (!SplitOff(mm, in area, address, address + oldLength, cpu, ref cause))
            {
                return -(long)Errno.ENOMEM;
            }
            area = _spaces.Areas[mm.Areas.Handle(mm.Areas.Find(address))];
        }
        if ((area.VmFlags & VmFlags.Account) != 0 && !_limits.MayCommit(mm, (long)((stays ? newLength : newLength - oldLength) >> 12)))
        {
            return -(long)Errno.ENOMEM;
        }
        _huge.SplitEnds(mm, address, address + oldLength, cpu, cause);
        long oldVpn = (long)(address >> 12), newVpn = (long)(newAddress >> 12);
        var copy = new VmaCopy(mm.Pid, oldVpn, newVpn, (long)(newLength >> 12), stays, apart);
        EventHeader header = _journal.Emit(in copy, cause);
        _spaces.Apply(in copy, in header);
        ulong moved = MovePages(mm, address, newAddress, oldLength, cpu, header.Sequence);
        if (moved < oldLength)
        {
            // The tables of the old range are there still.
            MovePages(mm, newAddress, address, moved, cpu, header.Sequence);
            Unmap(mm, newAddress, newAddress + newLength, cpu, header.Sequence);
            return -(long)Errno.ENOMEM;
        }
        if (stays)
        {
            var leave = new VmaLeave(mm.Pid, oldVpn, (long)(oldLength >> 12), newVpn, !apart);
            EventHeader left = _journal.Emit(in leave, header.Sequence);
            _spaces.Apply(in leave, in left);
            return (long)newAddress;
        }
        if (oldLength > 0)
        {
            Unmap(mm, address, address + oldLength, cpu, header.Sequence);
        }
        PopulateLocked(mm, in area, newAddress, oldLength, newLength, cpu, header.Sequence);
        return (long)newAddress;
    }

    /// <summary>Makes a range of one area an area of its own, one end after the other; false at the limit of areas, which may leave the first.</summary>
    private bool SplitOff(AddressSpace mm, in VmArea area, ulong start, ulong end, CpuClock cpu, ref long cause)
    {
        return (start == area.VmStart || SplitAt(mm, start, area.VmEnd, cpu, ref cause))
            && (end == area.VmEnd || SplitAt(mm, start, end, cpu, ref cause));
    }

    private bool SplitAt(AddressSpace mm, ulong start, ulong end, CpuClock cpu, ref long cause)
    {
        if (!_limits.MaySplit(mm, 1))
        {
            return false;
        }
        Split(mm, start, end, cpu, ref cause);
        return true;
    }

    private void Split(AddressSpace mm, ulong start, ulong end, CpuClock cpu, ref long cause)
    {
        _huge.SplitEnds(mm, start, end, cpu, cause);
        var e = new VmaSplit(mm.Pid, (long)(start >> 12), (long)((end - start) >> 12));
        EventHeader header = _journal.Emit(in e, cause);
        _spaces.Apply(in e, in header);
        cause = header.Sequence;
    }

    /// <summary>Moves page-table entries, making the tables they need (<c>move_page_tables</c>).</summary>
    /// <returns>Bytes moved; fewer than asked when there is no memory for a table.</returns>
    private ulong MovePages(AddressSpace mm, ulong from, ulong to, ulong length, CpuClock cpu, long cause)
    {
        PageTables tables = _spaces.Tables;
        ulong start = from, end = from + length;
        while (from < end)
        {
            long table = tables.FindLeafTable(mm.Root, from, out int missing);
            if (table < 0 && missing == 0 && tables.ReadLarge(mm.Root, from) != 0)
            {
                _huge.Split(mm, from, cpu, cause);
                continue;
            }
            int step = missing >= 1 ? 2 : 1;
            ulong next = Math.Min(Math.Min(end, tables.SpanEnd(from, step)), from + (tables.SpanEnd(to, step) - to));
            // The kernel makes the new table of level 2 before it knows whether the old one of level 0 is there.
            if (missing < 1 && !_newTables.MakeDownTo(mm, to, table >= 0 ? 0 : 2, cpu, cause, out _))
            {
                return from - start;
            }
            if (table >= 0)
            {
                cpu.Charge((long)((next - from) >> 12) * _pagePs);
                var e = new VmaMovePages(mm.Pid, (long)(from >> 12), (long)(to >> 12), (long)((next - from) >> 12));
                EventHeader header = _journal.Emit(in e, cause);
                _spaces.Apply(in e, in header);
                _tlb.FlushRange(mm, from, next, cpu.Id, header.Sequence);
            }
            to += next - from;
            from = next;
        }
        return length;
    }

    private void PopulateLocked(
        AddressSpace mm, in VmArea area, ulong address, ulong oldLength, ulong newLength, CpuClock cpu, long cause)
    {
        if ((area.VmFlags & VmFlags.Locked) != 0 && newLength > oldLength)
        {
            _population.Populate(mm, address + oldLength, address + newLength, goesOn: true, cpu, cause);
        }
    }
}
