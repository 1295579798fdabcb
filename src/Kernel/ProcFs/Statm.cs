using System.Globalization;
using System.Text.Json.Serialization;
using Sim.Kernel.Mm;
using Sim.Kernel.Tasks;

namespace Sim.Kernel.ProcFs;

/// <summary><c>/proc/PID/statm</c>, in pages.</summary>
/// <param name="Size">All areas.</param>
/// <param name="Resident">Pages that are mapped.</param>
/// <param name="Shared">Those of files and of shared memory.</param>
/// <param name="Text">The program's code.</param>
/// <param name="Lib">0 since 2.6.</param>
/// <param name="Data">Data and stack.</param>
/// <param name="Dirty">0 since 2.6.</param>
public sealed record StatmRow(
    [property: JsonPropertyName("size")] long Size,
    [property: JsonPropertyName("resident")] long Resident,
    [property: JsonPropertyName("shared")] long Shared,
    [property: JsonPropertyName("text")] long Text,
    [property: JsonPropertyName("lib")] long Lib,
    [property: JsonPropertyName("data")] long Data,
    [property: JsonPropertyName("dt")] long Dirty);

/// <summary><c>/proc/PID/statm</c> (<c>proc_pid_statm</c>, fs/proc/array.c, and <c>task_statm</c>, fs/proc/task_mmu.c; Linux 6.1).</summary>
public static class Statm
{
    /// <summary>The row of one task; zeros for a task without memory.</summary>
    public static StatmRow Row(VirtualMemoryState state, int pid)
    {
        AddressSpace mm = state.MmOf(pid) is > 0 and int owner ? state.Spaces[owner] : new AddressSpace();
        long text = (long)((AddressSpaces.PageAlign(mm.EndCode) - (mm.StartCode & ~0xfffUL)) >> 12);
        return new StatmRow(mm.TotalVm, mm.Rss, mm.FileRss + mm.ShmemRss, text, 0, mm.DataVm + mm.StackVm, 0);
    }

    /// <summary>The kernel's layout: seven numbers.</summary>
    public static string Render(VirtualMemoryState state, int pid)
    {
        StatmRow r = Row(state, pid);
        return string.Create(CultureInfo.InvariantCulture, $"{r.Size} {r.Resident} {r.Shared} {r.Text} {r.Lib} {r.Data} {r.Dirty}\n");
    }
}
