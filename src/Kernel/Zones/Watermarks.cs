using Sim.Kernel.PerCpu;

namespace Sim.Kernel.Zones;

/// <summary>
/// The reserve of free memory and what follows from it, in pages, as mm/page_alloc.c of 6.1 computes them:
/// <c>calculate_min_free_kbytes</c>, <c>__setup_per_zone_wmarks</c>, <c>setup_per_zone_lowmem_reserve</c>.
/// </summary>
public static class Watermarks
{
    /// <summary>Distance of the watermarks, in ten-thousandths of the zone (<c>watermark_scale_factor</c>).</summary>
    private const int ScaleFactor = 10;

    private const long LeastMinFreeKbytes = 128, GreatestMinFreeKbytes = 262_144;

    /// <summary>Pages that high memory keeps at least and at most.</summary>
    private const long LeastHighMem = 32, GreatestHighMem = 128;

    /// <summary>
    /// The reserve for a machine: the square root of 16 times the low memory in KiB, where only what lies above the high
    /// watermarks set so far counts.
    /// </summary>
    public static long MinFreeKbytes(IReadOnlyList<Zone> zones) =>
        Math.Clamp(SquareRoot(BufferPages(zones) * (Page.Size >> 10) * 16), LeastMinFreeKbytes, GreatestMinFreeKbytes);

    /// <summary>
    /// The reserve that khugepaged recommends: of every zone two page blocks free, and for each pair of migratetypes one that
    /// is almost free; at most a twentieth of low memory, and never less than the reserve so far (<c>set_recommended_min_free_kbytes</c>).
    /// </summary>
    public static long RecommendedMinFreeKbytes(IReadOnlyList<Zone> zones, int pageblockOrder, long minFreeKbytes)
    {
        const int freeBlocks = 2, almostFreeBlocks = MigrateTypes.PcpTypes * MigrateTypes.PcpTypes;
        long populated = zones.Count(z => z.Type <= ZoneType.Normal && z.IsPopulated);
        long pages = Math.Min((populated << pageblockOrder) * (freeBlocks + almostFreeBlocks), BufferPages(zones) / 20);
        return Math.Max(pages << (Page.Shift - 10), minFreeKbytes);
    }

    /// <summary>
    /// Memory that programs cannot have: of each zone its largest lowmem_reserve and its high watermark, as they were set
    /// (<c>calculate_totalreserve_pages</c>).
    /// </summary>
    public static long TotalReserve(IReadOnlyList<Zone> zones)
    {
        long pages = 0;
        foreach (Zone zone in zones)
        {
            long most = 0;
            foreach (Zone above in zones)
            {
                most = above.Type >= zone.Type ? Math.Max(most, zone.LowmemReserve(above.Type)) : most;
            }
            pages += Math.Min(most + zone.Watermark(Watermark.High) - zone.WatermarkBoost, zone.ManagedPages);
        }
        return pages;
    }

    /// <summary>Low memory above the high watermarks (<c>nr_free_buffer_pages</c>).</summary>
    private static long BufferPages(IReadOnlyList<Zone> zones)
    {
        long pages = 0;
        foreach (Zone zone in zones)
        {
            if (zone.Type <= ZoneType.Normal)
            {
                pages += Math.Max(zone.ManagedPages - zone.Watermark(Watermark.High), 0);
            }
        }
        return pages;
    }

    /// <summary>Sets the watermarks and per-CPU list sizes of all zones from the reserve (<c>setup_per_zone_wmarks</c>).</summary>
    internal static void Set(IReadOnlyList<Zone> zones, long minFreeKbytes, int cpus)
    {
        long reserve = minFreeKbytes >> (Page.Shift - 10);
        long lowmem = 0;
        foreach (Zone zone in zones)
        {
            lowmem += zone.Type == ZoneType.HighMem ? 0 : zone.ManagedPages;
        }
        foreach (Zone zone in zones)
        {
            long share = lowmem == 0 ? 0 : (long)((Int128)reserve * zone.ManagedPages / lowmem);
            long min = zone.Type == ZoneType.HighMem && zone.ManagedPages > 0
                ? Math.Clamp(zone.ManagedPages / 1024, LeastHighMem, GreatestHighMem)
                : share;
            long step = Math.Max(share >> 2, zone.ManagedPages * ScaleFactor / 10_000);
            zone.SetWatermark(Watermark.Min, min);
            zone.SetWatermark(Watermark.Low, min + step);
            zone.SetWatermark(Watermark.High, min + (2 * step));
            zone.SetWatermark(Watermark.Promo, min + (3 * step));
            SetPagesets(zone, cpus);
        }
    }

    /// <summary>Sets the sizes of a zone's per-CPU lists from its managed pages and low watermark (<c>zone_set_pageset_high_and_batch</c>).</summary>
    /// <param name="zone">The zone.</param>
    /// <param name="cpus">CPUs that run.</param>
    internal static void SetPagesets(Zone zone, int cpus)
    {
        int batch = PcpSizing.Batch(zone.ManagedPages);
        foreach (PerCpuPages pcp in zone.PerCpu)
        {
            pcp.Batch = batch;
            pcp.High = PcpSizing.High(zone.Watermark(Watermark.Low), cpus, batch);
        }
    }

    /// <summary>
    /// What a zone keeps from requests that may use higher zones: the pages of the zones above it up to the request's
    /// highest, divided by the zone's ratio (<c>setup_per_zone_lowmem_reserve</c>).
    /// </summary>
    internal static void SetLowmemReserve(IReadOnlyList<Zone> zones)
    {
        for (int i = 0; i < zones.Count; i++)
        {
            int ratio = zones[i].Type switch { ZoneType.Dma or ZoneType.Dma32 => 256, ZoneType.Normal => 32, _ => 0 };
            long above = 0;
            for (int j = i + 1; j < zones.Count; j++)
            {
                above += zones[j].ManagedPages;
                zones[i].SetLowmemReserve(zones[j].Type, ratio == 0 || zones[i].ManagedPages == 0 ? 0 : above / ratio);
            }
        }
    }

    /// <summary>The integer square root, rounded down.</summary>
    internal static long SquareRoot(long value)
    {
        long root = 0;
        for (long bit = 1L << 31; bit > 0; bit >>= 1)
        {
            long trial = root | bit;
            if (trial * trial <= value)
            {
                root = trial;
            }
        }
        return root;
    }
}
