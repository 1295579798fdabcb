using System.Globalization;
using System.Text.Json.Nodes;
using Sim.Engine.Time;
using Sim.Host.Runs;
using Sim.Kernel.Buddy;
using Sim.Kernel.Compaction;
using Sim.Kernel.Zones;

namespace Sim.Host.Provenance;

/// <summary>What keeps a block of frames from being one free block at a moment.</summary>
internal sealed class BlockHolders
{
    private readonly Timeline _timeline;
    private readonly EventLibrary _library;
    private readonly HolderNames _names;
    private readonly long _first;
    private readonly int _order;
    private readonly List<FrameMoment> _holders = [];
    private readonly List<FrameMoment> _free = [];
    private readonly PageAllocatorState _pages;

    private BlockHolders(RunMoment moment, long first, int order)
    {
        (_timeline, _names, _first, _order) = (moment.Timeline, moment.Names, first, order);
        _pages = _timeline.State.State.Memory.Pages;
        _library = moment.Library();
        for (long pfn = first; pfn < first + (1L << order);)
        {
            FrameMoment frame = pfn < _pages.Frames.Count
                ? FrameMoment.Of(_pages, pfn, pfn)
                : new FrameMoment(FrameState.Hole, pfn, 0, 0, 0, 0, 0, -1, FrameUse.None, 0, 0);
            (frame.State == FrameState.Buddy ? _free : _holders).Add(frame);
            pfn = frame.Head + (1L << frame.Order);
        }
        _library.Read(_holders.Select(h => h.AllocatedBy));
    }

    /// <summary>Looks at a block.</summary>
    /// <exception cref="CommandException">The machine has no such frame (exit code 2).</exception>
    public static BlockHolders Read(RunMoment moment, long pfn, int order)
    {
        FrameBiography.RequireFrame(moment.Timeline.State.State.Memory.Pages, pfn, "block");
        return new BlockHolders(moment, pfn & -(1L << order), order);
    }

    /// <summary>The frames that keep it from being free, in order of their numbers; a block of several stands for itself.</summary>
    public IReadOnlyList<FrameMoment> Holders => _holders;

    /// <summary>The answer in one sentence.</summary>
    public string Sentence()
    {
        long held = _holders.Sum(Frames), movable = _holders.Where(IsMovable).Sum(Frames), listed = _holders.Where(h => h.State == FrameState.Pcp).Sum(Frames);
        string block = string.Create(CultureInfo.InvariantCulture, $"block {FrameText.Hex(_first)} of order {_order} ({1L << _order} frames)");
        if (held == 0 && _free.Count == 1)
        {
            return string.Create(CultureInfo.InvariantCulture,
                $"{block} is free: {(_free[0].Order == _order ? "" : $"part of the block {FrameText.Hex(_free[0].Head)} of order {_free[0].Order} ")}on the free list of {MigrateTypes.Name(_free[0].MigrateType)}.");
        }
        return held == 0
            ? string.Create(CultureInfo.InvariantCulture, $"{block} has no frame in use, but {_free.Count} free blocks that have not been merged.")
            : string.Create(CultureInfo.InvariantCulture,
                $"{block} is not free: {held} of its frames are not, {movable} of these movable, {listed} free on per-CPU lists.");
    }

    /// <summary>Lines: the sentence, then each holder with the event that put it there.</summary>
    public void Print(TextWriter text)
    {
        text.WriteLine(Sentence());
        for (int i = 0, next; i < _holders.Count; i = next)
        {
            FrameMoment holder = _holders[i];
            for (next = i + 1; next < _holders.Count && IsAlike(holder, _holders[next]); next++)
            {
            }
            string run = next - i == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $"to {FrameText.Hex(_holders[next - 1].Head)}, {next - i} frames: ");
            text.WriteLine($"{FrameText.Hex(holder.Head),10}  {run}{FrameText.State(holder, holder.Head, holder.ListCpu(_pages), Name(holder))}{Movability(holder)}{Age(holder)}");
            if (Event(holder) is { } e)
            {
                text.WriteLine($"{"",12}by {e}");
                foreach (LoggedEvent cause in _library.CausesOf(e))
                {
                    text.WriteLine($"{"",12}because of {cause}");
                }
            }
        }
    }

    /// <summary>The same as one object.</summary>
    public JsonObject Json() => new()
    {
        ["pfn"] = FrameText.Hex(_first),
        ["order"] = _order,
        ["sequence"] = _timeline.Position,
        ["timePs"] = _timeline.TimePs,
        ["free"] = _holders.Count == 0 && _free.Count == 1,
        ["sentence"] = Sentence(),
        ["holders"] = new JsonArray([.. _holders.Select(Json)]),
    };

    private JsonNode Json(FrameMoment holder)
    {
        LoggedEvent? e = Event(holder);
        return new JsonObject
        {
            ["pfn"] = FrameText.Hex(holder.Head),
            ["holder"] = Name(holder).Length > 0 ? Name(holder) : null,
            ["movable"] = IsMovable(holder),
            ["agePs"] = e is null ? null : _timeline.TimePs - e.TimePs,
            ["state"] = FrameBiography.Json(holder, holder.ListCpu(_pages)),
            ["event"] = e?.Json.DeepClone(),
            ["causes"] = new JsonArray([.. (e is null ? [] : _library.CausesOf(e)).Select(c => c.Json.DeepClone())]),
        };
    }

    /// <summary>Frames of the block that a holder has; its own block may be larger.</summary>
    private long Frames(FrameMoment holder) =>
        Math.Min(holder.Head + (1L << holder.Order), _first + (1L << _order)) - Math.Max(holder.Head, _first);

    /// <summary>Frames that one event held back or handed over together are one line; blocks on per-CPU lists never are.</summary>
    private static bool IsAlike(FrameMoment a, FrameMoment b) =>
        a.State != FrameState.Pcp && a.Order == 0 && (a with { Head = b.Head }) == b;

    private bool IsMovable(FrameMoment holder) => holder.State == FrameState.Allocated && CompactionState.IsMovable(in _pages.Frames[holder.Head]);

    private string Name(FrameMoment holder) => holder.State == FrameState.Allocated ? _names.Of(holder) : "";

    private string Movability(FrameMoment holder) =>
        holder.State != FrameState.Allocated ? "" : IsMovable(holder) ? "; can be moved" : "; cannot be moved";

    private string Age(FrameMoment holder) => Event(holder) is { } e ? $"; for {new SimTime(_timeline.TimePs - e.TimePs)}" : "";

    private LoggedEvent? Event(FrameMoment holder) => holder.AllocatedBy < 0 ? null : _library[holder.AllocatedBy];
}
