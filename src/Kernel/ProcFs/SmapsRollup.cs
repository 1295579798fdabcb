using System.Text;
using System.Text.Json.Serialization;
using Sim.Kernel.Mm;

namespace Sim.Kernel.ProcFs;

/// <summary><c>/proc/PID/smaps_rollup</c>: all areas together; sizes in KiB.</summary>
<<<<<<< HEAD
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
=======
public sealed record SmapsRollupRow : SmapsFigures
{
    internal SmapsRollupRow(SmapsSizes sizes, ulong start, ulong end)
        : base(sizes)
    {
        (Start, End) = (Maps.Hex(start), Maps.Hex(end));
        (PssAnon, PssFile, PssShmem) = (sizes.PssAnon >> 10, sizes.PssFile >> 10, sizes.PssShmem >> 10);
    }

    /// <summary>First address of the first area.</summary>
    [JsonPropertyName("start")]
    public string Start { get; }

    /// <summary>Behind the last address of the last area.</summary>
    [JsonPropertyName("end")]
    public string End { get; }

    /// <summary>Of Pss, anonymous pages.</summary>
    [JsonPropertyName("Pss_Anon"), JsonPropertyOrder(2)]
    public long PssAnon { get; }

    /// <summary>Of Pss, pages of files.</summary>
    [JsonPropertyName("Pss_File"), JsonPropertyOrder(2)]
    public long PssFile { get; }

    /// <summary>Of Pss, shared memory.</summary>
    [JsonPropertyName("Pss_Shmem"), JsonPropertyOrder(2)]
    public long PssShmem { get; }
}
>>>>>>> 40c7272 (Reading of issue 5: the OOM killer takes the later of equals, executable shared memory ages, MADV_WILLNEED reads from swap, arch_prctl tells bases, smaps counts LazyFree, reports count dirty and locked pages by zone; mremap, smaps and system calls without repetitions)

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
<<<<<<< HEAD
        return new SmapsRollupRow(
            Maps.Hex(start), Maps.Hex(end), s.Resident >> 10, s.Pss >> 10, s.PssDirty >> 10, s.PssAnon >> 10, s.PssFile >> 10, s.PssShmem >> 10,
            s.SharedClean >> 10, s.SharedDirty >> 10, s.PrivateClean >> 10, s.PrivateDirty >> 10, s.Referenced >> 10, s.Anonymous >> 10,
            s.LazyFree >> 10, s.AnonHugePages >> 10, s.Swap >> 10, s.SwapPss >> 10, s.Locked >> 10);
=======
        return new SmapsRollupRow(s, start, end);
>>>>>>> 40c7272 (Reading of issue 5: the OOM killer takes the later of equals, executable shared memory ages, MADV_WILLNEED reads from swap, arch_prctl tells bases, smaps counts LazyFree, reports count dirty and locked pages by zone; mremap, smaps and system calls without repetitions)
    }

    /// <summary>The kernel's layout.</summary>
    public static string Render(MachineState machine, int pid)
    {
        SmapsRollupRow row = Row(machine, pid);
        string head = $"{row.Start[2..].PadLeft(8, '0')}-{row.End[2..].PadLeft(8, '0')} ---p 00000000 00:00 0 ";
        var text = new StringBuilder(head.PadRight(Maps.NameColumn(machine.Virtual.Spaces)) + "[rollup]\n");
<<<<<<< HEAD
        Smaps.Append(
            text, ("Rss", row.Rss), ("Pss", row.Pss), ("Pss_Dirty", row.PssDirty), ("Pss_Anon", row.PssAnon), ("Pss_File", row.PssFile),
            ("Pss_Shmem", row.PssShmem), ("Shared_Clean", row.SharedClean), ("Shared_Dirty", row.SharedDirty), ("Private_Clean", row.PrivateClean),
            ("Private_Dirty", row.PrivateDirty), ("Referenced", row.Referenced), ("Anonymous", row.Anonymous), ("LazyFree", row.LazyFree), ("AnonHugePages", row.AnonHugePages));
        Smaps.AppendUnused(text);
        Smaps.Append(text, ("Swap", row.Swap), ("SwapPss", row.SwapPss), ("Locked", row.Locked));
=======
        row.AppendTo(text, ("Pss_Anon", row.PssAnon), ("Pss_File", row.PssFile), ("Pss_Shmem", row.PssShmem));
>>>>>>> 40c7272 (Reading of issue 5: the OOM killer takes the later of equals, executable shared memory ages, MADV_WILLNEED reads from swap, arch_prctl tells bases, smaps counts LazyFree, reports count dirty and locked pages by zone; mremap, smaps and system calls without repetitions)
        return text.ToString();
    }
}
