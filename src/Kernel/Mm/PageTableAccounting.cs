using Sim.Hardware.Paging;

namespace Sim.Kernel.Mm;

/// <summary>
/// Page tables that the kernel charges to an address space (<c>mm_pgtables_bytes</c>, VmPTE of <c>/proc/PID/status</c>). With PAE
/// it makes the tables of the middle level in advance with the top-level one, four, since the kernel's quarter has its own
/// where page-table isolation keeps it apart, and one more for the isolated half (<c>preallocate_pmds</c>,
/// arch/x86/mm/pgtable.c); here those of the user's three quarters are made when needed, and charged all the same.
/// </summary>
public static class PageTableAccounting
{
    private const int PaeMiddleTables = 5;

    /// <summary>The charge in pages.</summary>
    public static long ChargedPages(AddressSpaces spaces, AddressSpace mm)
    {
        PagingMode mode = spaces.Tables.Mode;
        if (mode != PagingMode.I386Pae)
        {
            return mm.PageTables;
        }
        int made = 0;
        for (int i = 0; i < mode.IndexOf(spaces.Layout.KernelStart, mode.Levels - 1); i++)
        {
            made += (spaces.Tables.ReadAt(mm.Root, i) & (ulong)PteFlags.Present) != 0 ? 1 : 0;
        }
        return mm.PageTables - made + PaeMiddleTables;
    }
}
