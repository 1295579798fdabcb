using Sim.Hardware.Paging;

namespace Sim.Kernel.Mm;

/// <summary>
/// Page-table flags of an area's pages: <c>vm_get_page_prot</c> with <c>protection_map</c> (arch/x86/mm/pgprot.c). Private
/// areas never allow writes here, because the first write to a page must fault.
/// </summary>
public sealed class PageProtection(PagingMode mode)
{
    /// <summary>
    /// Marks a page of an area without any access: not present for the hardware, but a page for the kernel
    /// (<c>_PAGE_PROTNONE</c>, which is the global bit of an entry that is not present).
    /// </summary>
    public const PteFlags ProtNone = PteFlags.Global;

    /// <summary>
    /// Marks an anonymous page that another process may map too, or did: a write to it looks at who else does
    /// (not <c>PageAnonExclusive</c>). A bit the hardware leaves to software.
    /// </summary>
    public const PteFlags NotExclusive = (PteFlags)(1 << 9);

    private readonly PteFlags _noExecute = mode.HasNoExecute ? PteFlags.NoExecute : 0;

    /// <summary>
    /// Flags for the pages of an area (<c>vm_page_prot</c>). Shared pages of a file are write-protected too, so that the
    /// first write marks the file's page dirty (<c>vma_wants_writenotify</c>).
    /// </summary>
    public PteFlags Of(VmFlags flags, int file)
    {
        PteFlags noExecute = (flags & VmFlags.Exec) == 0 ? _noExecute : 0;
        if ((flags & VmFlags.Access) == 0)
        {
            return ProtNone | PteFlags.Accessed | noExecute;
        }
        const VmFlags SharedWrite = VmFlags.Shared | VmFlags.Write;
        PteFlags write = (flags & SharedWrite) == SharedWrite && file <= 0 ? PteFlags.Write : 0;
        return PteFlags.Present | PteFlags.User | PteFlags.Accessed | write | noExecute;
    }
}
