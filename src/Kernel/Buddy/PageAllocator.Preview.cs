using Sim.Kernel.Zones;

namespace Sim.Kernel.Buddy;

/// <content>What a request would meet, without making it.</content>
public sealed partial class PageAllocator
{
    /// <summary>The zone that a request would be served from as the free lists and counters are; null when none would.</summary>
    /// <param name="order">Order asked for.</param>
    /// <param name="gfp">How it is asked for.</param>
    /// <param name="slowly">It has failed at the low watermark before.</param>
    /// <param name="counters">The counter of free pages of each zone; null for the zones' own.</param>
    public ZoneType? ZoneFor(int order, GfpFlags gfp, bool slowly, Func<Zone, long>? counters = null)
    {
        ZoneType highest = _highestZone[(int)gfp & 15];
        Zone[] zones = _zonelists[(int)highest];
        var request = new PageRequest(order, Gfp.MigrateTypeOf(gfp), highest, 0, AllocFlags.Low);
        if (zones.Length > 0 && zones[0].Type == ZoneType.Normal && _state.Profile.HasDma32)
        {
            request.Flags |= AllocFlags.NoFragment;
        }
        if (!slowly && Preview(zones, request, counters) is { } fast)
        {
            return fast;
        }
        request.Flags = SlowFlags(gfp);
        if (Preview(zones, request, counters) is { } slow)
        {
            return slow;
        }
        if ((gfp & (GfpFlags.MemAlloc | GfpFlags.NoMemAlloc)) != GfpFlags.MemAlloc)
        {
            return null;
        }
        request.Flags = AllocFlags.NoWatermarks;
        return Preview(zones, request, counters);
    }

    private ZoneType? Preview(Zone[] zones, PageRequest request, Func<Zone, long>? counters)
    {
        while (true)
        {
            foreach (Zone zone in zones)
            {
                long mark = zone.Watermark((request.Flags & AllocFlags.Low) != 0 ? Watermark.Low : Watermark.Min);
                bool met = (request.Flags & AllocFlags.NoWatermarks) != 0
                    || WatermarkCheck.IsMet(zone, in request, mark, counters?.Invoke(zone) ?? zone.FreePagesCounter);
                if (met && HasBlock(zone, in request))
                {
                    return zone.Type;
                }
            }
            if ((request.Flags & AllocFlags.NoFragment) == 0)
            {
                return null;
            }
            request.Flags &= ~AllocFlags.NoFragment;
        }
    }

    private bool HasBlock(Zone zone, in PageRequest request)
    {
        if (_state.HasPcpList(request.Order))
        {
            foreach (PerCpu.PerCpuPages pcp in zone.PerCpu)
            {
                if (_frames.First(pcp.ListHead(request.Order, request.MigrateType)) >= 0)
                {
                    return true;
                }
            }
        }
        if (BuddyLists.SmallestOrder(zone, request.Order, request.MigrateType) >= 0)
        {
            return true;
        }
        int least = (request.Flags & AllocFlags.NoFragment) != 0 ? Math.Max(request.Order, _state.Profile.PageblockOrder) : request.Order;
        for (int order = least; order <= PageOrder.Max; order++)
        {
            if (zone.FreeBlocks(order) > zone.FreeBlocks(order, MigrateType.HighAtomic) + zone.FreeBlocks(order, MigrateType.Isolate))
            {
                return true;
            }
        }
        return false;
    }
}
