using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;
using Sim.Kernel.Buddy;
using Sim.Kernel.Zones;

namespace Sim.Kernel.ProcFs;

/// <summary>One line of <c>/proc/buddyinfo</c>.</summary>
/// <param name="Node">NUMA node.</param>
/// <param name="Zone">Name of the zone.</param>
/// <param name="NrFree">Free blocks by order.</param>
public sealed record BuddyInfoRow(
    [property: JsonPropertyName("node")] int Node,
    [property: JsonPropertyName("zone")] string Zone,
    [property: JsonPropertyName("nr_free")] int[] NrFree);

/// <summary><c>/proc/buddyinfo</c>: free blocks by zone and order (mm/vmstat.c, <c>frag_show</c>).</summary>
public static class BuddyInfo
{
    /// <summary>One row per zone that has memory.</summary>
    public static IReadOnlyList<BuddyInfoRow> Rows(PageAllocatorState state) =>
    [
        .. state.Zones.Where(z => z.IsPopulated).Select(z => new BuddyInfoRow(
            0, ZoneTypes.Name(z.Type), [.. Enumerable.Range(0, PageOrder.Count).Select(z.FreeBlocks)])),
    ];

    /// <summary>The kernel's layout.</summary>
    public static string Render(PageAllocatorState state)
    {
        var text = new StringBuilder();
        foreach (BuddyInfoRow row in Rows(state))
        {
            text.Append(CultureInfo.InvariantCulture, $"Node {row.Node}, zone {row.Zone,8} ");
            foreach (int blocks in row.NrFree)
            {
                text.Append(CultureInfo.InvariantCulture, $"{blocks,6} ");
            }
            text.Append('\n');
        }
        return text.ToString();
    }
}
