using System.Globalization;
using Sim.Kernel.Boot;
using Sim.Kernel.Buddy;
using Sim.Kernel.PerCpu;
using Sim.Kernel.Zones;

namespace Sim.Host.Parity;

/// <summary>A page allocator's lists against those of a stopped kernel, block by block in list order.</summary>
internal static class ListComparison
{
    /// <summary>What differs, in words: free lists, per-CPU lists, types of page blocks.</summary>
    public static IReadOnlyList<string> Differences(PageAllocatorState pages, CapturedLists recorded)
    {
        var differences = new List<string>();
        foreach (CapturedZone captured in recorded.Zones)
        {
            Compare(pages, pages.Zone(captured.Type), captured, differences);
        }
        return differences;
    }

    /// <summary>The blocks on a list, by the number of its head.</summary>
    public static IEnumerable<long> Members(FrameTable frames, int list)
    {
        for (int at = frames.First(list); at >= 0; at = frames.Next(at))
        {
            yield return at;
        }
    }

    private static void Compare(PageAllocatorState pages, Zone zone, CapturedZone captured, List<string> differences)
    {
        string name = ZoneTypes.Name(captured.Type);
        if (!zone.IsPopulated || captured.FirstPageblock + ((long)captured.PageblockTypes.Count * captured.PageblockPages) < zone.EndPfn
            || captured.FirstPageblock + captured.PageblockPages <= zone.StartPfn
            || captured.FirstPageblock + ((captured.PageblockTypes.Count - 1L) * captured.PageblockPages) >= zone.EndPfn
            || captured.PerCpu.Count > zone.PerCpu.Length)
        {
            differences.Add($"zone {name} of the recording is not this machine's");
            return;
        }
        ILookup<(int, MigrateType), long> free = captured.Free.ToLookup(b => (b.Order, b.List), b => b.Pfn);
        for (int order = 0; order < PageOrder.Count; order++)
        {
            for (int type = 0; type < MigrateTypes.Count; type++)
            {
                Compare($"{name} free list of order {order}, {MigrateTypes.Name((MigrateType)type)}",
                    Members(pages.Frames, zone.FreeList(order, (MigrateType)type)), free[(order, (MigrateType)type)], differences);
            }
        }
        for (int cpu = 0; cpu < captured.PerCpu.Count; cpu++)
        {
            ILookup<int, long> lists = captured.PerCpu[cpu].Blocks.ToLookup(b => b.List, b => b.Block.Pfn);
            for (int list = 0; list < PerCpuPages.Lists; list++)
            {
                Compare($"{name} per-CPU list {list} of CPU {cpu}",
                    Members(pages.Frames, zone.PerCpu[cpu].FirstListHead + list), lists[list], differences);
            }
        }
        for (int i = 0; i < captured.PageblockTypes.Count; i++)
        {
            long pfn = Math.Max(captured.FirstPageblock + ((long)i * captured.PageblockPages), zone.StartPfn);
            if (captured.PageblockTypes[i] is { } type && zone.PageblockType(pfn) != type)
            {
                differences.Add($"{name} page block at {Hex(pfn)} is {MigrateTypes.Name(zone.PageblockType(pfn))}, recorded {MigrateTypes.Name(type)}");
            }
        }
    }

    private static void Compare(string list, IEnumerable<long> own, IEnumerable<long> recorded, List<string> differences)
    {
        long[] mine = [.. own], real = [.. recorded];
        int same = mine.AsSpan().CommonPrefixLength(real);
        if (same < mine.Length || same < real.Length)
        {
            differences.Add(string.Create(CultureInfo.InvariantCulture,
                $"{list}: {mine.Length} blocks, recorded {real.Length}; from entry {same} on {At(mine, same)}, recorded {At(real, same)}"));
        }
    }

    private static string At(long[] list, int index) => index < list.Length ? Hex(list[index]) : "nothing";

    private static string Hex(long pfn) => string.Create(CultureInfo.InvariantCulture, $"0x{pfn:x}");
}
