using System.Globalization;
using System.Text;
using Sim.Kernel.Boot;
using Sim.Kernel.Zones;

namespace Sim.Host.Provenance;

/// <summary>Sentences about page frames.</summary>
internal static class FrameText
{
    public static string Hex(long number) => "0x" + number.ToString("x", CultureInfo.InvariantCulture);

    /// <summary>What is the case with a frame.</summary>
    /// <param name="now">How it is.</param>
    /// <param name="pfn">The frame.</param>
    /// <param name="cpu">CPU whose list it is on; -1 for none.</param>
    /// <param name="holder">Who has it.</param>
    public static string State(FrameMoment now, long pfn, int cpu, string holder)
    {
        string part = now.Head == pfn ? "" : $"in block {Hex(now.Head)}, ";
        return now.State switch
        {
            FrameState.Hole => "no memory stands behind it",
            FrameState.Reserved => (ReserveReason)now.Index == ReserveReason.None
                ? $"kept from the allocator, zone {ZoneTypes.Name(now.Zone)}"
                : $"kept from the allocator for {Words(((ReserveReason)now.Index).ToString())}, zone {ZoneTypes.Name(now.Zone)}",
            FrameState.Buddy => $"free, {part}on the free list of order {now.Order}, {MigrateTypes.Name(now.MigrateType)}, zone {ZoneTypes.Name(now.Zone)}",
            FrameState.Pcp => $"free, {part}on CPU {cpu}'s list of order {now.Order}, {MigrateTypes.Name(now.MigrateType)}, zone {ZoneTypes.Name(now.Zone)}",
            _ => $"held by {holder}, {part}order {now.Order}, {MigrateTypes.Name(now.MigrateType)}, zone {ZoneTypes.Name(now.Zone)}{Use(now)}",
        };
    }

    /// <summary>What became of a frame.</summary>
    public static string Change(FrameChange change, long pfn)
    {
        FrameMoment before = change.Before, after = change.After;
        string state = State(after, pfn, change.Cpu, change.Holder);
        bool sameBlock = before.State == after.State && before.AllocatedBy == after.AllocatedBy && before.Owner == after.Owner;
        if (!sameBlock)
        {
            return (before.State, after.State) switch
            {
                (FrameState.Hole, _) => $"memory is found: {state}",
                (FrameState.Reserved, FrameState.Buddy or FrameState.Pcp) => $"given to the allocator: {state}",
                (FrameState.Buddy, FrameState.Pcp) => $"taken from the free list of order {before.Order}: {state}",
                (FrameState.Pcp, FrameState.Buddy) => $"drained: {state}",
                (FrameState.Buddy or FrameState.Pcp, FrameState.Allocated) => $"allocated: {state}",
                (FrameState.Allocated, FrameState.Buddy or FrameState.Pcp) => $"freed: {state}",
                (FrameState.Allocated, FrameState.Allocated) => $"from now on {state}",
                _ => state,
            };
        }
        var what = new List<string>();
        if (after.IsFree && before.Order != after.Order)
        {
            what.Add(before.Order < after.Order ? "merged" : "split");
        }
        else if (before.Order != after.Order || before.Head != after.Head)
        {
            what.Add("its block becomes another");
        }
        if (before.MigrateType != after.MigrateType)
        {
            what.Add($"{MigrateTypes.Name(before.MigrateType)} becomes {MigrateTypes.Name(after.MigrateType)}");
        }
        if (before.PageblockType != after.PageblockType)
        {
            what.Add($"its page block becomes {MigrateTypes.Name(after.PageblockType)}");
        }
        if (before.Use != after.Use || before.Index != after.Index)
        {
            what.Add(after.Use == FrameUse.None ? "no longer in use" : "put to use");
        }
        if (before.MapCount != after.MapCount)
        {
            what.Add(before.MapCount < after.MapCount ? "mapped" : "unmapped");
        }
        return $"{string.Join(", ", what)}: {state}";
    }

    /// <summary>The name of a moment of an enum, in words.</summary>
    public static string Words(string name)
    {
        var text = new StringBuilder();
        foreach (char c in name)
        {
            text.Append(char.IsUpper(c) && text.Length > 0 ? " " : "").Append(char.ToLowerInvariant(c));
        }
        return text.ToString();
    }

    private static string Use(FrameMoment now)
    {
        string use = now.Use switch
        {
            FrameUse.None => "",
            FrameUse.Anon => ", an anonymous page",
            FrameUse.File => ", a page of a file",
            FrameUse.Shmem => ", a page of shared memory",
            FrameUse.KernelStack => ", a kernel stack",
            FrameUse.PageTable => ", a page table",
            FrameUse.Slab => $", slab {now.Index}",
            _ => $", {Words(now.Use.ToString())}",
        };
        return now.MapCount == 0 ? use : $"{use}, mapped {now.MapCount} {(now.MapCount == 1 ? "time" : "times")}";
    }
}
