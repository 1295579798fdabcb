using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;
using Sim.Kernel.Boot;
using Sim.Kernel.Buddy;
using Sim.Kernel.Zones;

namespace Sim.Kernel.ProcFs;

/// <summary>Everything known of one frame.</summary>
/// <param name="Pfn">The frame, hexadecimal.</param>
/// <param name="Zone">Name of its zone; empty for a hole.</param>
/// <param name="State">Who holds it: hole, reserved, buddy, pcp or allocated.</param>
/// <param name="Head">First frame of its block, hexadecimal.</param>
/// <param name="Order">Order of its block.</param>
/// <param name="MigrateType">Migratetype of its block.</param>
/// <param name="PageblockType">Migratetype of its page block.</param>
/// <param name="Use">What it is used for.</param>
/// <param name="Owner">For whom it is allocated: a pid, or below 0 a user inside the kernel.</param>
/// <param name="Index">Offset in its mapping, or number of its slab; of an anonymous page the low 32 bits of its virtual page number.</param>
/// <param name="MapCount">Page-table entries that map it.</param>
/// <param name="AllocatedBy">Sequence of the event that last handed it out; -1 for none.</param>
public record FrameRow(
    [property: JsonPropertyName("pfn")] string Pfn,
    [property: JsonPropertyName("zone")] string Zone,
    [property: JsonPropertyName("state")] string State,
    [property: JsonPropertyName("head")] string Head,
    [property: JsonPropertyName("order")] int Order,
    [property: JsonPropertyName("migratetype")] string MigrateType,
    [property: JsonPropertyName("pageblockType")] string PageblockType,
    [property: JsonPropertyName("use")] string Use,
    [property: JsonPropertyName("owner")] int Owner,
    [property: JsonPropertyName("index")] long Index,
    [property: JsonPropertyName("mapcount")] int MapCount,
    [property: JsonPropertyName("allocatedBy")] long AllocatedBy);

/// <summary>One page frame at a moment: <c>show RUN frame:PFN</c>.</summary>
public static class FrameView
{
    /// <summary>The frame's row; a frame inside a block tells what its head tells.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The machine has no such frame number.</exception>
    public static FrameRow Row(PageAllocatorState state, long pfn)
    {
        long head = Head(state.Frames, pfn);
        Frame frame = state.Frames[head];
        bool isHole = frame.State == FrameState.Hole;
        bool isBlock = frame.State is FrameState.Buddy or FrameState.Pcp or FrameState.Allocated;
        Frame own = state.Frames[pfn];
        return new FrameRow(
            Hex(pfn),
            isHole ? "" : ZoneTypes.Name(frame.Zone),
            Lower(frame.State.ToString()),
            Hex(head),
            isBlock ? frame.Order : 0,
            isBlock ? MigrateTypes.Name(frame.MigrateType) : "",
            isHole ? "" : MigrateTypes.Name(state.Zone(frame.Zone).PageblockType(pfn)),
            frame.State == FrameState.Reserved ? Lower(((ReserveReason)frame.Index).ToString()) : Lower(own.Use.ToString()),
            frame.Owner,
            frame.State == FrameState.Reserved ? 0 : own.Use == FrameUse.Anon ? (uint)own.Index : own.Index,
            own.MapCount,
            isHole ? -1 : frame.AllocatedBy);
    }

    /// <summary>The row as lines of name and value.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The machine has no such frame number.</exception>
    public static string Render(PageAllocatorState state, long pfn)
    {
        FrameRow row = Row(state, pfn);
        CultureInfo invariant = CultureInfo.InvariantCulture;
        var text = new StringBuilder();
        text.Append(invariant, $"pfn            {row.Pfn}\n");
        text.Append(invariant, $"state          {row.State}\n");
        if (row.Zone.Length == 0)
        {
            return text.ToString();
        }
        text.Append(invariant, $"zone           {row.Zone}\n");
        text.Append(invariant, $"pageblock      {row.PageblockType}\n");
        if (row.MigrateType.Length > 0)
        {
            text.Append(invariant, $"block          {row.Head} order {row.Order}, {row.MigrateType}\n");
        }
        text.Append(invariant, $"use            {row.Use}\n");
        text.Append(invariant, $"owner          {row.Owner}\n");
        text.Append(invariant, $"index          {(row.Use == "anon" ? Hex(row.Index) : row.Index.ToString(invariant))}\n");
        text.Append(invariant, $"mapcount       {row.MapCount}\n");
        string freed = row.State is "buddy" or "pcp" ? ", freed since" : "";
        text.Append(invariant, $"allocated by   {(row.AllocatedBy < 0 ? "nobody" : $"event {row.AllocatedBy}{freed}")}\n");
        return text.ToString();
    }

    /// <summary>The head of the block that a frame belongs to: itself, or the nearest below whose block reaches it.</summary>
    public static long Head(FrameTable frames, long pfn)
    {
        if (frames[pfn].State != FrameState.Tail)
        {
            return pfn;
        }
        for (int order = 1; order <= PageOrder.Max; order++)
        {
            long head = pfn & -(1L << order);
            ref Frame frame = ref frames[head];
            if (frame.State != FrameState.Tail && frame.Order >= order)
            {
                return head;
            }
        }
        return pfn;
    }

    private static string Hex(long pfn) => "0x" + pfn.ToString("x", CultureInfo.InvariantCulture);

    /// <summary>snake_case, as enum values are shown everywhere.</summary>
    private static string Lower(string name)
    {
        var text = new StringBuilder();
        foreach (char c in name)
        {
            text.Append(char.IsUpper(c) && text.Length > 0 ? "_" : "").Append(char.ToLowerInvariant(c));
        }
        return text.ToString();
    }
}
