using Sim.Engine.Events;
using Sim.Kernel.Mm;

namespace Sim.Kernel.Faults;

/// <summary>Extends a growing area down to the page of a fault below it (<c>expand_downwards</c>, mm/mmap.c, Linux 6.1).</summary>
internal sealed class StackGrowth(AddressSpaces spaces, MemoryLimits limits, Journal journal)
{
    /// <summary>Grows, unless the area is no stack, the address too low, another mapping too near, or a limit reached.</summary>
    public bool TryGrow(AddressSpace mm, AreaCursor at, ulong address, long cause)
    {
        VmArea area = spaces.Areas[mm.Areas.Handle(at)];
        ulong start = address & ~0xfffUL;
        if ((area.VmFlags & VmFlags.GrowsDown) == 0 || start < spaces.Layout.MinPlacedAddress)
        {
            return false;
        }
        AreaCursor before = mm.Areas.Previous(at);
        if (mm.Areas.IsValid(before))
        {
            VmFlags flags = spaces.Areas[mm.Areas.Handle(before)].VmFlags;
            if ((flags & VmFlags.GrowsDown) == 0 && (flags & VmFlags.Access) != 0
                && start - mm.Areas.End(before) < spaces.Layout.GuardGapBytes)
            {
                return false;
            }
        }
        long pages = (long)((area.VmStart - start) >> 12);
        if (!limits.MayExpand(mm, area.VmFlags, pages) || !limits.MayGrowStack(mm, area.VmEnd - start)
            || !limits.MayLockMore(mm, area.VmFlags, pages) || !limits.MayCommit(mm, pages))
        {
            if (area.AnonVma == 0)
            {
                var prepared = new VmaAnonVma(mm.Pid, (long)(area.VmStart >> 12));
                EventHeader done = journal.Emit(in prepared, cause);
                spaces.Apply(in prepared, in done);
            }
            return false;
        }
        var e = new VmaGrow(mm.Pid, (long)(start >> 12));
        EventHeader header = journal.Emit(in e, cause);
        spaces.Apply(in e, in header);
        return true;
    }
}
