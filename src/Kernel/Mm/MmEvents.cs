using Sim.Engine.Events;

namespace Sim.Kernel.Mm;

/// <summary>The kernel set up its own page table and the zero page.</summary>
/// <param name="RootPfn">Frame of the kernel's top-level page table (<c>swapper_pg_dir</c>).</param>
/// <param name="ZeroPfn">Frame that all never-written anonymous pages map (<c>empty_zero_page</c>).</param>
[Event(70, "mm.init")]
public readonly partial record struct MmInit(
    [Unit("pfn")] long RootPfn,
    [Unit("pfn")] long ZeroPfn);

/// <summary>The kernel mapped low memory at its direct map, with large pages; the tables for it are in place.</summary>
/// <param name="Frames">Frames mapped from frame 0 on, a multiple of a large page.</param>
[Event(71, "mm.direct_map")]
public readonly partial record struct MmDirectMap(
    [Unit("pages")] long Frames);

/// <summary>A process got an empty address space that shares the kernel's half.</summary>
/// <param name="Pid">Process.</param>
/// <param name="RootPfn">Frame of its top-level page table.</param>
[Event(72, "mm.create")]
public readonly partial record struct MmCreate(
    [Unit("pid")] int Pid,
    [Unit("pfn")] long RootPfn);

/// <summary>An address space ended with all its areas, pages and page tables.</summary>
/// <param name="Pid">Process.</param>
[Event(73, "mm.exit")]
public readonly partial record struct MmExit(
    [Unit("pid")] int Pid);

/// <summary>The program loader told where heap and stack of a new program are.</summary>
/// <param name="Pid">Process.</param>
/// <param name="StartBrk">Start and end of the empty heap.</param>
/// <param name="StartStack">Address of the stack's first word.</param>
[Event(74, "mm.layout")]
public readonly partial record struct MmLayout(
    [Unit("pid")] int Pid,
    [Address] long StartBrk,
    [Address] long StartStack);

/// <summary>A page table was added below the top-level one.</summary>
/// <param name="Pid">Process; 0 for the kernel's own tables.</param>
/// <param name="Level">Level of the new table; 0 holds the entries of pages.</param>
/// <param name="Vpn">Page number of the address for which the table was missing.</param>
/// <param name="Pfn">Frame of the table.</param>
[Event(75, "pgtable.alloc")]
public readonly partial record struct PgtableAlloc(
    [Unit("pid")] int Pid,
    byte Level,
    [Unit("vpn"), Delta(20)] long Vpn,
    [Unit("pfn"), Delta(21)] long Pfn);

/// <summary>A range in which nothing is mapped became an area, or extends its neighbours.</summary>
/// <param name="Pid">Process.</param>
/// <param name="Vpn">First page.</param>
/// <param name="Pages">Length.</param>
/// <param name="Flags">The kernel's vm_flags.</param>
/// <param name="File">File behind it: a symbol; negative for anonymous shared memory; 0 for none.</param>
/// <param name="Pgoff">Offset of the first page in its object; for private anonymous memory the page number.</param>
[Event(76, "vma.mmap")]
public readonly partial record struct VmaMmap(
    [Unit("pid")] int Pid,
    [Unit("vpn"), Delta(20)] long Vpn,
    [Unit("pages")] long Pages,
    [Unit("hex")] int Flags,
    [Symbol] int File,
    [Unit("pages"), Delta(22)] long Pgoff);

/// <summary>Everything mapped in a range was unmapped: areas, pages and page tables no longer needed.</summary>
/// <param name="Pid">Process.</param>
/// <param name="Vpn">First page.</param>
/// <param name="Pages">Length.</param>
[Event(77, "vma.munmap")]
public readonly partial record struct VmaMunmap(
    [Unit("pid")] int Pid,
    [Unit("vpn"), Delta(20)] long Vpn,
    [Unit("pages")] long Pages);

/// <summary>Part of one area, or all of it, got other permissions.</summary>
/// <param name="Pid">Process.</param>
/// <param name="Vpn">First page.</param>
/// <param name="Pages">Length.</param>
/// <param name="Flags">The new vm_flags.</param>
[Event(78, "vma.mprotect")]
public readonly partial record struct VmaMprotect(
    [Unit("pid")] int Pid,
    [Unit("vpn"), Delta(20)] long Vpn,
    [Unit("pages")] long Pages,
    [Unit("hex")] int Flags);

/// <summary>The end of the heap moved; pages above a lower end are unmapped.</summary>
/// <param name="Pid">Process.</param>
/// <param name="Brk">New end.</param>
[Event(79, "vma.brk")]
public readonly partial record struct VmaBrk(
    [Unit("pid")] int Pid,
    [Address, Delta(23)] long Brk);

/// <summary>A growing area was extended down to a page below it.</summary>
/// <param name="Pid">Process.</param>
/// <param name="Vpn">New first page.</param>
[Event(80, "vma.grow")]
public readonly partial record struct VmaGrow(
    [Unit("pid")] int Pid,
    [Unit("vpn"), Delta(20)] long Vpn);
