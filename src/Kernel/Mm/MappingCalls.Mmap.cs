using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Kernel.Exec;

namespace Sim.Kernel.Mm;

/// <summary>mmap.</summary>
public sealed partial class MappingCalls
{
    /// <summary>
    /// mmap. EBADF: neither anonymous nor a file. EINVAL: no length, no type, an offset or fixed address not page-aligned, or
    /// a growing area that is shared or of a file. EACCES: the file's mode forbids it. EPERM: below
    /// <see cref="AddressLayout.MinAddress"/>. EEXIST: <see cref="MapFlags.FixedNoReplace"/> over a mapping. EOVERFLOW: the
    /// offset. EAGAIN: more would be locked than is allowed. EOPNOTSUPP: a flag that <see cref="MapFlags.SharedValidate"/> does not know. ENOMEM: no room, too many areas, or a limit.
    /// </summary>
    /// <param name="pid">Process.</param>
    /// <param name="address">A hint, or the place with <see cref="MapFlags.Fixed"/>.</param>
    /// <param name="length">Bytes; rounded up to pages.</param>
    /// <param name="prot">Permissions.</param>
    /// <param name="flags">Kind.</param>
    /// <param name="file">The file, unless <see cref="MapFlags.Anonymous"/>.</param>
    /// <param name="offset">Offset in the file, in bytes.</param>
    /// <param name="cpu">Charged the time.</param>
    /// <param name="cause">Sequence of the event that led here.</param>
    /// <returns>The address, or minus an errno.</returns>
    public long Mmap(
        int pid, ulong address, ulong length, ProtFlags prot, MapFlags flags, MappedFile file, ulong offset, CpuClock cpu, long cause)
    {
        cpu.Charge(_mmapPs);
        AddressSpace mm = _spaces[pid];
        bool anonymous = (flags & MapFlags.Anonymous) != 0;
        if ((offset & 0xfff) != 0)
        {
            return -(long)Errno.EINVAL;
        }
        if (!anonymous && file.Symbol == 0)
        {
            return -(long)Errno.EBADF;
        }
        if (length == 0)
        {
            return -(long)Errno.EINVAL;
        }
        if ((prot & ProtFlags.Read) != 0 && mm.ReadImpliesExec)
        {
            prot |= ProtFlags.Exec;
        }
        if ((flags & MapFlags.FixedNoReplace) != 0)
        {
            flags |= MapFlags.Fixed;
        }
        Errno error = Place(mm, ref address, ref length, offset, flags);
        if (error != Errno.None)
        {
            return -(long)error;
        }
        VmFlags vm = FlagsOf(prot, flags);
        long pgoff = (long)(offset >> 12);
        if ((vm & VmFlags.Locked) != 0 && !_limits.MayLock(mm))
        {
            return -(long)Errno.EPERM;
        }
        if (!_limits.MayLockMore(mm, vm, (long)(length >> 12)))
        {
            return -(long)Errno.EAGAIN;
        }
        error = anonymous ? CheckAnonymous(flags, ref vm) : CheckFile(prot, flags, file, ref vm);
        if (error != Errno.None)
        {
            return -(long)error;
        }
        int symbol = file.Symbol;
        if (anonymous)
        {
            bool shared = (vm & VmFlags.Shared) != 0;
            symbol = shared ? -(_spaces.SharedMemory.Count + 1) : 0;
            pgoff = shared ? 0 : (long)(address >> 12);
        }
        error = MapRegion(mm, address, address + length, vm, symbol, pgoff, cpu, cause);
        if (error != Errno.None)
        {
            return -(long)error;
        }
        if ((vm & VmFlags.Locked) != 0 || (flags & (MapFlags.Populate | MapFlags.NonBlock)) == MapFlags.Populate)
        {
            _population.Populate(mm, address, address + length, goesOn: true, cpu, cause);
        }
        return (long)address;
    }

    /// <summary>Sets the limits of one process (prlimit).</summary>
    public void SetLimits(int pid, ResourceLimits limits, long cause)
    {
        var e = new MmLimits(pid, limits.StackBytes, limits.AddressSpaceBytes, limits.DataBytes, limits.MemlockBytes);
        EventHeader header = _journal.Emit(in e, cause);
        _spaces.Apply(in e, in header);
    }

