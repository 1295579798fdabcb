using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;
using Sim.Engine.Events;
using Sim.Kernel.Mm;
using Sim.Kernel.Tasks;

namespace Sim.Kernel.ProcFs;

/// <summary>A task as <c>/proc/PID/status</c> has it, with its fault counts of <c>/proc/PID/stat</c>. Sizes in KiB.</summary>
public sealed record StatusRow(
    [property: JsonPropertyName("Name")] string Name,
    [property: JsonPropertyName("State")] string State,
    [property: JsonPropertyName("Pid")] int Pid,
    [property: JsonPropertyName("VmPeak")] long VmPeak,
    [property: JsonPropertyName("VmSize")] long VmSize,
    [property: JsonPropertyName("VmLck")] long VmLck,
    [property: JsonPropertyName("VmPin")] long VmPin,
    [property: JsonPropertyName("VmHWM")] long VmHwm,
    [property: JsonPropertyName("VmRSS")] long VmRss,
    [property: JsonPropertyName("RssAnon")] long RssAnon,
    [property: JsonPropertyName("RssFile")] long RssFile,
    [property: JsonPropertyName("RssShmem")] long RssShmem,
    [property: JsonPropertyName("VmData")] long VmData,
    [property: JsonPropertyName("VmStk")] long VmStk,
    [property: JsonPropertyName("VmExe")] long VmExe,
    [property: JsonPropertyName("VmLib")] long VmLib,
    [property: JsonPropertyName("VmPTE")] long VmPte,
    [property: JsonPropertyName("VmSwap")] long VmSwap,
    [property: JsonPropertyName("minflt")] long MinFlt,
    [property: JsonPropertyName("majflt")] long MajFlt);

/// <summary><c>/proc/PID/status</c>: a task and the sizes of its memory (fs/proc/array.c, <c>task_mem</c> in fs/proc/task_mmu.c).</summary>
public static class Status
{
    /// <summary>The row of one task. A task that has ended has no memory.</summary>
    /// <param name="state">Tasks and address spaces.</param>
    /// <param name="pid">The task.</param>
    /// <param name="symbols">Names of programs.</param>
    /// <exception cref="ArgumentException">There is no such task.</exception>
    public static StatusRow Row(VirtualMemoryState state, int pid, SymbolTable symbols)
    {
        TaskInfo task = state.Tasks[pid];
        if (task.State == TaskState.None)
        {
            throw new ArgumentException($"There is no task {pid}.", nameof(pid));
        }
        FaultCounts faults = state.Spaces.Faults(pid);
        bool hasMemory = state.MmOf(pid) > 0;
        AddressSpace mm = hasMemory ? state.Spaces[state.MmOf(pid)] : new AddressSpace();
        // The program's own code; what else may be executed is libraries'.
        long code = Math.Min((long)((AddressSpaces.PageAlign(mm.EndCode) - (mm.StartCode & ~0xfffUL)) >> 12), mm.ExecVm);
        return new StatusRow(
            symbols[task.Comm], StateOf(task.State), pid, Kib(mm.HiwaterVm), Kib(mm.TotalVm), Kib(mm.LockedVm), 0, Kib(mm.HiwaterRss), Kib(mm.Rss),
            Kib(mm.AnonRss), Kib(mm.FileRss), Kib(mm.ShmemRss), Kib(mm.DataVm), Kib(mm.StackVm), Kib(code), Kib(mm.ExecVm - code),
            Kib(!hasMemory ? 0 : PageTableAccounting.ChargedPages(state.Spaces, mm)), Kib(mm.SwapEntries), faults.Minor, faults.Major);
    }

    /// <summary>The kernel's layout.</summary>
    public static string Render(VirtualMemoryState state, int pid, SymbolTable symbols)
    {
        StatusRow row = Row(state, pid, symbols);
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"Name:\t{row.Name}\nState:\t{row.State}\nPid:\t{row.Pid}\n");
        if (state.MmOf(pid) == 0)
        {
            return text.ToString();
        }
        (string Name, long Kib)[] sizes =
        [
            ("VmPeak", row.VmPeak), ("VmSize", row.VmSize), ("VmLck", row.VmLck), ("VmPin", row.VmPin), ("VmHWM", row.VmHwm),
            ("VmRSS", row.VmRss), ("RssAnon", row.RssAnon), ("RssFile", row.RssFile), ("RssShmem", row.RssShmem), ("VmData", row.VmData),
            ("VmStk", row.VmStk), ("VmExe", row.VmExe), ("VmLib", row.VmLib), ("VmPTE", row.VmPte), ("VmSwap", row.VmSwap),
        ];
        foreach ((string name, long kib) in sizes)
        {
            text.Append(CultureInfo.InvariantCulture, $"{name}:\t{kib,8} kB\n");
        }
        return text.ToString();
    }

    private static long Kib(long pages) => pages << 2;

    private static string StateOf(TaskState state) => state switch
    {
        TaskState.Running => "R (running)",
        TaskState.Sleeping => "S (sleeping)",
        TaskState.DiskSleep => "D (disk sleep)",
        TaskState.Zombie => "Z (zombie)",
        _ => "X (dead)",
    };
}
