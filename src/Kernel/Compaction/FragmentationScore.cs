using Sim.Kernel.ProcFs;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Compaction;

/// <summary>
/// How fragmented memory is as proactive compaction sees it: the share of free memory that is of no use to huge pages, in
/// percent (<c>fragmentation_score_zone</c>, <c>fragmentation_score_node</c>, <c>fragmentation_score_wmark</c>).
/// </summary>
public static class FragmentationScore
{
    /// <summary>The score of one zone.</summary>
    public static int Of(Zone zone, int hugeOrder) => zone.FreePages == 0 ? 0 : ExtFrag.Unusable(zone, hugeOrder) / 10;

    /// <summary>The score of the node: that of its zones, each by its size.</summary>
    public static int OfNode(IReadOnlyList<Zone> zones, int hugeOrder)
    {
        long present = 1;
        foreach (Zone zone in zones)
        {
            present += zone.PresentPages;
        }
        long score = 0;
        foreach (Zone zone in zones)
        {
            score += zone.PresentPages * Of(zone, hugeOrder) / present;
        }
        return (int)score;
    }

    /// <summary>Down to this score a pass goes on.</summary>
    public static int LowMark(int proactiveness) => Math.Max(100 - proactiveness, 5);

    /// <summary>Above this score a pass begins.</summary>
    public static int HighMark(int proactiveness) => Math.Min(LowMark(proactiveness) + 10, 100);
}
