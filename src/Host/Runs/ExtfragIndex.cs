using Sim.Kernel.Zones;

namespace Sim.Host.Runs;

/// <summary>
/// The kernel's fragmentation index (<c>__fragmentation_index</c>, mm/vmstat.c), in its integer arithmetic: -1000 when
/// a block of the order is free, else 0 (memory is short) to 1000 (memory is fragmented).
/// </summary>
internal static class ExtfragIndex
{
    public static int Of(Zone zone, int order)
    {
        long pages = 0, blocks = 0, suitable = 0;
        for (int o = 0; o < PageOrder.Count; o++)
        {
            long free = zone.FreeBlocks(o);
            blocks += free;
            pages += free << o;
            suitable += o >= order ? free : 0;
        }
        return blocks == 0 ? 0
            : suitable > 0 ? -1000
            : (int)(1000 - ((1000 + (pages * 1000 / (1L << order))) / blocks));
    }
}
