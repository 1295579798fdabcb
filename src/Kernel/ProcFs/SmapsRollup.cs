using System.Text;
using System.Text.Json.Serialization;
using Sim.Kernel.Mm;

namespace Sim.Kernel.ProcFs;

/// <summary><c>/proc/PID/smaps_rollup</c>: all areas together; sizes in KiB.</summary>
public sealed record SmapsRollupRow(
    [property: JsonPropertyName("start")] string Start,
    [property: JsonPropertyName("end")] string End,
    [property: JsonPropertyName("Rss")] long Rss,
    [property: JsonPropertyName("Pss")] long Pss,
    [property: JsonPropertyName("Pss_Dirty")] long PssDirty,
    [property: JsonPropertyName("Pss_Anon")] long PssAnon,
    [property: JsonPropertyName("Pss_File")] long PssFile,
    [property: JsonPropertyName("Pss_Shmem")] long PssShmem,
    [property: JsonPropertyName("Shared_Clean")] long SharedClean,
    [property: JsonPropertyName("Shared_Dirty")] long SharedDirty,
    [property: JsonPropertyName("Private_Clean")] long PrivateClean,
    [property: JsonPropertyName("Private_Dirty")] long PrivateDirty,
    [property: JsonPropertyName("Referenced")] long Referenced,
    [property: JsonPropertyName("Anonymous")] long Anonymous,
    [property: JsonPropertyName("LazyFree")] long LazyFree,
    [property: JsonPropertyName("AnonHugePages")] long AnonHugePages,
    [property: JsonPropertyName("Swap")] long Swap,
    [property: JsonPropertyName("SwapPss")] long SwapPss,
    [property: JsonPropertyName("Locked")] long Locked);

/// <summary><c>/proc/PID/smaps_rollup</c> (<c>show_smaps_rollup</c>, fs/proc/task_mmu.c, Linux 6.1).</summary>
public static class SmapsRollup
{
    /// <summary>The sums over the areas of a process.</summary>
    /// <exception cref="ArgumentException">The process has no address space.</exception>
    public static SmapsRollupRow Row(MachineState machine, int pid)
    {
        var s = new SmapsSizes();
        ulong start = 0, end = 0;
        foreach (VmArea area in Maps.AreasOf(machine.Virtual.Spaces, pid))
        {
            s.Add(machine.Virtual.Spaces, machine.Memory.Pages.Frames, machine.Memory.Reclaim, in area);
            start = end == 0 ? area.VmStart : start;
            end = area.VmEnd;
        }
        return new SmapsRollupRow(
            Maps.Hex(start), Maps.Hex(end), s.Resident >> 10, s.Pss >> 10, s.PssDirty >> 10, s.PssAnon >> 10, s.PssFile >> 10, s.PssShmem >> 10,
            s.SharedClean >> 10, s.SharedDirty >> 10, s.PrivateClean >> 10, s.PrivateDirty >> 10, s.Referenced >> 10, s.Anonymous >> 10,
            s.LazyFree >> 10, s.AnonHugePages >> 10, s.Swap >> 10, s.SwapPss >> 10, s.Locked >> 10);
    }

    /// <summary>The kernel's layout.</summary>
    public static string Render(MachineState machine, int pid)
    {
        SmapsRollupRow row = Row(machine, pid);
        string head = $"{row.Start[2..].PadLeft(8, '0')}-{row.End[2..].PadLeft(8, '0')} ---p 00000000 00:00 0 ";
        var text = new StringBuilder(head.PadRight(Maps.NameColumn(machine.Virtual.Spaces)) + "[rollup]\n");
        Smaps.Append(
            text, ("Rss", row.Rss), ("Pss", row.Pss), ("Pss_Dirty", row.PssDirty), ("Pss_Anon", row.PssAnon), ("Pss_File", row.PssFile),
            ("Pss_Shmem", row.PssShmem), ("Shared_Clean", row.SharedClean), ("Shared_Dirty", row.SharedDirty), ("Private_Clean", row.PrivateClean),
            ("Private_Dirty", row.PrivateDirty), ("Referenced", row.Referenced), ("Anonymous", row.Anonymous), ("LazyFree", row.LazyFree), ("AnonHugePages", row.AnonHugePages));
        Smaps.AppendUnused(text);
        Smaps.Append(text, ("Swap", row.Swap), ("SwapPss", row.SwapPss), ("Locked", row.Locked));
        return text.ToString();
    }
}
