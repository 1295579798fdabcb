namespace Sim.Kernel.Mm;

/// <summary>Page tables that the kernel charges to an address space (<c>mm_pgtables_bytes</c>, VmPTE of <c>/proc/PID/status</c>).</summary>
public static class PageTableAccounting
{
    /// <summary>The charge in pages.</summary>
    public static long ChargedPages(AddressSpaces spaces, AddressSpace mm) => mm.PageTables + spaces.Layout.KernelTablesPerProcess;
}
