using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Swap;

namespace Sim.Kernel.ProcFs;

/// <summary>A swap area; sizes in KiB.</summary>
/// <param name="Filename">Device it is on.</param>
/// <param name="Type">Always a partition.</param>
/// <param name="Size">Slots that pages can have.</param>
/// <param name="Used">Slots taken, those that CPUs have put aside included.</param>
/// <param name="Priority">Its priority; -2 for the first area that was given none.</param>
public sealed record SwapRow(
    [property: JsonPropertyName("filename")] string Filename,
    [property: JsonPropertyName("type")] string Type,
    [property: JsonPropertyName("size")] long Size,
    [property: JsonPropertyName("used")] long Used,
    [property: JsonPropertyName("priority")] int Priority);

/// <summary><c>/proc/swaps</c> (<c>swap_show</c> of mm/swapfile.c, Linux 6.1).</summary>
public static class Swaps
{
    /// <summary>The areas, in the order in which they were switched on.</summary>
    public static IReadOnlyList<SwapRow> Rows(ReclaimState? reclaim)
    {
        var rows = new List<SwapRow>();
        int[] disks = new int[(int)SwapDevice.Zram + 1];
        for (int type = 0; type < (reclaim?.Swap.Area.Count ?? 0); type++)
        {
            SwapAreas areas = reclaim!.Swap.Area;
            SwapDevice device = areas.Device(type);
            rows.Add(new SwapRow(
                NameOf(device, disks[(int)device]++), "partition", areas[type].Pages * 4L, areas[type].InUse * 4L, areas.Priority(type)));
        }
        return rows;
    }

    /// <summary>The kernel's layout.</summary>
    public static string Render(ReclaimState? reclaim)
    {
        var text = new StringBuilder("Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
        foreach (SwapRow row in Rows(reclaim))
        {
            string size = row.Size.ToString(CultureInfo.InvariantCulture), used = row.Used.ToString(CultureInfo.InvariantCulture);
            text.Append(CultureInfo.InvariantCulture,
                $"{row.Filename}{new string(' ', Math.Max(40 - row.Filename.Length, 1))}{row.Type}\t{size}{(size.Length < 8 ? "\t\t" : "\t")}{used}{(used.Length < 8 ? "\t\t" : "\t")}{row.Priority}\n");
        }
        return text.ToString();
    }

    private static string NameOf(SwapDevice device, int disk) => device switch
    {
        SwapDevice.Hdd => $"/dev/sd{(char)('a' + disk)}2",
        SwapDevice.Ssd => $"/dev/nvme{disk}n1p2",
        _ => $"/dev/zram{disk}",
    };
}
