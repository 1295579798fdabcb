using System.Numerics;
using Sim.Kernel.Zones;

namespace Sim.Kernel.PerCpu;

/// <summary>Sizes of the per-CPU lists, in pages, as mm/page_alloc.c of 6.1 computes them.</summary>
public static class PcpSizing
{
    /// <summary>The free factor stops growing here (<c>CONFIG_PCP_BATCH_SCALE_MAX</c>).</summary>
    public const int MaxFreeFactor = 5;

    /// <summary>
    /// Pages moved at a time: about a thousandth of the zone, at most 1 MiB, a quarter of that, then one less than a
    /// power of two so that it does not beat with caches; at least 1 (<c>zone_batchsize</c>).
    /// </summary>
    public static int Batch(long managedPages)
    {
        long quarter = Math.Min(managedPages >> 10, (1L << 20) / Page.Size) / 4;
        quarter = Math.Max(quarter, 1);
        return Math.Max((1 << BitOperations.Log2((ulong)(quarter + (quarter / 2)))) - 1, 1);
    }

    /// <summary>Limit of the lists of one CPU: the zone's low watermark shared by the CPUs, at least four batches (<c>zone_highsize</c>).</summary>
    public static int High(long lowWatermarkPages, int cpus, int batch) =>
        (int)Math.Min(Math.Max(lowWatermarkPages / cpus, (long)batch << 2), int.MaxValue);

    /// <summary>Blocks of an order that a refill takes from the buddy lists (<c>__rmqueue_pcplist</c>).</summary>
    public static int RefillBlocks(int batch, int order) => batch <= 1 ? batch : Math.Max(batch >> order, 2);
}
