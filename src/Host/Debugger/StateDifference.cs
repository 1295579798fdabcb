using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Sim.Engine.Events;
using Sim.Engine.Time;
using Sim.Host.Provenance;
using Sim.Kernel.Buddy;
using Sim.Kernel.Zones;

namespace Sim.Host.Debugger;

/// <summary>What of the memory differs between two moments: frames, page blocks, zones, tasks, areas, slab caches, counters.</summary>
internal sealed class StateDifference
{
    /// <summary>Of many frames, tasks or areas so many are named.</summary>
    private const int Named = 6;

    private readonly StateSummary _before, _after;
    private readonly List<FrameGroup> _frames;
    private readonly List<(string Zone, long Pfn, MigrateType Before, MigrateType After)> _pageblocks;
    private readonly List<(Fact Fact, object? Before, object? After)> _facts;
    private readonly List<(int Pid, string[] Gone, string[] Came)> _areas;

    /// <summary>Frames that differ in the same way.</summary>
    private sealed record FrameGroup(FrameDifference How, int Count, IReadOnlyList<(int First, int Last)> First);

    private StateDifference(StateSummary before, StateSummary after, PageAllocatorState pages, SymbolTable symbols)
    {
        (_before, _after) = (before, after);
        _frames = CompareFrames(before.Frames, after.Frames);
        _pageblocks = ComparePageblocks(before.Frames, after.Frames, pages);
        _facts = [.. after.Facts.Keys.Concat(before.Facts.Keys.Where(k => !after.Facts.ContainsKey(k)))
            .Select(k => (k, before.Facts.GetValueOrDefault(k), after.Facts.GetValueOrDefault(k)))
            .Where(f => !Equals(f.Item2 ?? Nothing(f.Item3), f.Item3 ?? Nothing(f.Item2)))];
        _areas = [.. before.Areas.Keys.Union(after.Areas.Keys).Order().Select(pid =>
        {
            AreaMoment[] old = before.Areas.GetValueOrDefault(pid) ?? [], now = after.Areas.GetValueOrDefault(pid) ?? [];
            return (pid, Words(old.Except(now), symbols), Words(now.Except(old), symbols));
        }).Where(a => a.Item2.Length + a.Item3.Length > 0)];
    }

    /// <summary>Compares two moments; the timeline is at the later one of the two afterwards.</summary>
    /// <exception cref="CommandException">The log has no such event (exit code 2).</exception>
    public static StateDifference Between(DebugContext context, long before, long after)
    {
        context.Timeline.GoTo(before);
        var old = new StateSummary(context.At);
        context.Cancellation.ThrowIfCancellationRequested();
        context.Timeline.GoTo(after);
        return new StateDifference(old, new StateSummary(context.At), context.Timeline.State.State.Memory.Pages, context.Timeline.Symbols);
    }

