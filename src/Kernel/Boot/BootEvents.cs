using Sim.Engine.Events;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Boot;

/// <summary>What the kernel keeps memory back for at boot.</summary>
public enum ReserveReason : byte
{
    None,

    /// <summary>The first MiB: real-mode code, firmware data, the trampoline of other CPUs.</summary>
    LowMemory,

    /// <summary>The kernel's own code and data.</summary>
    KernelImage,

    /// <summary>The array of <c>struct page</c>.</summary>
    MemMap,

    /// <summary>Page tables of the kernel's direct mapping.</summary>
    DirectMapTables,

    /// <summary>The kernel log.</summary>
    LogBuffer,

    /// <summary>Static per-CPU areas.</summary>
    PerCpuAreas,

    /// <summary>Hash table of directory entries.</summary>
    DentryHash,

    /// <summary>Hash table of inodes.</summary>
    InodeHash,

    /// <summary>The initial RAM disk; freed once it is unpacked.</summary>
    Initrd,

    /// <summary>Code and data of the kernel image that only boot needs; freed before the first process runs.</summary>
    InitSections,

    /// <summary>What the kernel needed as long as it might have found more CPUs; freed when it has counted them.</summary>
    SmpAlternatives,

    /// <summary>The kernel's early heap behind its image: the first page tables and firmware tables.</summary>
    Brk,

    /// <summary>The description of the memory node.</summary>
    NodeData,

    /// <summary>The index of memory sections and the types of their page blocks.</summary>
    Sections,

    /// <summary>Small tables made during boot: resources, command lines, the bookkeeping of per-CPU areas.</summary>
    BootTables,

    /// <summary>Memory below 4 GiB for devices that do not reach beyond.</summary>
    BounceBuffers,
}

/// <summary>How a range is handed over.</summary>
public enum ReleaseWay : byte
{
    /// <summary>In blocks as large as size and alignment allow (memblock_free_all).</summary>
    Blocks,

    /// <summary>The same, by a kernel thread after the other CPUs are up (deferred_init_memmap).</summary>
    Deferred,

    /// <summary>Page by page, each through the per-CPU lists of early boot, which keep none (free_highmem_page).</summary>
    Pages,
}

/// <summary>Moments of boot at which the kernel computes something from a zone's managed pages.</summary>
public enum BootMoment : byte
{
    /// <summary>Memblock has handed over low and high memory.</summary>
    HandOver,

    /// <summary>The per-CPU lists get their first sizes (setup_per_cpu_pageset).</summary>
    Pagesets,

    /// <summary>The reserve, watermarks and lowmem reserves are computed (init_per_zone_wmark_min).</summary>
    Watermarks,

    /// <summary>Huge pages are set up and the reserve is computed again (start_stop_khugepaged).</summary>
    HugePages,

    /// <summary>The RAM disk and the kernel's init sections are free.</summary>
    Late,
}

/// <summary>A zone was laid out over the machine's memory (free_area_init).</summary>
/// <param name="Zone">Which zone.</param>
/// <param name="StartPfn">Its first frame.</param>
/// <param name="SpannedPages">Frame numbers from first to last, holes included.</param>
/// <param name="PresentPages">Frames that memory stands behind.</param>
/// <param name="DeferredPfn">First frame whose page block gets its type only when it is handed over; the zone's end where there is none.</param>
[Event(50, "boot.zone")]
public readonly partial record struct BootZone(
    ZoneType Zone, [Unit("pfn")] long StartPfn, [Unit("pages")] long SpannedPages, [Unit("pages")] long PresentPages,
    [Unit("pfn")] long DeferredPfn);

/// <summary>Frames were kept back from the allocator (memblock_reserve).</summary>
/// <param name="Pfn">First frame.</param>
/// <param name="Pages">Number of frames.</param>
/// <param name="Reason">What for.</param>
[Event(51, "boot.reserve")]
public readonly partial record struct BootReserve(
    [Unit("pfn")] long Pfn, [Unit("pages")] long Pages, ReserveReason Reason);

/// <summary>A range of frames was handed to the buddy system.</summary>
/// <param name="Pfn">First frame.</param>
/// <param name="Pages">Number of frames.</param>
/// <param name="ReleaseWay">In what pieces.</param>
[Event(52, "boot.release")]
public readonly partial record struct BootRelease(
    [Unit("pfn")] long Pfn, [Unit("pages")] long Pages, ReleaseWay ReleaseWay);

/// <summary>The reserve was set; watermarks and the sizes of per-CPU lists follow from it and from the managed pages, and the lowmem reserves where the moment is that of the watermarks.</summary>
/// <param name="MinFreeKbytes">The reserve.</param>
/// <param name="Moment">When in boot.</param>
[Event(53, "boot.watermarks")]
public readonly partial record struct BootWatermarks(
    [Unit("kib")] long MinFreeKbytes, BootMoment Moment);

/// <summary>What a zone managed at a moment of boot.</summary>
/// <param name="Moment">When.</param>
/// <param name="Zone">Which zone.</param>
/// <param name="ManagedPages">Frames handed over so far.</param>
[Event(54, "boot.managed")]
public readonly partial record struct BootManaged(
    BootMoment Moment, ZoneType Zone, [Unit("pages")] long ManagedPages);

/// <summary>The per-CPU lists were set up and got their first sizes from the zone's managed pages (setup_per_cpu_pageset).</summary>
/// <param name="Zone">Whose lists.</param>
[Event(38, "boot.pagesets")]
public readonly partial record struct BootPagesets(
    ZoneType Zone);

/// <summary>Frames kept back until now were given to the allocator: they count as managed and are freed one by one by the page.free events this one causes (free_reserved_area).</summary>
/// <param name="Pfn">First frame.</param>
/// <param name="Pages">Number of frames.</param>
/// <param name="Reason">What they had been kept for.</param>
[Event(39, "boot.free_reserved")]
public readonly partial record struct BootFreeReserved(
    [Unit("pfn")] long Pfn, [Unit("pages")] long Pages, ReserveReason Reason);
