using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;
using Sim.Kernel.Boot;
using Sim.Kernel.Buddy;
using Sim.Kernel.Zones;

namespace Sim.Kernel.ProcFs;

/// <summary>One zone and migratetype of <c>/proc/pagetypeinfo</c>.</summary>
/// <param name="Node">NUMA node.</param>
/// <param name="Zone">Name of the zone.</param>
/// <param name="Type">Name of the migratetype.</param>
/// <param name="Free">Free blocks by order.</param>
/// <param name="Blocks">Page blocks of the type.</param>
public sealed record PageTypeInfoRow(
    [property: JsonPropertyName("node")] int Node,
    [property: JsonPropertyName("zone")] string Zone,
    [property: JsonPropertyName("type")] string Type,
    [property: JsonPropertyName("free")] int[] Free,
    [property: JsonPropertyName("blocks")] int Blocks);

/// <summary><c>/proc/pagetypeinfo</c>: free blocks and page blocks by migratetype (mm/vmstat.c, <c>pagetypeinfo_show</c>).</summary>
public static class PageTypeInfo
{
    /// <summary>Counts from here on are shown as this with a sign in front.</summary>
    private const int GreatestShown = 100_000;

    private const long SectionPages = (128L << 20) >> Page.Shift;

    /// <summary>One row per zone that has memory and per migratetype.</summary>
    public static IReadOnlyList<PageTypeInfoRow> Rows(PageAllocatorState state)
    {
        var rows = new List<PageTypeInfoRow>();
        foreach (Zone zone in state.Zones.Where(z => z.IsPopulated))
        {
            int[] blocks = CountBlocks(state, zone);
            for (int type = 0; type < MigrateTypes.Count; type++)
            {
                var migrateType = (MigrateType)type;
                rows.Add(new PageTypeInfoRow(0, ZoneTypes.Name(zone.Type), MigrateTypes.Name(migrateType),
                    [.. Enumerable.Range(0, PageOrder.Count).Select(order => zone.FreeBlocks(order, migrateType))], blocks[type]));
            }
        }
        return rows;
    }

    /// <summary>The kernel's layout.</summary>
    public static string Render(PageAllocatorState state)
    {
        IReadOnlyList<PageTypeInfoRow> rows = Rows(state);
        int order = state.Profile.PageblockOrder;
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"Page block order: {order}\nPages per block:  {1 << order}\n\n");
        text.Append(CultureInfo.InvariantCulture, $"{"Free pages count per migrate type at order",-43} ");
        for (int o = 0; o < PageOrder.Count; o++)
        {
            text.Append(CultureInfo.InvariantCulture, $"{o,6} ");
        }
        text.Append('\n');
        foreach (PageTypeInfoRow row in rows)
        {
            text.Append(CultureInfo.InvariantCulture, $"Node {row.Node,4}, zone {row.Zone,8}, type {row.Type,12} ");
            foreach (int blocks in row.Free)
            {
                text.Append(blocks < GreatestShown ? "" : ">");
                text.Append(CultureInfo.InvariantCulture, $"{Math.Min(blocks, GreatestShown),6} ");
            }
            text.Append('\n');
        }
        text.Append(CultureInfo.InvariantCulture, $"\n{"Number of blocks type ",-23}");
        for (int type = 0; type < MigrateTypes.Count; type++)
        {
            text.Append(CultureInfo.InvariantCulture, $"{MigrateTypes.Name((MigrateType)type),12} ");
        }
        text.Append('\n');
        for (int i = 0; i < rows.Count; i++)
        {
            if (i % MigrateTypes.Count == 0)
            {
                text.Append(CultureInfo.InvariantCulture, $"Node {rows[i].Node}, zone {rows[i].Zone,8} ");
            }
            text.Append(CultureInfo.InvariantCulture, $"{rows[i].Blocks,12} ");
            text.Append(i % MigrateTypes.Count == MigrateTypes.Count - 1 ? "\n" : "");
        }
        return text.ToString();
    }

    /// <summary>Page blocks by type, one probe per block from the zone's first frame on; sections without memory do not count.</summary>
    private static int[] CountBlocks(PageAllocatorState state, Zone zone)
    {
        int[] blocks = new int[MigrateTypes.Count];
        long step = 1L << state.Profile.PageblockOrder;
        for (long pfn = zone.StartPfn; pfn < zone.EndPfn; pfn += step)
        {
            if (HasMemory(state, pfn))
            {
                blocks[(int)zone.PageblockType(pfn)]++;
            }
        }
        return blocks;
    }

    private static bool HasMemory(PageAllocatorState state, long pfn)
    {
        if (state.Profile.HasHighMem)
        {
            return true;
        }
        long section = pfn & -SectionPages;
        foreach (PageRange usable in state.Map.Usable)
        {
            if (usable.StartPfn < section + SectionPages && usable.EndPfn > section)
            {
                return true;
            }
        }
        return false;
    }
}
