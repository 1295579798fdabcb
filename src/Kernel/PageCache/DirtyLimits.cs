using Sim.Kernel.Buddy;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Zones;

namespace Sim.Kernel.PageCache;

/// <summary>How many pages may be dirty (<c>domain_dirty_limits</c>, <c>global_dirtyable_memory</c> of mm/page-writeback.c, Linux 6.1).</summary>
/// <param name="Background">From here on the flusher writes.</param>
/// <param name="Throttle">Here tasks that make more are stopped.</param>
public readonly record struct DirtyLimits(long Background, long Throttle)
{
    /// <summary>Up to here nobody is held back.</summary>
    public long FreeRun => (Background + Throttle) / 2;

    /// <summary>The limits at the moment: parts of what is free above the reserves or holds files, high memory left out.</summary>
    public static DirtyLimits Of(PageAllocatorState pages, LruState lru, PageCacheOptions options)
    {
        long free = 0, reserves = 0, file = 0;
        foreach (Zone zone in pages.Zones)
        {
            long most = 0;
            foreach (Zone above in pages.Zones)
            {
                most = above.Type >= zone.Type ? Math.Max(most, zone.LowmemReserve(above.Type)) : most;
            }
            reserves += Math.Min(most + zone.Watermark(Watermark.High), zone.ManagedPages);
            if (zone.Type != ZoneType.HighMem)
            {
                free += zone.FreePages;
                file += lru.Size(LruList.InactiveFile, zone.Type) + lru.Size(LruList.ActiveFile, zone.Type);
            }
        }
        long dirtyable = free - Math.Min(free, reserves) + file + 1;
        long background = dirtyable * options.DirtyBackgroundRatio / 100, throttle = dirtyable * options.DirtyRatio / 100;
        return new DirtyLimits(background >= throttle ? throttle / 2 : background, throttle);
    }
}
