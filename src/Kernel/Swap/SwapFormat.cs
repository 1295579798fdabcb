using Sim.Hardware.Paging;
using Sim.Kernel.Mm;

namespace Sim.Kernel.Swap;

/// <summary>
/// Page-table entries of pages that are swapped out. With entries of eight bytes the slot's number lies inverted in bits 9 to
/// 58, so that no entry points to memory that exists, and bit 3 marks a page of one process alone
/// (arch/x86/include/asm/pgtable_64.h and pgtable-3level.h, Linux 6.1); with four bytes it lies in bits 9 to 31
/// (pgtable-2level.h). The area's number has the bits 59 to 63, or 1 to 5.
/// </summary>
public static class SwapFormat
{
    private const int OffsetShift = 9;
    private const int OffsetBits = 50;
    private const int TypeShift = 59;
    private const int ShortTypeShift = 1;

    /// <summary>True when the kernel has a page behind an entry; false for an empty one and one that names a slot.</summary>
    public static bool IsPage(ulong entry) => (entry & (ulong)(PteFlags.Present | PageProtection.ProtNone)) != 0;

    /// <summary>True when the entry names a slot.</summary>
    public static bool IsSlot(ulong entry) => entry != 0 && !IsPage(entry);

    /// <summary>The entry that names a slot.</summary>
    /// <param name="mode">Format of the page tables.</param>
    /// <param name="slot">The slot, with its area's number (<see cref="SwapAreas"/>).</param>
    /// <param name="exclusive">No other process has the page; two-level tables have no room for it.</param>
    public static ulong Entry(PagingMode mode, int slot, bool exclusive)
    {
        ulong offset = (uint)SwapAreas.OffsetOf(slot), type = (uint)SwapAreas.TypeOf(slot);
        return mode.EntryBytes == 4
            ? (offset << OffsetShift) | (type << ShortTypeShift)
            : (type << TypeShift) | ((~offset & ((1UL << OffsetBits) - 1)) << OffsetShift) | (exclusive ? (ulong)PteFlags.WriteThrough : 0);
    }

    /// <summary>The slot an entry names.</summary>
    public static int SlotOf(PagingMode mode, ulong entry) => mode.EntryBytes == 4
        ? SwapAreas.SlotOf((int)(entry >> ShortTypeShift) & 31, (int)(entry >> OffsetShift))
        : SwapAreas.SlotOf((int)(entry >> TypeShift), (int)(~(entry >> OffsetShift) & ((1UL << OffsetBits) - 1)));

    /// <summary>The mark of a page of one process alone.</summary>
    public static bool IsExclusive(PagingMode mode, ulong entry) => mode.EntryBytes == 8 && (entry & (ulong)PteFlags.WriteThrough) != 0;
}
