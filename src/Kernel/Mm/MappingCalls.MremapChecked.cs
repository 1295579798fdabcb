using Sim.Hardware.Cpu;

namespace Sim.Kernel.Mm;

/// <content>mremap from Linux 6.17 on (<see cref="MmRules.MovesManyAreas"/>).</content>
public sealed partial class MappingCalls
{
    /// <summary>mremap that checks arguments and area before it changes anything (<c>do_mremap</c>). Lengths are whole pages.</summary>
    private long MremapChecked(
        AddressSpace mm, ulong address, ulong oldLength, ulong newLength, RemapFlags flags, ulong newAddress, CpuClock cpu, long cause)
    {
        if (!AreValid(mm, address, oldLength, newLength, flags, newAddress))
        {
            return -(long)Errno.EINVAL;
        }
        bool moves = (flags & (RemapFlags.Fixed | RemapFlags.DontUnmap)) != 0;
        // Both areas may be split in three.
        if (moves && mm.Areas.Count + 2 >= _options.MaxMapCount - 3)
        {
            return -(long)Errno.ENOMEM;
        }
        if ((flags & RemapFlags.Fixed) != 0 && oldLength == newLength)
        {
            return MoveAreas(mm, address, oldLength, flags, newAddress, cpu, cause);
        }
        if (moves)
        {
            return MoveArea(mm, address, oldLength, newLength, flags, newAddress, cpu, cause);
        }
        if (newLength > oldLength)
        {
            return Grow(mm, address, oldLength, newLength, flags, cpu, cause);
        }
        if (!IsMapped(mm, address))
        {
            return -(long)Errno.EFAULT;
        }
        Errno error = Shorten(mm, address, oldLength, newLength, cpu, cause);
        return error == Errno.None ? (long)address : -(long)error;
    }

    /// <summary>False for arguments that are refused whatever is mapped (<c>check_mremap_params</c>).</summary>
    private bool AreValid(AddressSpace mm, ulong address, ulong oldLength, ulong newLength, RemapFlags flags, ulong newAddress)
    {
        if ((flags & ~(RemapFlags.MayMove | RemapFlags.Fixed | RemapFlags.DontUnmap)) != 0 || (address & 0xfff) != 0 || newLength == 0
            || newLength > _layout.TaskSizeOf(mm))
        {
            return false;
        }
        return (flags & (RemapFlags.Fixed | RemapFlags.DontUnmap)) == 0
            || (newAddress <= _layout.TaskSizeOf(mm) - newLength && (newAddress & 0xfff) == 0 && (flags & RemapFlags.MayMove) != 0
                && ((flags & RemapFlags.DontUnmap) == 0 || oldLength == newLength)
                && (_layout.Word(address + oldLength) <= newAddress || newAddress + newLength <= address));
    }

    /// <summary>Moves every area of a range, keeping the gaps between them; areas before one that cannot be moved stay moved (<c>remap_move</c>).</summary>
    private long MoveAreas(AddressSpace mm, ulong start, ulong length, RemapFlags flags, ulong newAddress, CpuClock cpu, long cause)
    {
        ulong end = _layout.Word(start + length);
        if (!IsMapped(mm, start))
        {
            return -(long)Errno.EFAULT;
        }
        AreaCursor at = mm.Areas.Find(start);
        for (ulong address = start; address < end;)
        {
            ulong bytes = Math.Min(end, mm.Areas.End(at)) - address;
            long moved = MoveArea(mm, address, bytes, bytes, flags, newAddress + (address - start), cpu, cause);
            if (moved is < 0 and > -4096)
            {
                return moved;
            }
            at = mm.Areas.Find(address + bytes);
            if (!mm.Areas.IsValid(at))
            {
                break;
            }
            address = Math.Max(mm.Areas.Start(at), address + bytes);
        }
        return (long)newAddress;
    }

    /// <summary>Checks and moves one area, or part of it (<c>check_prep_vma</c>, <c>mremap_to</c>).</summary>
    private long MoveArea(
        AddressSpace mm, ulong address, ulong oldLength, ulong newLength, RemapFlags flags, ulong newAddress, CpuClock cpu, long cause)
    {
        Errno error = MayResize(mm, address, Math.Min(oldLength, newLength), newLength, flags);
        if (error == Errno.None && (flags & RemapFlags.Fixed) != 0)
        {
            error = Unmap(mm, newAddress, newAddress + newLength, cpu, cause);
        }
        if (error == Errno.None && !IsMapped(mm, address))
        {
            // It lay in the way of the new place.
            error = Errno.EFAULT;
        }
        if (error == Errno.None)
        {
            error = Shorten(mm, address, oldLength, newLength, cpu, cause);
            oldLength = Math.Min(oldLength, newLength);
        }
        return error == Errno.None
            ? PlaceAndMove(mm, address, oldLength, newAddress, newLength, flags, cpu, cause)
            : -(long)error;
    }
}
