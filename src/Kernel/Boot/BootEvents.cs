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
}

/// <summary>A zone was laid out over the machine's memory (free_area_init).</summary>
/// <param name="Zone">Which zone.</param>
/// <param name="StartPfn">Its first frame.</param>
/// <param name="SpannedPages">Frame numbers from first to last, holes included.</param>
/// <param name="PresentPages">Frames that memory stands behind.</param>
[Event(50, "boot.zone")]
public readonly partial record struct BootZone(
    ZoneType Zone, [Unit("pfn")] long StartPfn, [Unit("pages")] long SpannedPages, [Unit("pages")] long PresentPages);

/// <summary>Frames were kept back from the allocator for good (memblock_reserve).</summary>
/// <param name="Pfn">First frame.</param>
/// <param name="Pages">Number of frames.</param>
/// <param name="Reason">What for.</param>
[Event(51, "boot.reserve")]
public readonly partial record struct BootReserve(
    [Unit("pfn")] long Pfn, [Unit("pages")] long Pages, ReserveReason Reason);

/// <summary>A range of frames was handed to the buddy system in blocks as large as size and alignment allow (memblock_free_all).</summary>
/// <param name="Pfn">First frame.</param>
/// <param name="Pages">Number of frames.</param>
[Event(52, "boot.release")]
public readonly partial record struct BootRelease(
    [Unit("pfn")] long Pfn, [Unit("pages")] long Pages);

/// <summary>The reserve was set; watermarks, lowmem reserves and the sizes of per-CPU lists follow from it and from the managed pages (init_per_zone_wmark_min).</summary>
/// <param name="MinFreeKbytes">The reserve.</param>
[Event(53, "boot.watermarks")]
public readonly partial record struct BootWatermarks(
    [Unit("kib")] long MinFreeKbytes);
