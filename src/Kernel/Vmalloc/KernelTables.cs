using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Kernel.Boot;
using Sim.Kernel.Buddy;
using Sim.Kernel.Mm;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Vmalloc;

/// <summary>
/// Maps pages in the kernel's half and makes the tables for it. 32-bit kernels of two levels have a top-level entry for each 4 MiB,
/// which every address space needs: 6.1 copies new ones to all at once, 2.6 lets each find them at its first fault. With PAE all
/// address spaces share the kernel's level 1, as without page-table isolation; on x86-64 boot has made the tables below the
/// top-level one in advance.
/// </summary>
public sealed class KernelTables(AddressSpaces spaces, KernelProfile profile, PageAllocator allocator, Journal journal, MmCosts costs)
{
    private readonly long _clearPs = costs.ClearPageNs * 1000L, _entryPs = costs.PagePerRangeNs * 1000L;

    /// <summary>Maps pages one behind the other; false when there is no memory for a table.</summary>
    public bool Map(ulong address, ReadOnlySpan<long> pfns, CpuClock cpu, long cause)
    {
        bool newTop = false;
        for (int done = 0, run; done < pfns.Length; done += run)
        {
            ulong at = address + ((ulong)done << 12);
            if (!MakeTables(at, cpu, cause, ref newTop))
            {
                return false;
            }
            int inTable = (int)((spaces.Tables.SpanEnd(at, 1) - at) >> 12);
            for (run = 1; run < inTable && done + run < pfns.Length && pfns[done + run] == pfns[done] + run; run++)
            {
            }
            cpu.Charge(run * _entryPs);
            var e = new KernelMap((long)(at >> 12), pfns[done], run);
            EventHeader header = journal.Emit(in e, cause);
            spaces.Apply(in e, in header);
        }
        if (newTop && profile == KernelProfile.I386)
        {
            var sync = new VmallocSync((long)(address >> 12), pfns.Length);
            EventHeader header = journal.Emit(in sync, cause);
            spaces.Apply(in sync, in header);
        }
        return true;
    }

    /// <summary>Makes the tables for a page; false when there is no memory for one.</summary>
    public bool MakeTables(ulong address, CpuClock cpu, long cause)
    {
        bool newTop = false;
        return MakeTables(address, cpu, cause, ref newTop);
    }

    private bool MakeTables(ulong address, CpuClock cpu, long cause, ref bool newTop)
    {
        while (spaces.Tables.FindLeafTable(spaces.KernelRoot, address, out int missing) < 0)
        {
            bool top = missing == spaces.Tables.Mode.Levels - 2;
            long pfn = FromBoot(address, top);
            if (pfn < 0 && (pfn = allocator.AllocPages(0, GfpFlags.Kernel | GfpFlags.Zero, KernelUser.VmallocTables, cpu, cause)) < 0)
            {
                return false;
            }
            cpu.Charge(_clearPs);
            newTop |= top;
            var e = new PgtableAlloc(0, (byte)missing, (long)(address >> 12), pfn);
            EventHeader header = journal.Emit(in e, cause);
            spaces.Apply(in e, in header);
        }
        return true;
    }

    /// <summary>
    /// A frame that boot has put aside for the table: on x86-64 for the level below the top (<c>preallocate_vmalloc_pages</c>), on
    /// i386 for temporary mappings (<c>permanent_kmaps_init</c>), from the early heap; -1 for none.
    /// </summary>
    private long FromBoot(ulong address, bool top)
    {
        bool inAdvance = spaces.Kernel.IsLong && top, temporary = !spaces.Kernel.IsLong && !spaces.Kernel.IsVmalloc(address);
        FrameTable frames = allocator.State.Frames;
        for (long pfn = 0; (inAdvance || temporary) && pfn < frames.Count; pfn++)
        {
            ref readonly Frame frame = ref frames[pfn];
            bool fits = inAdvance
                ? frame.State == FrameState.Allocated && frame.Owner == KernelUser.VmallocTables
                : frame.State == FrameState.Reserved && frame.Index == (int)ReserveReason.Brk;
            if (fits && frame.Use != FrameUse.PageTable)
            {
                return pfn;
            }
        }
        return -1;
    }
}
