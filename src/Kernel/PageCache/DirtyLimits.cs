using Sim.Kernel.Buddy;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Zones;

namespace Sim.Kernel.PageCache;

/// <summary>How many pages may be dirty (<c>domain_dirty_limits</c>, <c>global_dirtyable_memory</c>, <c>highmem_dirtyable_memory</c> of mm/page-writeback.c, Linux 6.1).</summary>
/// <param name="Background">From here on the flusher writes.</param>
/// <param name="Throttle">Here tasks that make more are stopped.</param>
public readonly record struct DirtyLimits(long Background, long Throttle)
{
    /// <summary>Up to here nobody is held back.</summary>
    public long FreeRun => (Background + Throttle) / 2;

    /// <summary>The limits at the moment: parts of what is free above the reserves or holds files, high memory left out.</summary>
    public static DirtyLimits Of(PageAllocatorState pages, LruState lru, PageCacheOptions options)
    {
        long free = 0, file = 0, high = 0;
        foreach (Zone zone in pages.Zones)
        {
            long ofFiles = lru.Size(LruList.InactiveFile, zone.Type) + lru.Size(LruList.ActiveFile, zone.Type);
            free += zone.FreePages;
            file += ofFiles;
            high += zone.Type == ZoneType.HighMem ? Math.Max(zone.FreePages - zone.Watermark(Watermark.High), 0) + ofFiles : 0;
        }
        return Of(free, Watermarks.TotalReserve(pages.Zones), file, high, options);
    }

    /// <summary>The limits that follow from the counts of all zones together.</summary>
    /// <param name="free">Free pages.</param>
    /// <param name="reserve">Those that programs cannot have (<c>totalreserve_pages</c>).</param>
    /// <param name="file">Pages on the lists of files.</param>
    /// <param name="high">Of high memory, free pages above the high watermark and pages on the lists of files.</param>
    /// <param name="options">The ratios.</param>
    internal static DirtyLimits Of(long free, long reserve, long file, long high, PageCacheOptions options)
    {
        long dirtyable = free - Math.Min(free, reserve) + file;
        dirtyable -= Math.Min(high, dirtyable) - 1;
        long background = Part(dirtyable, options.DirtyBackgroundRatio), throttle = Part(dirtyable, options.DirtyRatio);
        return new DirtyLimits(background >= throttle ? throttle / 2 : background, throttle);
    }

    /// <summary>A ratio counts in whole 4096ths.</summary>
    private static long Part(long pages, int percent) => percent * Page.Size / 100 * pages / Page.Size;
}