    /// <summary>Tells where code and data of a program are that was not loaded here.</summary>
    public void SetProgram(int pid, ulong startCode, ulong endCode, ulong startData, ulong endData, long cause)
    {
        var e = new ExecLayout(pid, (long)startCode, (long)endCode, (long)startData, (long)endData, 0, 0, 0);
        EventHeader header = _journal.Emit(in e, cause);
        _spaces.Apply(in e, in header);
    }

    /// <summary>
    /// Maps the stack of a new program (<c>setup_arg_pages</c>): private, readable, writable, growing down.
    /// </summary>
    /// <returns>0, or minus an errno.</returns>
    public long MapStack(int pid, ulong start, ulong end, CpuClock cpu, long cause)
    {
        const VmFlags StackFlags = VmFlags.Read | VmFlags.Write | VmFlags.MayAccess | VmFlags.GrowsDown;
        if (((start | end) & 0xfff) != 0 || end <= start || end > _layout.TaskSizeOf(_spaces[pid]) || start < _layout.MinAddress)
        {
            return -(long)Errno.EINVAL;
        }
        return -(long)MapRegion(_spaces[pid], start, end, StackFlags, 0, (long)(start >> 12), cpu, cause);
    }

    /// <summary>Tells where heap and stack of a new program are.</summary>
    public void SetLayout(int pid, ulong startBrk, ulong startStack, long cause)
    {
        var e = new MmLayout(pid, (long)startBrk, (long)startStack);
        EventHeader header = _journal.Emit(in e, cause);
        _spaces.Apply(in e, in header);
    }

    private Errno Place(AddressSpace mm, ref ulong address, ref ulong length, ulong offset, MapFlags flags)
    {
        bool isFixed = (flags & MapFlags.Fixed) != 0;
        if (!isFixed)
        {
            address &= ~0xfffUL;
            if (address != 0 && address < _layout.MinPlacedAddress)
            {
                address = _layout.MinPlacedAddress;
            }
        }
        length = _layout.Word(AddressSpaces.PageAlign(length));
        if (length == 0)
        {
            return Errno.ENOMEM;
        }
        // The page offset is one machine word (unsigned long) of the kernel.
        ulong mostPages = _layout.LongMode ? ulong.MaxValue : uint.MaxValue;
        if (mostPages - (offset >> 12) < length >> 12)
        {
            return Errno.EOVERFLOW;
        }
        if (mm.Areas.Count > _options.MaxMapCount || length > _layout.TaskSizeOf(mm))
        {
            return Errno.ENOMEM;
        }
        if (!isFixed)
        {
            bool below2GiB = (flags & MapFlags.Bit32) != 0;
            address = (flags & MapFlags.Anonymous) != 0
                ? _placement.FindForAnonymous(mm, address, length, (flags & MapFlags.TypeMask) != MapFlags.Private, below2GiB)
                : _placement.FindForFile(mm, address, length, offset, below2GiB);
            return address == Placement.None ? Errno.ENOMEM : Errno.None;
        }
        if (address > _layout.TaskSizeOf(mm) - length)
        {
            return Errno.ENOMEM;
        }
        if ((address & 0xfff) != 0)
        {
            return Errno.EINVAL;
        }
        if (address < _layout.MinAddress)
        {
            return Errno.EPERM;
        }
        AreaCursor at = mm.Areas.Find(address);
        bool taken = mm.Areas.IsValid(at) && mm.Areas.Start(at) < address + length;
        return taken && (flags & MapFlags.FixedNoReplace) != 0 ? Errno.EEXIST : Errno.None;
    }

    private VmFlags FlagsOf(ProtFlags prot, MapFlags flags)
    {
        VmFlags vm = (VmFlags)((int)prot & (int)VmFlags.Access) | VmFlags.MayAccess;
        if ((flags & MapFlags.GrowsDown) != 0)
        {
            vm |= VmFlags.GrowsDown;
        }
        if ((flags & MapFlags.Locked) != 0)
        {
            vm |= VmFlags.Locked;
        }
        // Strict accounting has no exceptions.
        if ((flags & MapFlags.NoReserve) != 0 && _options.Overcommit != OvercommitMode.Never)
        {
            vm |= VmFlags.NoReserve;
        }
        if ((flags & MapFlags.Stack) != 0 && _layout.Rules.StacksHaveNoHugePages)
        {
            vm |= VmFlags.NoHugePage;
        }
        return vm;
    }

