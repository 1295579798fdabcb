using Sim.Engine.Events;

namespace Sim.Kernel.Vmalloc;

/// <summary>Why memory could not be had at contiguous kernel addresses.</summary>
public enum VmallocFailure : byte
{
    /// <summary>More than the machine has.</summary>
    ExceedsTotalPages,

    /// <summary>No description of the area, or no range of free addresses, also after a purge.</summary>
    Area,

    /// <summary>No memory for the array that lists the pages.</summary>
    PageArray,

    /// <summary>Not enough pages.</summary>
    Pages,

    /// <summary>No memory for page tables.</summary>
    PageTables,
}

/// <summary>A range of the kernel's addresses was taken for an area (<c>__get_vm_area_node</c>): the lowest free one that fits.</summary>
/// <param name="Vpn">First page.</param>
/// <param name="Pages">Length, the guard page behind it included.</param>
/// <param name="Flags">The area's flags (VM_ALLOC and others).</param>
/// <param name="Caller">Who asked: a symbol.</param>
/// <param name="Cpu">CPU that asked.</param>
/// <param name="DescriptorAddress">Physical address of its vm_struct, an object of kmalloc.</param>
/// <param name="RangeAddress">Physical address of its vmap_area, an object of that cache.</param>
/// <param name="SpareAddress">Another one that the CPU keeps ready for when a free range falls in two; 0 when it has one.</param>
[Event(209, "vmalloc.area")]
public readonly partial record struct VmallocArea(
    [Unit("vpn"), Delta(24)] long Vpn,
    [Unit("pages")] long Pages,
    [Unit("hex")] int Flags,
    [Symbol] int Caller,
    byte Cpu,
    [Address] long DescriptorAddress,
    [Address] long RangeAddress,
    [Address] long SpareAddress);

/// <summary>An area got its pages (<c>vm_area_alloc_pages</c>); they are mapped next.</summary>
/// <param name="Vpn">First page of the area.</param>
/// <param name="Pages">Pages it owns.</param>
/// <param name="ArrayAddress">Where the array lies that lists them: a physical address of kmalloc's, or a linear one of the vmalloc area.</param>
[Event(210, "vmalloc.pages")]
public readonly partial record struct VmallocPages(
    [Unit("vpn"), Delta(24)] long Vpn,
    [Unit("pages")] long Pages,
    [Address] long ArrayAddress);

/// <summary>Page-table entries of the kernel's half were written for a run of frames that follow one another.</summary>
/// <param name="Vpn">First page.</param>
/// <param name="Pfn">Its frame.</param>
/// <param name="Pages">Length of the run.</param>
[Event(211, "kernel.map")]
public readonly partial record struct KernelMap(
    [Unit("vpn"), Delta(24)] long Vpn,
    [Unit("pfn"), Delta(25)] long Pfn,
    [Unit("pages")] long Pages);

/// <summary>An area ended: its entries are cleared, and its addresses wait for a purge, for CPUs may still have translations (<c>free_unmap_vmap_area</c>).</summary>
/// <param name="Vpn">First page.</param>
[Event(212, "vmalloc.unmap")]
public readonly partial record struct VmallocUnmap(
    [Unit("vpn"), Delta(24)] long Vpn);

/// <summary>All addresses that waited are free again, after all CPUs have dropped their translations (<c>__purge_vmap_area_lazy</c>).</summary>
/// <param name="Vpn">First page of the range flushed.</param>
/// <param name="Pages">Its length.</param>
[Event(213, "vmalloc.purge")]
public readonly partial record struct VmallocPurge(
    [Unit("vpn")] long Vpn,
    [Unit("pages")] long Pages);

/// <summary>The kernel's top-level entries of a range were copied into all address spaces (<c>arch_sync_kernel_mappings</c>).</summary>
/// <param name="Vpn">First page.</param>
/// <param name="Pages">Length.</param>
[Event(214, "vmalloc.sync")]
public readonly partial record struct VmallocSync(
    [Unit("vpn"), Delta(24)] long Vpn,
    [Unit("pages")] long Pages);

/// <summary>The kernel touched an address of the vmalloc area for which the address space had no top-level entry; it was copied (<c>vmalloc_fault</c>).</summary>
/// <param name="Vpn">Page.</param>
/// <param name="RootPfn">Frame of the top-level table that got it.</param>
[Event(215, "fault.vmalloc")]
public readonly partial record struct FaultVmalloc(
    [Unit("vpn"), Delta(24)] long Vpn,
    [Unit("pfn")] long RootPfn);

/// <summary>A request for memory at contiguous kernel addresses failed.</summary>
/// <param name="Pages">Pages asked for.</param>
/// <param name="FailureReason">Why.</param>
/// <param name="Caller">Who asked: a symbol.</param>
/// <param name="Cpu">CPU that asked.</param>
[Event(216, "vmalloc.failed")]
public readonly partial record struct VmallocFailed(
    [Unit("pages")] long Pages, VmallocFailure FailureReason, [Symbol] int Caller, byte Cpu);

/// <summary>An area was given back where it cannot be taken down, in an interrupt; a kernel thread does it later (<c>vfree_atomic</c>).</summary>
/// <param name="Vpn">First page.</param>
/// <param name="Cpu">CPU whose thread it is left to.</param>
[Event(217, "vmalloc.defer")]
public readonly partial record struct VmallocDefer(
    [Unit("vpn"), Delta(24)] long Vpn, byte Cpu);
