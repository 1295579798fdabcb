using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Hardware.Paging;
using Sim.Kernel.Buddy;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Mm;

/// <summary>Adds the page tables that an address needs (<c>pud_alloc</c>, <c>pmd_alloc</c>, <c>pte_alloc</c>).</summary>
internal sealed class PageTableMaker(AddressSpaces spaces, PageAllocator allocator, Journal journal, MmCosts costs)
{
    private const GfpFlags TableGfp = GfpFlags.Kernel | GfpFlags.Zero;

    private readonly long _clearPs = costs.ClearPageNs * 1000L;

    /// <summary>
    /// Makes the tables that a new address space has from the start: with PAE all of level 1 (<c>preallocate_pmds</c>,
    /// arch/x86/mm/pgtable.c). False when there is no memory for one.
    /// </summary>
    public bool MakeFirst(AddressSpace mm, CpuClock cpu, long cause)
    {
        if (spaces.Tables.Mode != PagingMode.I386Pae)
        {
            return true;
        }
        for (ulong address = 0; address < spaces.Layout.TaskSize; address = spaces.Tables.SpanEnd(address, 2))
        {
            if (!MakeDownTo(mm, address, 1, cpu, cause, out _))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>A cleared frame for a table that a huge page's entry may be split into one day (<c>pte_alloc_one</c>); -1 for none.</summary>
    public long SetAside(AddressSpace mm, CpuClock cpu, long cause)
    {
        long pfn = allocator.AllocPages(0, TableGfp, mm.Pid, cpu, cause);
        if (pfn >= 0)
        {
            cpu.Charge(_clearPs);
        }
        return pfn;
    }

    /// <summary>Makes the page tables down to a level that are missing; false when there is no memory for one.</summary>
    /// <param name="mm">The address space.</param>
    /// <param name="address">The address.</param>
    /// <param name="level">The lowest level wanted.</param>
    /// <param name="cpu">Charged the time.</param>
    /// <param name="cause">Sequence of the event that led here.</param>
    /// <param name="table">The table of level 0, if it is there.</param>
    public bool MakeDownTo(AddressSpace mm, ulong address, int level, CpuClock cpu, long cause, out long table)
    {
        while (true)
        {
            table = spaces.Tables.FindLeafTable(mm.Root, address, out int missing);
            if (table >= 0 || missing < level)
            {
                return true;
            }
            long pfn = allocator.AllocPages(0, TableGfp, mm.Pid, cpu, cause);
            if (pfn < 0)
            {
                return false;
            }
            cpu.Charge(_clearPs);
            var e = new PgtableAlloc(mm.Pid, (byte)missing, (long)(address >> 12), pfn);
            EventHeader header = journal.Emit(in e, cause);
            spaces.Apply(in e, in header);
        }
    }
}
