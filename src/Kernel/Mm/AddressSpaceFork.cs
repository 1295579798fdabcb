using Sim.Engine.Events;
using Sim.Hardware.Cpu;

namespace Sim.Kernel.Mm;

/// <summary>
/// Gives a child its parent's memory: <c>dup_mmap</c> (kernel/fork.c) and <c>copy_page_range</c> (mm/memory.c, Linux 6.1). Pages are
/// shared until written; those of files, which a fault brings back, only where the area has an <c>anon_vma</c>.
/// </summary>
internal sealed class AddressSpaceFork(
    AddressSpaces spaces, PageTableMaker newTables, MemoryLimits limits, Journal journal, ITlbFlush tlb, MmCosts costs)
{
    private readonly ITlbFlush _tlb = tlb;
    private readonly long _pagePs = costs.PagePerRangeNs * 1000L;

    /// <summary>Copies areas and pages; false when there is no memory for it, and the child is to be ended.</summary>
    /// <param name="mm">The parent.</param>
    /// <param name="child">The child, empty.</param>
    /// <param name="cpu">Charged the time.</param>
    /// <param name="cause">Sequence of the event that led here.</param>
    public bool Copy(AddressSpace mm, AddressSpace child, CpuClock cpu, long cause)
    {
        long promised = 0;
        for (AreaCursor at = AreaIndex.First; mm.Areas.IsValid(at); at = mm.Areas.Next(at))
        {
            ref readonly VmArea area = ref spaces.Areas[mm.Areas.Handle(at)];
            if ((area.VmFlags & (VmFlags.DontCopy | VmFlags.Account)) == VmFlags.Account)
            {
                if (!limits.MayCommit(mm, area.Pages, promised))
                {
                    return false;
                }
                promised += area.Pages;
            }
        }
        var e = new MmFork(mm.Pid, child.Pid);
        EventHeader header = journal.Emit(in e, cause);
        spaces.Apply(in e, in header);
        for (AreaCursor at = AreaIndex.First; mm.Areas.IsValid(at); at = mm.Areas.Next(at))
        {
            VmArea area = spaces.Areas[mm.Areas.Handle(at)];
            bool needed = area.AnonVma != 0 || (area.VmFlags & VmFlags.PfnMap) != 0;
            if (needed && (area.VmFlags & (VmFlags.DontCopy | VmFlags.WipeOnFork)) == 0
                && !CopyPages(mm, child, area.VmStart, area.VmEnd, cpu, header.Sequence))
            {
                return false;
            }
        }
        _tlb.FlushRange(mm, 0, spaces.Layout.TaskSize, cpu.Id, header.Sequence);
        return true;
    }

    private bool CopyPages(AddressSpace mm, AddressSpace child, ulong start, ulong end, CpuClock cpu, long cause)
    {
        PageTables tables = spaces.Tables;
        while (start < end)
        {
            long table = tables.FindLeafTable(mm.Root, start, out int missing);
            if (table < 0 && missing == 0 && tables.ReadLarge(mm.Root, start) != 0)
            {
                long spare = newTables.MakeDownTo(child, start, 1, cpu, cause, out _) ? newTables.SetAside(child, cpu, cause) : -1;
                if (spare < 0)
                {
                    return false;
                }
                cpu.Charge(_pagePs);
                var shared = new MmCopyHuge(mm.Pid, child.Pid, (long)(start >> 12), spare);
                EventHeader at = journal.Emit(in shared, cause);
                spaces.Apply(in shared, in at);
                start = tables.SpanEnd(start, 1);
                continue;
            }
            // A child has every table that its parent has there, also one without pages in this area.
            if (!newTables.MakeDownTo(child, start, missing + 1, cpu, cause, out _))
            {
                return false;
            }
            ulong next = Math.Min(end, tables.SpanEnd(start, table >= 0 ? 1 : missing + 1));
            if (table >= 0)
            {
                long pages = (long)((next - start) >> 12);
                cpu.Charge(pages * _pagePs);
                var e = new MmCopyPages(mm.Pid, child.Pid, (long)(start >> 12), pages);
                EventHeader header = journal.Emit(in e, cause);
                spaces.Apply(in e, in header);
            }
            start = next;
        }
        return true;
    }
}
