using System.Globalization;
using System.Text.Json.Nodes;
using Sim.Host.Runs;
using Sim.Kernel.Buddy;
using Sim.Kernel.Compaction;
using Sim.Kernel.Zones;

namespace Sim.Host.Provenance;

/// <summary>A block that is not free.</summary>
/// <param name="Pfn">Its first frame.</param>
/// <param name="Zone">Its zone.</param>
/// <param name="PageblockType">Migratetype of the page block that its first frame lies in.</param>
/// <param name="Used">Frames that are not on the buddy lists.</param>
/// <param name="Movable">Those of them that compaction could move.</param>
/// <param name="Listed">Those of them that are free on per-CPU lists.</param>
internal readonly record struct UsedBlock(long Pfn, ZoneType Zone, MigrateType PageblockType, int Used, int Movable, int Listed);

/// <summary>All blocks of an order at a moment: how many are free, and which come nearest to it.</summary>
internal sealed class BlockSurvey
{
    private readonly Timeline _timeline;
    private readonly int _order, _free, _blocks;
    private readonly IReadOnlyList<UsedBlock> _nearest;

    /// <summary>Looks at all blocks whose frames all belong to the allocator.</summary>
    /// <param name="moment">The moment.</param>
    /// <param name="order">The order.</param>
    /// <param name="count">So many of those not free are named: those with the fewest frames in use.</param>
    public BlockSurvey(RunMoment moment, int order, int count)
    {
        (_timeline, _order) = (moment.Timeline, order);
        PageAllocatorState pages = _timeline.State.State.Memory.Pages;
        var used = new List<UsedBlock>();
        for (long pfn = 0; pfn + (1L << order) <= pages.Frames.Count; pfn += 1L << order)
        {
            if (Look(pages, pfn) is { } block)
            {
                _blocks++;
                _free += block.Used == 0 ? 1 : 0;
                used.Add(block);
            }
        }
        _nearest = [.. used.Where(b => b.Used > 0).OrderBy(b => b.Used).ThenBy(b => b.Pfn).Take(count)];
    }

    /// <summary>Lines: how many are free, then the nearest to it.</summary>
    public void Print(TextWriter text)
    {
        text.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{_free} of {_blocks} blocks of order {_order} have no frame in use. Nearest to that:"));
        foreach (UsedBlock block in _nearest)
        {
            text.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{FrameText.Hex(block.Pfn),10}  zone {ZoneTypes.Name(block.Zone)}, {MigrateTypes.Name(block.PageblockType)}: {block.Used} of {1L << _order} frames in use, {block.Movable} of these movable, {block.Listed} free on per-CPU lists"));
        }
    }

    /// <summary>The same as one object.</summary>
    public JsonObject Json() => new()
    {
        ["order"] = _order,
        ["sequence"] = _timeline.Position,
        ["timePs"] = _timeline.TimePs,
        ["blocks"] = _blocks,
        ["free"] = _free,
        ["nearest"] = new JsonArray([.. _nearest.Select(b => (JsonNode)new JsonObject
        {
            ["pfn"] = FrameText.Hex(b.Pfn),
            ["zone"] = ZoneTypes.Name(b.Zone),
            ["pageblockType"] = MigrateTypes.Name(b.PageblockType),
            ["used"] = b.Used,
            ["movable"] = b.Movable,
            ["listed"] = b.Listed,
        })]),
    };

    private UsedBlock? Look(PageAllocatorState pages, long first)
    {
        int used = 0, movable = 0, listed = 0;
        long end = first + (1L << _order);
        ZoneType zone = pages.Frames[first].Zone;
        for (long pfn = first; pfn < end;)
        {
            var frame = FrameMoment.Of(pages, pfn, pfn);
            if (frame.State is FrameState.Hole or FrameState.Reserved || frame.Zone != zone)
            {
                return null;
            }
            long next = Math.Min(end, frame.Head + (1L << frame.Order));
            int frames = (int)(next - pfn);
            used += frame.State == FrameState.Buddy ? 0 : frames;
            listed += frame.State == FrameState.Pcp ? frames : 0;
            movable += frame.State == FrameState.Allocated && CompactionState.IsMovable(in pages.Frames[frame.Head]) ? frames : 0;
            pfn = next;
        }
        return new UsedBlock(first, zone, pages.Zone(zone).PageblockType(first), used, movable, listed);
    }
}
