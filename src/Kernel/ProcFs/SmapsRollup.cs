using System.Text;
using System.Text.Json.Serialization;
using Sim.Kernel.Mm;

namespace Sim.Kernel.ProcFs;

/// <summary><c>/proc/PID/smaps_rollup</c>: all areas together; sizes in KiB.</summary>
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
        return new SmapsRollupRow(s, start, end);
    }

    /// <summary>The kernel's layout.</summary>
    public static string Render(MachineState machine, int pid)
    {
        SmapsRollupRow row = Row(machine, pid);
        string head = $"{row.Start[2..].PadLeft(8, '0')}-{row.End[2..].PadLeft(8, '0')} ---p 00000000 00:00 0 ";
        var text = new StringBuilder(head.PadRight(Maps.NameColumn(machine.Virtual.Spaces)) + "[rollup]\n");
        row.AppendTo(text, ("Pss_Anon", row.PssAnon), ("Pss_File", row.PssFile), ("Pss_Shmem", row.PssShmem));
        return text.ToString();
    }
}
