using Sim.Engine.Events;

namespace Sim.Kernel.Mm;

/// <summary>Part of one area, or all of it, got other flags that change no permission: madvise, mlock, munlock.</summary>
/// <param name="Pid">Process.</param>
/// <param name="Vpn">First page.</param>
/// <param name="Pages">Length.</param>
/// <param name="Flags">The new vm_flags.</param>
[Event(148, "vma.flags")]
public readonly partial record struct VmaFlags(
    [Unit("pid")] int Pid,
    [Unit("vpn"), Delta(20)] long Vpn,
    [Unit("pages")] long Pages,
    [Unit("hex")] int Flags);

/// <summary>mremap made a copy of an area elsewhere, without its pages (<c>copy_vma</c>).</summary>
/// <param name="Pid">Process.</param>
/// <param name="Vpn">First page of what is moved.</param>
/// <param name="NewVpn">First page of the copy, or of what it became part of.</param>
/// <param name="NewPages">Length of the copy.</param>
/// <param name="Stays">The old area stays mapped (MREMAP_DONTUNMAP).</param>
/// <param name="Apart">Where it touches the old area, a copy without pages merges with none.</param>
[Event(149, "vma.copy")]
public readonly partial record struct VmaCopy(
    [Unit("pid")] int Pid,
    [Unit("vpn"), Delta(20)] long Vpn,
    [Unit("vpn"), Delta(20)] long NewVpn,
    [Unit("pages")] long NewPages,
    bool Stays,
    bool Apart);

/// <summary>A range of one area became an area of its own; nothing else of it changed.</summary>
/// <param name="Pid">Process.</param>
/// <param name="Vpn">First page.</param>
/// <param name="Pages">Length.</param>
[Event(241, "vma.split")]
public readonly partial record struct VmaSplit(
    [Unit("pid")] int Pid,
    [Unit("vpn"), Delta(20)] long Vpn,
    [Unit("pages")] long Pages);

/// <summary>The pages of a range, at most what one page table covers, are mapped elsewhere now (<c>move_ptes</c>).</summary>
/// <param name="Pid">Process.</param>
/// <param name="Vpn">First page where they were.</param>
/// <param name="NewVpn">First page where they are; its table is there.</param>
/// <param name="Pages">Length.</param>
[Event(150, "vma.move_pages")]
public readonly partial record struct VmaMovePages(
    [Unit("pid")] int Pid,
    [Unit("vpn"), Delta(20)] long Vpn,
    [Unit("vpn"), Delta(20)] long NewVpn,
    [Unit("pages")] long Pages);

/// <summary>
/// An area whose pages were moved away stays mapped (MREMAP_DONTUNMAP): it is not locked any more, though its pages stay counted as
/// locked, in place of those of the copy; and it is without its <c>anon_vma</c> when all of it was moved.
/// </summary>
/// <param name="Pid">Process.</param>
/// <param name="Vpn">First page moved.</param>
/// <param name="Pages">Pages moved.</param>
/// <param name="NewVpn">Where they are.</param>
/// <param name="Whole">The area is unlocked as it is (before 6.1.191); else it is what was moved, if it was locked, and one without pages has the page offset of its address.</param>
[Event(151, "vma.leave")]
public readonly partial record struct VmaLeave(
    [Unit("pid")] int Pid,
    [Unit("vpn"), Delta(20)] long Vpn,
    [Unit("pages")] long Pages,
    [Unit("vpn"), Delta(20)] long NewVpn,
    bool Whole);

/// <summary>An area was made longer at its end, and merged with the one it then touches if they fit (mremap).</summary>
/// <param name="Pid">Process.</param>
/// <param name="Vpn">First page added.</param>
/// <param name="Pages">Pages added.</param>
[Event(152, "vma.lengthen")]
public readonly partial record struct VmaLengthen(
    [Unit("pid")] int Pid,
    [Unit("vpn"), Delta(20)] long Vpn,
    [Unit("pages")] long Pages);

/// <summary>The pages of a range were unmapped, their areas and tables stay (MADV_DONTNEED; <c>zap_page_range</c>).</summary>
/// <param name="Pid">Process.</param>
/// <param name="Vpn">First page.</param>
/// <param name="Pages">Length.</param>
[Event(153, "vma.zap")]
public readonly partial record struct VmaZap(
    [Unit("pid")] int Pid,
    [Unit("vpn"), Delta(20)] long Vpn,
    [Unit("pages")] long Pages);

/// <summary>The anonymous pages of a range may be freed under pressure unless they are written again (MADV_FREE).</summary>
/// <param name="Pid">Process.</param>
/// <param name="Vpn">First page.</param>
/// <param name="Pages">Length.</param>
[Event(154, "vma.lazyfree")]
public readonly partial record struct VmaLazyFree(
    [Unit("pid")] int Pid,
    [Unit("vpn"), Delta(20)] long Vpn,
    [Unit("pages")] long Pages);

/// <summary>An area got its <c>anon_vma</c> for a page or growth that then failed (<c>anon_vma_prepare</c>).</summary>
/// <param name="Pid">Process.</param>
/// <param name="Vpn">A page of the area.</param>
[Event(155, "vma.anon_vma")]
public readonly partial record struct VmaAnonVma(
    [Unit("pid")] int Pid,
    [Unit("vpn"), Delta(20)] long Vpn);
