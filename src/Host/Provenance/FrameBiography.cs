using System.Globalization;
using System.Text.Json.Nodes;
using Sim.Engine.Time;
using Sim.Host.Runs;
using Sim.Kernel.Buddy;
using Sim.Kernel.Zones;

namespace Sim.Host.Provenance;

/// <summary>The life of one page frame up to a moment, from a fold of the log with a watcher.</summary>
internal sealed class FrameBiography
{
    private readonly long _pfn;
    private readonly FrameWatcher _watcher;
    private readonly Timeline _timeline;
    private readonly EventLibrary _library;
    private readonly HolderNames _names;

    private FrameBiography(RunMoment moment, long pfn, FrameWatcher watcher)
    {
        (_pfn, _watcher, _timeline, _library, _names) = (pfn, watcher, moment.Timeline, moment.Library(), moment.Names);
    }

    /// <summary>Reads it, up to the moment; the timeline is there again afterwards.</summary>
    /// <exception cref="CommandException">The machine has no such frame (exit code 2).</exception>
    public static FrameBiography Read(RunMoment moment, long pfn)
    {
        Timeline timeline = moment.Timeline;
        RequireFrame(timeline.State.State.Memory.Pages, pfn, "frame");
        long end = timeline.Position;
        moment.Names.Load();
        timeline.GoTo(-1);
        var watcher = new FrameWatcher(timeline.State.State.Memory.Pages, f => moment.Names.Of(f), pfn);
        timeline.Watcher = watcher;
        timeline.GoTo(end);
        timeline.Watcher = null;
        return new FrameBiography(moment, pfn, watcher);
    }

    /// <summary>How the frame is at the moment.</summary>
    public FrameMoment Now => _watcher.Now;

    /// <summary>Every change of it, oldest first.</summary>
    public IReadOnlyList<FrameChange> Changes => _watcher.Changes;

    /// <exception cref="CommandException">There is no such frame (exit code 2).</exception>
    public static void RequireFrame(PageAllocatorState pages, long pfn, string what)
    {
        if (pfn >= pages.Frames.Count)
        {
            throw new CommandException(ExitCode.Usage, $"{what}:{FrameText.Hex(pfn)}: the machine has the frames 0 to {FrameText.Hex(pages.Frames.Count - 1)}.");
        }
    }

    /// <summary>The state in one sentence.</summary>
    public string Sentence()
    {
        PageAllocatorState pages = _timeline.State.State.Memory.Pages;
        string state = FrameText.State(Now, _pfn, Now.ListCpu(pages), Now.State == FrameState.Allocated ? _names.Of(Now) : "");
        string pageblock = Now.State == FrameState.Hole ? "" : $"; its page block is {MigrateTypes.Name(Now.PageblockType)}";
        string since = Changes.Count == 0 ? "; no event has touched it" : Since();
        return $"frame {FrameText.Hex(_pfn)} is {(Now.State == FrameState.Hole ? "a hole: " : "")}{state}{since}{pageblock}.";
    }

    /// <summary>Lines: the sentence, then each event with what led to it.</summary>
    public void Print(TextWriter text, int last)
    {
        text.WriteLine(Sentence());
        if (Changes.Count == 0)
        {
            return;
        }
        int skipped = Math.Max(0, Changes.Count - last);
        _library.Read(Changes.Skip(skipped).Select(c => c.Sequence));
        text.WriteLine();
        text.WriteLine(skipped == 0
            ? string.Create(CultureInfo.InvariantCulture, $"{Changes.Count} {(Changes.Count == 1 ? "event" : "events")}:")
            : string.Create(CultureInfo.InvariantCulture, $"the last {last} of {Changes.Count} events:"));
        foreach (FrameChange change in Changes.Skip(skipped))
        {
            LoggedEvent e = _library[change.Sequence];
            text.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{e.Sequence,10}  {new SimTime(e.TimePs),-13} {e.Name,-16} {FrameText.Change(change, _pfn)}"));
            foreach (LoggedEvent step in Steps(change, e))
            {
                text.WriteLine($"{"",25} with {step}");
            }
            foreach (LoggedEvent cause in _library.CausesOf(e))
            {
                text.WriteLine($"{"",25} because of {cause}");
            }
        }
    }

    /// <summary>The same as one object.</summary>
    public JsonObject Json(int last)
    {
        FrameChange[] shown = [.. Changes.Skip(Math.Max(0, Changes.Count - last))];
        _library.Read(shown.Select(c => c.Sequence));
        return new JsonObject
        {
            ["pfn"] = FrameText.Hex(_pfn),
            ["sequence"] = _timeline.Position,
            ["timePs"] = _timeline.TimePs,
            ["sentence"] = Sentence(),
            ["now"] = Json(Now, Now.ListCpu(_timeline.State.State.Memory.Pages)),
            ["events"] = Changes.Count,
            ["biography"] = new JsonArray([.. shown.Select(Json)]),
        };
    }

    /// <summary>How a frame is, as an object.</summary>
    public static JsonObject Json(FrameMoment now, int cpu) => new()
    {
        ["state"] = FrameText.Words(now.State.ToString()),
        ["head"] = FrameText.Hex(now.Head),
        ["order"] = now.Order,
        ["zone"] = now.State == FrameState.Hole ? null : ZoneTypes.Name(now.Zone),
        ["migratetype"] = now.State is FrameState.Hole or FrameState.Reserved ? null : MigrateTypes.Name(now.MigrateType),
        ["pageblockType"] = now.State == FrameState.Hole ? null : MigrateTypes.Name(now.PageblockType),
        ["owner"] = now.State == FrameState.Allocated ? now.Owner : null,
        ["use"] = FrameText.Words(now.Use.ToString()),
        ["mapCount"] = now.MapCount,
        ["listCpu"] = cpu < 0 ? null : cpu,
        ["allocatedBy"] = now.AllocatedBy < 0 ? null : now.AllocatedBy,
    };

    private JsonNode Json(FrameChange change)
    {
        LoggedEvent e = _library[change.Sequence];
        JsonNode json = e.Json.DeepClone();
        json["what"] = FrameText.Change(change, _pfn);
        json["holder"] = change.Holder.Length > 0 ? change.Holder : null;
        json["state"] = Json(change.After, change.Cpu);
        json["steps"] = new JsonArray([.. Steps(change, e).Select(s => s.Json.DeepClone())]);
        json["causes"] = new JsonArray([.. _library.CausesOf(e).Select(c => c.Json.DeepClone())]);
        return json;
    }

    private IReadOnlyList<LoggedEvent> Steps(FrameChange change, LoggedEvent e) =>
        change.After.State == FrameState.Allocated && e.Name is "page.alloc" or "page.alloc_bulk" ? _library.StepsOf(e) : [];

    /// <summary>The event since which its holder, or its being free, has been what it is.</summary>
    private string Since()
    {
        int first = Changes.Count - 1;
        while (first > 0 && IsSame(Changes[first].Before))
        {
            first--;
        }
        FrameChange since = Changes[first];
        return string.Create(CultureInfo.InvariantCulture, $", since event {since.Sequence} at {new SimTime(since.TimePs)} ({_library[since.Sequence].Name})");
    }

    private bool IsSame(FrameMoment earlier) =>
        (earlier.IsFree && Now.IsFree) || (earlier.State == Now.State && earlier.AllocatedBy == Now.AllocatedBy && earlier.Owner == Now.Owner);
}
