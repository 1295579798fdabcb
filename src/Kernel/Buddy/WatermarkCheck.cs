using System.Runtime.CompilerServices;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Buddy;

/// <summary>
/// Whether a zone may serve a request: enough free pages would remain, and a block of the order is there
/// (<c>zone_watermark_fast</c>, <c>__zone_watermark_ok</c> of mm/page_alloc.c, 6.1).
/// </summary>
internal static class WatermarkCheck
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsMet(Zone zone, in PageRequest request)
    {
        Watermark level = (request.Flags & AllocFlags.Low) != 0 ? Watermark.Low : Watermark.Min;
        long mark = zone.Watermark(level);
        // Most requests end here: one page, and plenty of them.
        if (request.Order == 0 && zone.FreePagesCounter - zone.ReservedHighAtomic > mark + zone.LowmemReserve(request.HighestZone))
        {
            return true;
        }
        return (request.Flags & AllocFlags.NoWatermarks) != 0 || IsMet(zone, in request, mark, zone.FreePagesCounter)
            || IgnoresBoost(zone, in request, level);
    }

    /// <summary>The last resort of an atomic page: the min watermark without its boost.</summary>
    private static bool IgnoresBoost(Zone zone, in PageRequest request, Watermark level) =>
        request.Order == 0 && zone.WatermarkBoost > 0 && level == Watermark.Min && (request.Flags & AllocFlags.Harder) != 0
        && IsMet(zone, in request, zone.Watermark(level) - zone.WatermarkBoost, zone.FreePagesCounter);

    /// <summary>Whether the mark would hold with that many free pages (<c>__zone_watermark_ok</c>).</summary>
    internal static bool IsMet(Zone zone, in PageRequest request, long mark, long free)
    {
        const AllocFlags Reserves = AllocFlags.Harder | AllocFlags.Oom;
        free -= (1L << request.Order) - 1;
        if ((request.Flags & Reserves) == 0)
        {
            free -= zone.ReservedHighAtomic;
        }
        if ((request.Flags & AllocFlags.High) != 0)
        {
            mark -= mark / 2;
        }
        if ((request.Flags & Reserves) != 0)
        {
            mark -= (request.Flags & AllocFlags.Oom) != 0 ? mark / 2 : mark / 4;
        }
        if (free <= mark + zone.LowmemReserve(request.HighestZone))
        {
            return false;
        }
        if (request.Order == 0)
        {
            return true;
        }
        for (int order = request.Order; order < PageOrder.Count; order++)
        {
            if (zone.FreeBlocks(order) == 0)
            {
                continue;
            }
            for (int type = 0; type < MigrateTypes.PcpTypes; type++)
            {
                if (zone.FreeBlocks(order, (MigrateType)type) > 0)
                {
                    return true;
                }
            }
            if ((request.Flags & Reserves) != 0 && zone.FreeBlocks(order, MigrateType.HighAtomic) > 0)
            {
                return true;
            }
        }
        return false;
    }
}
