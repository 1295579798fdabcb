using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;
using Sim.Kernel.Buddy;
using Sim.Kernel.Zones;

namespace Sim.Kernel.ProcFs;

/// <summary>One CPU's lists in <c>/proc/zoneinfo</c>; in pages.</summary>
/// <param name="Cpu">Number of the CPU.</param>
/// <param name="Count">Pages on its lists.</param>
/// <param name="High">Limit.</param>
/// <param name="Batch">Pages moved at a time.</param>
public sealed record PagesetRow(
    [property: JsonPropertyName("cpu")] int Cpu,
    [property: JsonPropertyName("count")] int Count,
    [property: JsonPropertyName("high")] int High,
    [property: JsonPropertyName("batch")] int Batch);

/// <summary>One zone of <c>/proc/zoneinfo</c>; in pages.</summary>
/// <param name="Node">NUMA node.</param>
/// <param name="Zone">Name of the zone.</param>
/// <param name="Free">Free pages on the buddy lists.</param>
/// <param name="Min">Min watermark.</param>
/// <param name="Low">Low watermark.</param>
/// <param name="High">High watermark.</param>
/// <param name="Spanned">Frame numbers from first to last.</param>
/// <param name="Present">Frames that memory stands behind.</param>
/// <param name="Managed">Frames handed to the buddy system.</param>
/// <param name="Protection">Pages kept from requests that could have used a higher zone, by that zone.</param>
/// <param name="Pagesets">Per-CPU lists.</param>
/// <param name="StartPfn">First frame.</param>
/// <param name="Boost">By how much the watermarks are raised for the time being.</param>
/// <param name="HighAtomic">Pages of the page blocks kept for urgent requests of higher orders.</param>
/// <param name="StatThreshold">How far a CPU's counts may differ from the zone's before it adds them.</param>
public sealed record ZoneInfoRow(
    [property: JsonPropertyName("node")] int Node,
    [property: JsonPropertyName("zone")] string Zone,
    [property: JsonPropertyName("free")] long Free,
    [property: JsonPropertyName("min")] long Min,
    [property: JsonPropertyName("low")] long Low,
    [property: JsonPropertyName("high")] long High,
    [property: JsonPropertyName("spanned")] long Spanned,
    [property: JsonPropertyName("present")] long Present,
    [property: JsonPropertyName("managed")] long Managed,
    [property: JsonPropertyName("protection")] long[] Protection,
    [property: JsonPropertyName("pagesets")] PagesetRow[] Pagesets,
    [property: JsonPropertyName("start_pfn")] long StartPfn,
    [property: JsonPropertyName("boost")] long Boost,
    [property: JsonPropertyName("nr_reserved_highatomic")] long HighAtomic,
    [property: JsonPropertyName("vm_stats_threshold")] int StatThreshold);

/// <summary><c>/proc/zoneinfo</c>, the fields that the simulated kernel keeps (mm/vmstat.c, <c>zoneinfo_show_print</c>).</summary>
public static class ZoneInfo
{
    /// <summary>One row per zone, empty ones included.</summary>
    public static IReadOnlyList<ZoneInfoRow> Rows(PageAllocatorState state) =>
    [
        .. state.Zones.Select(zone => new ZoneInfoRow(
            0, ZoneTypes.Name(zone.Type), zone.FreePages,
            zone.Watermark(Watermark.Min), zone.Watermark(Watermark.Low), zone.Watermark(Watermark.High),
            zone.SpannedPages, zone.PresentPages, zone.ManagedPages,
            [.. state.Zones.Select(other => zone.LowmemReserve(other.Type))],
            [.. zone.PerCpu.Select((pcp, cpu) => new PagesetRow(cpu, pcp.Count, pcp.High, pcp.Batch))],
            zone.StartPfn, zone.WatermarkBoost, zone.ReservedHighAtomic, zone.StatThreshold)),
    ];

    /// <summary>The kernel's layout.</summary>
    public static string Render(PageAllocatorState state)
    {
        var text = new StringBuilder();
        foreach (ZoneInfoRow row in Rows(state))
        {
            Append(text, row);
        }
        return text.ToString();
    }

    private static void Append(StringBuilder text, ZoneInfoRow row)
    {
        CultureInfo invariant = CultureInfo.InvariantCulture;
        text.Append(invariant, $"Node {row.Node}, zone {row.Zone,8}\n");
        text.Append(invariant, $"  pages free     {row.Free}\n");
        text.Append(invariant, $"        boost    {row.Boost}\n");
        text.Append(invariant, $"        min      {row.Min}\n");
        text.Append(invariant, $"        low      {row.Low}\n");
        text.Append(invariant, $"        high     {row.High}\n");
        text.Append(invariant, $"        spanned  {row.Spanned}\n");
        text.Append(invariant, $"        present  {row.Present}\n");
        text.Append(invariant, $"        managed  {row.Managed}\n");
        text.Append(invariant, $"        cma      0\n");
        text.Append(invariant, $"        protection: ({string.Join(", ", row.Protection)})\n");
        if (row.Present == 0)
        {
            return;
        }
        text.Append(invariant, $"      nr_free_pages {row.Free}\n");
        text.Append("  pagesets\n");
        foreach (PagesetRow pageset in row.Pagesets)
        {
            text.Append(invariant, $"    cpu: {pageset.Cpu}\n");
            text.Append(invariant, $"              count: {pageset.Count}\n");
            text.Append(invariant, $"              high:  {pageset.High}\n");
            text.Append(invariant, $"              batch: {pageset.Batch}\n");
            text.Append(invariant, $"  vm stats threshold: {row.StatThreshold}\n");
        }
        text.Append(invariant, $"  start_pfn:           {row.StartPfn}\n");
    }
}