    private static Errno CheckAnonymous(MapFlags flags, ref VmFlags vm)
    {
        switch (flags & MapFlags.TypeMask)
        {
            case MapFlags.Private:
                return Errno.None;
            case MapFlags.Shared when (flags & MapFlags.GrowsDown) == 0:
                vm |= VmFlags.Shared | VmFlags.MayShare;
                return Errno.None;
            default:
                return Errno.EINVAL;
        }
    }

    private static Errno CheckFile(ProtFlags prot, MapFlags flags, MappedFile file, ref VmFlags vm)
    {
        switch (flags & MapFlags.TypeMask)
        {
            case MapFlags.SharedValidate when (flags & ~MapFlags.Legacy) != 0:
                return Errno.EOPNOTSUPP;
            case MapFlags.Shared or MapFlags.SharedValidate:
                if ((prot & ProtFlags.Write) != 0 && !file.Writable)
                {
                    return Errno.EACCES;
                }
                vm |= VmFlags.Shared | VmFlags.MayShare;
                if (!file.Writable)
                {
                    vm &= ~(VmFlags.MayWrite | VmFlags.Shared);
                }
                break;
            case MapFlags.Private:
                break;
            default:
                return Errno.EINVAL;
        }
        if (!file.Readable)
        {
            return Errno.EACCES;
        }
        return (vm & VmFlags.GrowsDown) != 0 ? Errno.EINVAL : Errno.None;
    }

    /// <summary>Unmaps what is in the way and maps the range (<c>mmap_region</c>).</summary>
    private Errno MapRegion(
        AddressSpace mm, ulong start, ulong end, VmFlags flags, int file, long pgoff, CpuClock cpu, long cause)
    {
        long pages = (long)((end - start) >> 12);
        if (!_limits.MayExpand(mm, flags, pages) && !_limits.MayExpand(mm, flags, pages - MappedPages(mm, start, end)))
        {
            return _layout.Rules.FailedMmapKeepsOld ? Cut(mm, start, end, cpu, cause) : Errno.ENOMEM;
        }
        if (MemoryLimits.IsAccountable(flags))
        {
            flags |= VmFlags.Account;
        }
        bool commits = (flags & VmFlags.Account) != 0;
        if (_layout.Rules.FailedMmapKeepsOld && commits && !_limits.MayCommit(mm, pages))
        {
            return Cut(mm, start, end, cpu, cause);
        }
        Errno error = Unmap(mm, start, end, cpu, cause);
        if (error != Errno.None)
        {
            return error;
        }
        // Shared memory is accounted by its object.
        if ((commits || (file < 0 && (flags & VmFlags.NoReserve) == 0)) && !_limits.MayCommit(mm, pages))
        {
            return Errno.ENOMEM;
        }
        var e = new VmaMmap(mm.Pid, (long)(start >> 12), pages, (int)flags, file, pgoff);
        EventHeader header = _journal.Emit(in e, cause);
        _spaces.Apply(in e, in header);
        return Errno.None;
    }

    /// <summary>
    /// What a mapping that fails leaves from <see cref="MmRules.FailedMmapKeepsOld"/> on: areas split at its ends
    /// (<c>vms_abort_munmap_vmas</c>).
    /// </summary>
    private Errno Cut(AddressSpace mm, ulong start, ulong end, CpuClock cpu, long cause)
    {
        AreaCursor at = mm.Areas.Find(start);
        if (mm.Areas.IsValid(at) && mm.Areas.Start(at) < end && SplitsTooOften(mm, at, start, end))
        {
            return Errno.ENOMEM;
        }
        foreach (ulong cut in (ReadOnlySpan<ulong>)[start, end])
        {
            at = mm.Areas.Find(cut);
            if (mm.Areas.IsValid(at) && mm.Areas.Start(at) < cut)
            {
                Split(mm, cut, mm.Areas.End(at), cpu, ref cause);
            }
        }
        return Errno.ENOMEM;
    }

    private static long MappedPages(AddressSpace mm, ulong start, ulong end)
    {
        ulong bytes = 0;
        for (AreaCursor at = mm.Areas.Find(start); mm.Areas.IsValid(at) && mm.Areas.Start(at) < end; at = mm.Areas.Next(at))
        {
            bytes += Math.Min(end, mm.Areas.End(at)) - Math.Max(start, mm.Areas.Start(at));
        }
        return (long)(bytes >> 12);
    }
}
