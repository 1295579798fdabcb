using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;
using Sim.Kernel.Reclaim;

namespace Sim.Kernel.ProcFs;

/// <summary>A generation of the node.</summary>
/// <param name="Seq">Its sequence number.</param>
/// <param name="AgeMs">For how long it has not been younger, in milliseconds.</param>
/// <param name="Anon">Anonymous pages in it, those of shared memory included.</param>
/// <param name="File">Pages of files in it.</param>
public sealed record LruGenRow(
    [property: JsonPropertyName("seq")] long Seq,
    [property: JsonPropertyName("age_ms")] long AgeMs,
    [property: JsonPropertyName("anon")] long Anon,
    [property: JsonPropertyName("file")] long File);

/// <summary><c>/sys/kernel/debug/lru_gen</c> (<c>lru_gen_seq_show</c> of mm/vmscan.c, Linux 6.1).</summary>
public static class LruGen
{
    /// <summary>The generations, oldest first; none where pages are on lists or are not reclaimed.</summary>
    public static IReadOnlyList<LruGenRow> Rows(ReclaimState? reclaim, long timePs)
    {
        if (reclaim?.Lru.Generations is not { } lru)
        {
            return [];
        }
        var rows = new List<LruGenRow>();
        for (long seq = lru.Oldest(file: false); seq <= lru.Youngest; seq++)
        {
            rows.Add(new LruGenRow(seq, (timePs - lru.BornPs(seq)) / 1_000_000_000, lru.Size(seq, file: false), lru.Size(seq, file: true)));
        }
        return rows;
    }

    /// <summary>The kernel's layout.</summary>
    public static string Render(ReclaimState? reclaim, long timePs)
    {
        if (reclaim?.Lru.Generations is null)
        {
            return "The run has no generations; kernel.reclaim.lru: generations keeps pages by them.\n";
        }
        var text = new StringBuilder("memcg     1 /\n node     0\n");
        foreach (LruGenRow row in Rows(reclaim, timePs))
        {
            text.Append(CultureInfo.InvariantCulture, $" {row.Seq,10} {row.AgeMs,10} {row.Anon,10}  {row.File,10} \n");
        }
        return text.ToString();
    }
}
