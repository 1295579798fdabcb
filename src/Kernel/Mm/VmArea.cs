using Sim.Hardware.Paging;

namespace Sim.Kernel.Mm;

/// <summary>
/// A range of an address space with one set of permissions and one object behind it: <c>vm_area_struct</c>
/// (include/linux/mm_types.h). <c>vm_next</c> is the next area of <see cref="AreaIndex"/>.
/// </summary>
public struct VmArea
{
    /// <summary>First address (<c>vm_start</c>), page-aligned.</summary>
    public ulong VmStart;

    /// <summary>First address behind the area (<c>vm_end</c>), page-aligned.</summary>
    public ulong VmEnd;

    /// <summary>
    /// Offset of the first page in its object, in pages (<c>vm_pgoff</c>). For private anonymous memory the virtual page
    /// number at which it was mapped.
    /// </summary>
    public long VmPgoff;

    /// <summary>Page-table flags of a page mapped without write access to come (<c>vm_page_prot</c>).</summary>
    public PteFlags VmPageProt;

    /// <summary>Permissions and kind (<c>vm_flags</c>).</summary>
    public VmFlags VmFlags;

    /// <summary>
    /// The object behind the area (<c>vm_file</c>): a symbol id of a file when positive, the number of an anonymous
    /// shared memory object when negative, 0 for private anonymous memory.
    /// </summary>
    public int VmFile;

    /// <summary>Number of the <c>anon_vma</c> that its anonymous pages belong to; 0 while it has had none.</summary>
    public int AnonVma;

    /// <summary>
    /// Length of <c>anon_vma_chain</c>: 0 without an <c>anon_vma</c>, 1 with one of its own process, 1 more for every fork in
    /// between.
    /// </summary>
    public int AnonChain;

    /// <summary>Pid of the process whose address space it is in (<c>vm_mm</c>).</summary>
    public int VmMm;

    /// <summary>
    /// Reading ahead from the swap area (<c>swap_readahead_info</c>): page number of the last fault there, window and hits, as
    /// the kernel packs them; 0 before the first.
    /// </summary>
    public long SwapReadahead;

    /// <summary>Length in pages.</summary>
    public readonly long Pages => (long)((VmEnd - VmStart) >> 12);

    /// <summary>True when the address is inside.</summary>
    public readonly bool Contains(ulong address) => address - VmStart < VmEnd - VmStart;

    /// <summary>Offset in the object of the page at an address, in pages.</summary>
    public readonly long PgoffOf(ulong address) => VmPgoff + ((long)(address >> 12) - (long)(VmStart >> 12));

    /// <summary>Start of the guard gap that keeps other mappings away from a growing stack (<c>vm_start_gap</c>).</summary>
    public readonly ulong StartWithGap(ulong guardGapBytes) =>
        (VmFlags & VmFlags.GrowsDown) == 0 ? VmStart : VmStart > guardGapBytes ? VmStart - guardGapBytes : 0;
}
