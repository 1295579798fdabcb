using System.Numerics;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Boot;

/// <summary>Sizes of the kernel's large hash tables, which grow with memory (<c>alloc_large_system_hash</c>, mm/page_alloc.c).</summary>
internal static class BootHash
{
    private const int DentryScale = 13, InodeScale = 14;

    /// <summary>Bytes of the table of directory entries.</summary>
    public static long DentryBytes(ZoneProfile profile, MemoryMap map) => Bytes(DentryScale, profile, map);

    /// <summary>Bytes of the table of inodes.</summary>
    public static long InodeBytes(ZoneProfile profile, MemoryMap map) => Bytes(InodeScale, profile, map);

    /// <summary>
    /// One pointer per 2^scale bytes of memory, a power of two, coarser by one step for each fourfold size above 64 GiB on
    /// 64 bits.
    /// </summary>
    private static long Bytes(int scale, ZoneProfile profile, MemoryMap map)
    {
        bool is64Bit = profile.Profile == KernelProfile.X86_64;
        long pages = KernelPages(profile, map);
        for (long size = (64L << 30) >> Page.Shift; is64Bit && size < pages; size <<= 2)
        {
            scale++;
        }
        const long mib = (1L << 20) >> Page.Shift;
        long entries = (long)BitOperations.RoundUpToPowerOf2((ulong)(((pages + mib - 1) & -mib) >> (scale - Page.Shift)));
        return Math.Max(entries, 1) * (is64Bit ? 8 : 4);
    }

    /// <summary>
    /// The permanently mapped pages as the kernel estimates them before it knows its reservations: present pages without
    /// the memory map's share, and in zone DMA of x86-64 without what is taken below 1 MiB (<c>free_area_init_core</c>).
    /// </summary>
    private static long KernelPages(ZoneProfile profile, MemoryMap map)
    {
        long pages = 0;
        foreach (ZoneRange zone in profile.Cut(map))
        {
            bool sparse = profile.Profile == KernelProfile.X86_64 && zone.SpannedPages > zone.PresentPages + (zone.PresentPages >> 4);
            long memMap = (((sparse ? zone.PresentPages : zone.SpannedPages) * profile.StructPageBytes) + Page.Size - 1) >> Page.Shift;
            long free = zone.PresentPages >= memMap ? zone.PresentPages - memMap : zone.PresentPages;
            if (zone.Type == ZoneType.HighMem)
            {
                pages -= pages > 2 * memMap ? memMap : 0;
                continue;
            }
            if (zone.Type == ZoneType.Dma && profile.Profile == KernelProfile.X86_64)
            {
                free -= Math.Min(free, map.Usable.Sum(r => Math.Max(0, Math.Min(r.EndPfn, 0x100) - r.StartPfn)));
            }
            pages += free;
        }
        return pages;
    }
}
