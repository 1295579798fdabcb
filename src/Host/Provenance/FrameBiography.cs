using System.Globalization;
using System.Text.Json.Nodes;
using Sim.Engine.Time;
using Sim.Host.Runs;
using Sim.Kernel.Buddy;
using Sim.Kernel.Zones;

namespace Sim.Host.Provenance;

/// <summary>
/// The life of one page frame up to a moment, from folds of the log with a watcher. Of a long log only the present life is
/// told, since the frame was last handed out or has been free, and snapshots spare the rest of the way.
/// </summary>
internal sealed class FrameBiography
{
    /// <summary>Up to here the whole log is read, and a frame's whole biography told.</summary>
    private const long ShortLogEvents = 4 << 20;

    private readonly long _pfn, _sequence, _timePs;
    private readonly IReadOnlyList<FrameChange> _changes;
    private readonly EventLibrary _library;
    private readonly string _state;
    private readonly int _cpu;

    private FrameBiography(RunMoment moment, long pfn, FrameMoment now, IReadOnlyList<FrameChange> changes, long completeSince)
    {
        (_pfn, Now, _changes, CompleteSince) = (pfn, now, changes, completeSince);
        (_sequence, _timePs, _library) = (moment.Timeline.Position, moment.Timeline.TimePs, moment.Library());
        _cpu = now.ListCpu(moment.Timeline.State.State.Memory.Pages);
        _state = FrameText.State(now, pfn, _cpu, now.State == FrameState.Allocated ? moment.Names.Of(now) : "");
    }

    /// <summary>Reads it, up to a moment; the timeline is there afterwards.</summary>
    /// <param name="moment">The run, at any moment.</param>
    /// <param name="pfn">The frame.</param>
    /// <param name="end">The last event of the biography; the log has it.</param>
    /// <param name="least">At least so many events, if there are; <see cref="int.MaxValue"/> for all, null for the present life.</param>
    /// <param name="shortLogEvents">Up to here the whole life is told.</param>
    /// <exception cref="CommandException">The machine has no such frame (exit code 2).</exception>
    public static FrameBiography Read(RunMoment moment, long pfn, long end, int? least, long shortLogEvents = ShortLogEvents)
    {
        Timeline timeline = moment.Timeline;
        PageAllocatorState pages = timeline.State.State.Memory.Pages;
        RequireFrame(pages, pfn, "frame");
        bool whole = least == int.MaxValue || end < shortLogEvents;
        int pageblockOrder = pages.Profile.PageblockOrder;
        (long since, IReadOnlyList<FrameChange> changes) = new FrameStretches(moment, pfn, pageblockOrder).Before(end + 1, whole);
        timeline.GoTo(end);
        var now = FrameMoment.Of(timeline.State.State.Memory.Pages, pfn, pfn);
        var all = new List<FrameChange>(changes);
        // The way back is another timeline's, so that this one need not fold its last stretch twice.
        FrameStretches? earlier = null;
        while (since > 0 && (least is { } wanted ? all.Count < wanted : LifeBegins(now, all) < 0))
        {
            earlier ??= new FrameStretches(moment.Another(), pfn, pageblockOrder);
            (since, changes) = earlier.Before(since, whole: false);
            all.InsertRange(0, changes);
        }
        // Where snapshots happen to be must not show.
        int first = whole ? 0 : least is { } count ? all.Count - count : LifeBegins(now, all);
        return first < 0 || whole
            ? new FrameBiography(moment, pfn, now, all, 0)
            : new FrameBiography(moment, pfn, now, all[first..], all[first].Sequence);
    }

    /// <summary>How the frame is at the moment.</summary>
    public FrameMoment Now { get; }

    /// <summary>Its changes since <see cref="CompleteSince"/>, oldest first.</summary>
    public IReadOnlyList<FrameChange> Changes => _changes;

    /// <summary>Sequence from which on every event of the frame is here; 0 for all.</summary>
    public long CompleteSince { get; }

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
        string pageblock = Now.State == FrameState.Hole ? "" : $"; its page block is {MigrateTypes.Name(Now.PageblockType)}";
        string since = Changes.Count > 0 ? Since() : CompleteSince == 0 ? "; no event has touched it" : "";
        return $"frame {FrameText.Hex(_pfn)} is {(Now.State == FrameState.Hole ? "a hole: " : "")}{_state}{since}{pageblock}.";
    }

    /// <summary>Lines: the sentence, then each event with what led to it.</summary>
    public void Print(TextWriter text, int last)
    {
        text.WriteLine(Sentence());
        if (Changes.Count == 0 && CompleteSince == 0)
        {
            return;
        }
        int skipped = Math.Max(0, Changes.Count - last);
        _library.Read(Changes.Skip(skipped).Select(c => c.Sequence));
        text.WriteLine();
        text.WriteLine(Heading(skipped, last));
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

    private string Heading(int skipped, int last)
    {
        string events = Changes.Count == 1 ? "event" : "events";
        return (CompleteSince, skipped) switch
        {
            (0, 0) => string.Create(CultureInfo.InvariantCulture, $"{Changes.Count} {events}:"),
            (0, _) => string.Create(CultureInfo.InvariantCulture, $"the last {last} of {Changes.Count} events:"),
            (_, 0) => string.Create(CultureInfo.InvariantCulture, $"{Changes.Count} {events} since event {CompleteSince}; earlier events: -n all"),
            _ => string.Create(CultureInfo.InvariantCulture, $"the last {last} events; earlier events: -n all"),
        };
    }

    /// <summary>The same as one object.</summary>
    public JsonObject Json(int last)
    {
        FrameChange[] shown = [.. Changes.Skip(Math.Max(0, Changes.Count - last))];
        _library.Read(shown.Select(c => c.Sequence));
        return new JsonObject
        {
            ["pfn"] = FrameText.Hex(_pfn),
            ["sequence"] = _sequence,
            ["timePs"] = _timePs,
            ["sentence"] = Sentence(),
            ["now"] = Json(Now, _cpu),
            ["events"] = Changes.Count,
            ["completeSince"] = CompleteSince,
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
        while (first > 0 && IsSame(Now, Changes[first].Before))
        {
            first--;
        }
        FrameChange since = Changes[first];
        return string.Create(CultureInfo.InvariantCulture, $", since event {since.Sequence} at {new SimTime(since.TimePs)} ({_library[since.Sequence].Name})");
    }

    /// <summary>The change with which the present life began; -1 when none of these did.</summary>
    private static int LifeBegins(FrameMoment now, List<FrameChange> changes) => changes.FindLastIndex(c => !IsSame(now, c.Before));

    private static bool IsSame(FrameMoment now, FrameMoment earlier) =>
        (earlier.IsFree && now.IsFree) || (earlier.State == now.State && earlier.AllocatedBy == now.AllocatedBy && earlier.Owner == now.Owner);
}
