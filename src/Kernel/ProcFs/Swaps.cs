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
/// <param name="Priority">Always -2, that of the first area.</param>
public sealed record SwapRow(
    [property: JsonPropertyName("filename")] string Filename,
    [property: JsonPropertyName("type")] string Type,
    [property: JsonPropertyName("size")] long Size,
    [property: JsonPropertyName("used")] long Used,
    [property: JsonPropertyName("priority")] int Priority);

/// <summary><c>/proc/swaps</c> (<c>swap_show</c> of mm/swapfile.c, Linux 6.1).</summary>
public static class Swaps
{
    /// <summary>The areas.</summary>
    public static IReadOnlyList<SwapRow> Rows(ReclaimState? reclaim) => reclaim is null || reclaim.Swap.Area.Pages == 0
        ? []
        : [new SwapRow(NameOf(reclaim.Swap.Options.Device), "partition", reclaim.Swap.Area.Pages * 4L, reclaim.Swap.Area.InUse * 4L, -2)];

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

    private static string NameOf(SwapDevice device) => device switch
    {
        SwapDevice.Hdd => "/dev/sda2",
        SwapDevice.Ssd => "/dev/nvme0n1p2",
        _ => "/dev/zram0",
    };
}