    /// <summary>Lines.</summary>
    public string Text()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"from event {_before.Sequence} ({new SimTime(_before.TimePs)}) to event {_after.Sequence} ({new SimTime(_after.TimePs)}):\n");
        if (_frames.Count > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"frames: {_frames.Sum(f => f.Count)} differ\n");
        }
        foreach (FrameGroup group in _frames)
        {
            text.Append(CultureInfo.InvariantCulture, $"  {group.Count} {Words(group.How)}: {string.Join(", ", group.First.Select(Words))}{(group.First.Sum(r => r.Last - r.First + 1) < group.Count ? ", …" : "")}\n");
        }
        if (_pageblocks.Count > 0)
        {
            IEnumerable<string> shown = _pageblocks.Take(Named).Select(b => $"{FrameText.Hex(b.Pfn)} {MigrateTypes.Name(b.Before)} becomes {MigrateTypes.Name(b.After)}");
            text.Append(CultureInfo.InvariantCulture, $"page blocks: {_pageblocks.Count} of another type: {string.Join(", ", shown)}{(_pageblocks.Count > Named ? ", …" : "")}\n");
        }
        AppendFacts(text);
        foreach ((int pid, string[] gone, string[] came) in _areas)
        {
            text.Append(CultureInfo.InvariantCulture, $"areas of pid {pid}: {gone.Length} gone, {came.Length} new\n");
            foreach (string line in gone.Select(a => $"  - {a}").Concat(came.Select(a => $"  + {a}")).Take(Named))
            {
                text.Append(line).Append('\n');
            }
        }
        return _frames.Count + _pageblocks.Count + _facts.Count + _areas.Count == 0
            ? text.Append("nothing of the memory differs").ToString()
            : text.ToString().TrimEnd('\n');
    }

    /// <summary>The same as one object.</summary>
    public JsonObject Json() => new()
    {
        ["from"] = _before.Sequence,
        ["to"] = _after.Sequence,
        ["frames"] = new JsonArray([.. _frames.Select(f => (JsonNode)new JsonObject
        {
            ["what"] = Words(f.How),
            ["count"] = f.Count,
            ["first"] = new JsonArray([.. f.First.Select(r => (JsonNode)Words(r))]),
        })]),
        ["pageblocks"] = new JsonArray([.. _pageblocks.Select(b => (JsonNode)new JsonObject
        {
            ["zone"] = b.Zone,
            ["pfn"] = FrameText.Hex(b.Pfn),
            ["before"] = MigrateTypes.Name(b.Before),
            ["after"] = MigrateTypes.Name(b.After),
        })]),
        ["figures"] = new JsonArray([.. _facts.Select(f => (JsonNode)new JsonObject
        {
            ["section"] = f.Fact.Section,
            ["subject"] = f.Fact.Subject.Length > 0 ? f.Fact.Subject : null,
            ["name"] = f.Fact.Name,
            ["before"] = Json(f.Before ?? Nothing(f.After)),
            ["after"] = Json(f.After ?? Nothing(f.Before)),
        })]),
        ["areas"] = new JsonArray([.. _areas.Select(a => (JsonNode)new JsonObject
        {
            ["pid"] = a.Pid,
            ["gone"] = new JsonArray([.. a.Gone.Select(g => (JsonNode)g)]),
            ["came"] = new JsonArray([.. a.Came.Select(c => (JsonNode)c)]),
        })]),
    };

    private void AppendFacts(StringBuilder text)
    {
        foreach (IGrouping<string, (Fact Fact, object? Before, object? After)> section in _facts.GroupBy(f => f.Fact.Section))
        {
            IGrouping<string, (Fact Fact, object? Before, object? After)>[] subjects = [.. section.GroupBy(f => f.Fact.Subject)];
            foreach (IGrouping<string, (Fact Fact, object? Before, object? After)> subject in subjects.Take(Named))
            {
                IEnumerable<string> figures = subject.Select(f =>
                    string.Create(CultureInfo.InvariantCulture, $"{f.Fact.Name} {f.Before ?? Nothing(f.After)} becomes {f.After ?? Nothing(f.Before)}"));
                text.Append($"{section.Key}{(subject.Key.Length > 0 ? $" {subject.Key}" : "")}: {string.Join(", ", figures)}\n");
            }
            if (subjects.Length > Named)
            {
                text.Append(CultureInfo.InvariantCulture, $"{section.Key}: {subjects.Length - Named} more differ\n");
            }
        }
    }

    private static List<FrameGroup> CompareFrames(FrameSummary before, FrameSummary after)
    {
        FrameDifference[] all = Enum.GetValues<FrameDifference>();
        int[] counts = new int[all.Length];
        List<(int First, int Last)>[] runs = [.. all.Select(_ => new List<(int, int)>())];
        for (int pfn = 0; pfn < before.Count; pfn++)
        {
            var how = before.Compare(after, pfn);
            if (how == FrameDifference.None)
            {
                continue;
            }
            List<(int First, int Last)> run = runs[(int)how];
            if (run.Count > 0 && run[^1].Last == pfn - 1)
            {
                run[^1] = (run[^1].First, pfn);
            }
            else if (run.Count < Named)
            {
                run.Add((pfn, pfn));
            }
            counts[(int)how]++;
        }
        return [.. all.Where(h => counts[(int)h] > 0).Select(h => new FrameGroup(h, counts[(int)h], runs[(int)h]))];
    }

    private static List<(string, long, MigrateType, MigrateType)> ComparePageblocks(FrameSummary before, FrameSummary after, PageAllocatorState pages)
    {
        var differ = new List<(string, long, MigrateType, MigrateType)>();
        for (int zone = 0; zone < pages.Zones.Length; zone++)
        {
            byte[] old = before.Pageblocks[zone], now = after.Pageblocks[zone];
            long first = pages.Zones[zone].StartPfn >> pages.Profile.PageblockOrder;
            for (int block = 0; block < old.Length; block++)
            {
                if (old[block] != now[block])
                {
                    differ.Add((ZoneTypes.Name(pages.Zones[zone].Type), (first + block) << pages.Profile.PageblockOrder, (MigrateType)old[block], (MigrateType)now[block]));
                }
            }
        }
        return differ;
    }

    private static string Words(FrameDifference how) => how switch
    {
        FrameDifference.HandedOut => "handed out",
        FrameDifference.Freed => "freed",
        FrameDifference.HandedOutAgain => "freed and handed out again",
        FrameDifference.OtherList => "free as before, in other blocks or on other lists",
        FrameDifference.OtherUse => "held as before, used or mapped otherwise",
        _ => "given to the allocator, or kept from it",
    };

    private static string Words((int First, int Last) run) => run.First == run.Last ? FrameText.Hex(run.First) : $"{FrameText.Hex(run.First)}-{FrameText.Hex(run.Last)}";

    private static string[] Words(IEnumerable<AreaMoment> areas, SymbolTable symbols) => [.. areas.Select(a => a.Text(symbols))];

    // A figure that one moment lacks is 0 there, a word "none".
    private static object Nothing(object? other) => other is string ? "none" : 0L;

    private static JsonNode? Json(object value) => value is long number ? JsonValue.Create(number) : JsonValue.Create((string)value);
}
