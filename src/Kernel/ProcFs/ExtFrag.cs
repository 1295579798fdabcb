using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;
using Sim.Kernel.Buddy;
using Sim.Kernel.Zones;

namespace Sim.Kernel.ProcFs;

/// <summary>External fragmentation of one zone, in thousandths, by order.</summary>
/// <param name="Node">NUMA node.</param>
/// <param name="Zone">Name of the zone.</param>
/// <param name="ExtfragIndex">Fragmentation index: −1000 when a request would succeed; towards 0 it would fail for lack of memory, towards 1000 for fragmentation.</param>
/// <param name="UnusableIndex">Share of free memory that lies in blocks too small for a request.</param>
public sealed record ExtFragRow(
    [property: JsonPropertyName("node")] int Node,
    [property: JsonPropertyName("zone")] string Zone,
    [property: JsonPropertyName("extfrag_index")] int[] ExtfragIndex,
    [property: JsonPropertyName("unusable_index")] int[] UnusableIndex);

/// <summary>
/// External fragmentation in the kernel's integer arithmetic: <c>extfrag_index</c> and <c>unusable_index</c> of
/// debugfs (mm/vmstat.c: <c>fill_contig_page_info</c>, <c>__fragmentation_index</c>, <c>unusable_free_index</c>).
/// </summary>
public static class ExtFrag
{
    /// <summary>The fragmentation index of a zone for requests of an order, in thousandths.</summary>
    public static int Index(Zone zone, int order) => Index(Count(zone, order), order);

    /// <summary>The share of a zone's free memory that is of no use to requests of an order, in thousandths.</summary>
    public static int Unusable(Zone zone, int order) => Unusable(Count(zone, order), order);

    /// <summary>The fragmentation index over all zones together, in thousandths.</summary>
    public static int Index(PageAllocatorState state, int order) => Index(Count(state, order), order);

    /// <summary>One row per zone that has memory.</summary>
    public static IReadOnlyList<ExtFragRow> Rows(PageAllocatorState state) =>
    [
        .. state.Zones.Where(z => z.IsPopulated).Select(z => new ExtFragRow(
            0, ZoneTypes.Name(z.Type),
            [.. Enumerable.Range(0, PageOrder.Count).Select(order => Index(z, order))],
            [.. Enumerable.Range(0, PageOrder.Count).Select(order => Unusable(z, order))])),
    ];

    /// <summary>Both files in the kernel's layout, each after its name.</summary>
    public static string Render(PageAllocatorState state)
    {
        IReadOnlyList<ExtFragRow> rows = Rows(state);
        var text = new StringBuilder("extfrag_index\n");
        foreach (ExtFragRow row in rows)
        {
            text.Append(CultureInfo.InvariantCulture, $"Node {row.Node}, zone {row.Zone,8} ");
            foreach (int index in row.ExtfragIndex)
            {
                text.Append(CultureInfo.InvariantCulture, $"{index / 1000,2}.{index % 1000:000} ");
            }
            text.Append('\n');
        }
        text.Append("unusable_index\n");
        foreach (ExtFragRow row in rows)
        {
            text.Append(CultureInfo.InvariantCulture, $"Node {row.Node}, zone {row.Zone,8} ");
            foreach (int index in row.UnusableIndex)
            {
                text.Append(CultureInfo.InvariantCulture, $"{index / 1000}.{index % 1000:000} ");
            }
            text.Append('\n');
        }
        return text.ToString();
    }

    /// <summary>What the indexes are made of: free pages, free blocks, and how many of the order they would make.</summary>
    private readonly record struct Contiguity(ulong FreePages, ulong FreeBlocks, ulong Suitable)
    {
        public static Contiguity operator +(Contiguity a, Contiguity b) =>
            new(a.FreePages + b.FreePages, a.FreeBlocks + b.FreeBlocks, a.Suitable + b.Suitable);
    }

    private static Contiguity Count(Zone zone, int suitableOrder)
    {
        ulong pages = 0, total = 0, suitable = 0;
        for (int order = 0; order < PageOrder.Count; order++)
        {
            ulong blocks = (ulong)zone.FreeBlocks(order);
            total += blocks;
            pages += blocks << order;
            suitable += order >= suitableOrder ? blocks << (order - suitableOrder) : 0;
        }
        return new Contiguity(pages, total, suitable);
    }

    private static Contiguity Count(PageAllocatorState state, int order)
    {
        var sum = default(Contiguity);
        foreach (Zone zone in state.Zones)
        {
            sum += Count(zone, order);
        }
        return sum;
    }

    private static int Index(Contiguity free, int order) =>
        free.FreeBlocks == 0 ? 0
        : free.Suitable > 0 ? -1000
        : (int)(1000 - (long)((1000 + (free.FreePages * 1000 / (1UL << order))) / free.FreeBlocks));

    private static int Unusable(Contiguity free, int order) =>
        free.FreePages == 0 ? 1000 : (int)((free.FreePages - (free.Suitable << order)) * 1000 / free.FreePages);
}
