using System.Globalization;
using Sim.Engine.Events;
using Sim.Kernel;
using Sim.Kernel.Mm;
using Sim.Kernel.ProcFs;
using Sim.Kernel.Tasks;

namespace Sim.Host.Runs;

/// <summary>What a view is asked.</summary>
/// <param name="Machine">The state at the moment.</param>
/// <param name="Symbols">The strings announced up to it.</param>
/// <param name="Number">The pid or pfn after the colon; 0 when the view takes none.</param>
/// <param name="TimePs">The moment, in picoseconds of simulated time.</param>
public sealed record ViewRequest(MachineState Machine, SymbolTable Symbols, long Number, long TimePs);

/// <summary>A view of the state.</summary>
/// <param name="Name">Such as <c>buddyinfo</c>.</param>
/// <param name="Argument">What follows the colon, such as <c>PFN</c>; null when nothing does.</param>
/// <param name="Render">The kernel's own layout.</param>
/// <param name="Rows">The same as objects, for JSON.</param>
public sealed record StateView(
    string Name, string? Argument, Func<ViewRequest, string> Render, Func<ViewRequest, IEnumerable<object>> Rows);

/// <summary>The views of <c>show</c>.</summary>
public static class StateViews
{
    /// <summary>All of them, in the order of help.</summary>
    public static IReadOnlyList<StateView> All { get; } =
    [
        new("buddyinfo", null, r => BuddyInfo.Render(r.Machine.Memory.Pages), r => BuddyInfo.Rows(r.Machine.Memory.Pages)),
        new("pagetypeinfo", null, r => PageTypeInfo.Render(r.Machine.Memory.Pages), r => PageTypeInfo.Rows(r.Machine.Memory.Pages)),
        new("zoneinfo", null, r => ZoneInfo.Render(r.Machine.Memory.Pages), r => ZoneInfo.Rows(r.Machine.Memory.Pages)),
        new("meminfo", null,
            r => MemInfo.Render(r.Machine.Memory, r.Machine.Virtual.Vmalloc, Commit(r)),
            r => [new Dictionary<string, long>(MemInfo.Rows(r.Machine.Memory, r.Machine.Virtual.Vmalloc, Commit(r)))]),
        new("vmstat", null, r => VmStat.Render(r.Machine), r => [new Dictionary<string, long>(VmStat.Rows(r.Machine))]),
        new("swaps", null, r => Swaps.Render(r.Machine.Memory.Reclaim), r => Swaps.Rows(r.Machine.Memory.Reclaim)),
        new("lru-gen", null, r => LruGen.Render(r.Machine.Memory.Reclaim, r.TimePs), r => LruGen.Rows(r.Machine.Memory.Reclaim, r.TimePs)),
        new("memcg", null, r => MemcgView.Render(r.Machine.Virtual.Spaces), r => [new Dictionary<string, long>(MemcgView.Rows(r.Machine.Virtual.Spaces))]),
        new("slabinfo", null, r => SlabInfo.Render(r.Machine.Memory.Slab, r.Symbols), r => SlabInfo.Rows(r.Machine.Memory.Slab, r.Symbols)),
        new("vmallocinfo", null,
            r => VmallocInfo.Render(r.Machine.Virtual.Vmalloc, r.Symbols), r => VmallocInfo.Rows(r.Machine.Virtual.Vmalloc, r.Symbols)),
        new("kernel-layout", null, r => KernelLayoutView.Render(r.Machine), r => KernelLayoutView.Rows(r.Machine)),
        new("extfrag", null, r => ExtFrag.Render(r.Machine.Memory.Pages), r => ExtFrag.Rows(r.Machine.Memory.Pages)),
        new("intfrag", null, r => InternalFragmentation.Render(r.Machine.Memory.Slab, r.Symbols), r => InternalFragmentation.Rows(r.Machine.Memory.Slab, r.Symbols)),
        new("alloc-failures", null,
            r => AllocFailureView.Render(r.Machine.Memory.Pages, r.Machine.Virtual.Tasks, r.Symbols),
            r => [AllocFailureView.Row(r.Machine.Memory.Pages, r.Machine.Virtual.Tasks, r.Symbols)]),
        new("oom", null,
            r => OomReportView.Render(r.Machine.Virtual.Oom, r.Machine.Virtual.Tasks, r.Symbols),
            r => OomReportView.Rows(r.Machine.Virtual.Oom, r.Machine.Virtual.Tasks, r.Symbols)),
        new("tasks", null,
            r => TaskList.Render(r.Machine.Virtual.Tasks, r.Symbols),
            r => TaskList.Rows(r.Machine.Virtual.Tasks, r.Symbols)),
        new("maps", "PID", r => Maps.Render(r.Machine.Virtual.Spaces, Process(r), r.Symbols), r => Maps.Rows(r.Machine.Virtual.Spaces, Process(r), r.Symbols)),
        new("smaps", "PID", r => Smaps.Render(r.Machine, Process(r), r.Symbols), r => Smaps.Rows(r.Machine, Process(r), r.Symbols)),
        new("smaps_rollup", "PID", r => SmapsRollup.Render(r.Machine, Process(r)), r => [SmapsRollup.Row(r.Machine, Process(r))]),
        new("pagemap", "PID",
            r => PageMap.Render(r.Machine.Virtual.Spaces, r.Machine.Memory.Pages.Frames, Process(r)),
            r => PageMap.Rows(r.Machine.Virtual.Spaces, r.Machine.Memory.Pages.Frames, Process(r))),
        new("status", "PID", r => Status.Render(r.Machine.Virtual, Task(r), r.Symbols), r => [Status.Row(r.Machine.Virtual, Task(r), r.Symbols)]),
        new("statm", "PID", r => Statm.Render(r.Machine.Virtual, Task(r)), r => [Statm.Row(r.Machine.Virtual, Task(r))]),
        new("auxv", "PID", r => Auxv.Render(r.Machine.Virtual.Spaces, Process(r)), r => Auxv.Rows(r.Machine.Virtual.Spaces, Process(r))),
        new("mm", "PID", r => MmStruct.Render(r.Machine.Virtual, Process(r), r.Symbols), r => [MmStruct.Row(r.Machine.Virtual, Process(r), r.Symbols)]),
        new("pagetables", "PID", r => PageTableDump.Render(r.Machine.Virtual.Spaces, Process(r)), r => PageTableDump.Rows(r.Machine.Virtual.Spaces, Process(r))),
        new("frame", "PFN", r => StructPage.Render(r.Machine, Frame(r), r.Symbols), r => [StructPage.Row(r.Machine, Frame(r), r.Symbols)]),
        new("segments", null, r => SegmentView.Render(r.Machine.Hardware), r => SegmentView.Rows(r.Machine.Hardware)),
        new("dram", null, r => DramView.Render(r.Machine.Hardware.Dram), r => DramView.Rows(r.Machine.Hardware.Dram)),
    ];

    /// <summary>How the view is named on the command line: <c>frame:PFN</c>.</summary>
    public static string Usage(StateView view) => view.Argument is null ? view.Name : $"{view.Name}:{view.Argument}";

    /// <summary>Takes apart <c>frame:0x1a00</c>.</summary>
    /// <exception cref="CommandException">There is no such view, or its number is missing or wrong (exit code 2).</exception>
    public static (StateView View, long Number) Parse(string text)
    {
        string[] parts = text.Split(':', 2);
        StateView view = All.FirstOrDefault(v => v.Name == parts[0]) ?? throw new CommandException(ExitCode.Usage,
            $"There is no view \"{parts[0]}\".{Suggestion.For(parts[0], All.Select(v => v.Name))} Views: {string.Join(' ', All.Select(Usage))}.");
        if (view.Argument is null != (parts.Length == 1))
        {
            throw new CommandException(ExitCode.Usage, $"{text}: the view is written {Usage(view)}.");
        }
        return (view, parts.Length == 1 ? 0 : Commands.OptionText.Hexadecimal(view.Name + ":", parts[1]));
    }

    private static CommitAccounting Commit(ViewRequest r) => new(r.Machine.Options.Kernel.Mm, r.Machine.Memory.Pages, r.Machine.Virtual.Spaces);

    private static long Frame(ViewRequest request)
    {
        long frames = request.Machine.Options.Hardware.Frames;
        return request.Number < frames ? request.Number : throw new CommandException(ExitCode.Usage,
            string.Create(CultureInfo.InvariantCulture, $"frame:0x{request.Number:x}: the machine has the frames 0 to 0x{frames - 1:x}."));
    }

    private static int Process(ViewRequest request) =>
        request.Number <= int.MaxValue && request.Machine.Virtual.MmOf((int)request.Number) is > 0 and int mm
            ? mm
            : throw NoTask(request, "has no address space at this moment");

    private static int Task(ViewRequest request) =>
        request.Number <= int.MaxValue && request.Machine.Virtual.Tasks[(int)request.Number].State != TaskState.None
            ? (int)request.Number
            : throw NoTask(request, "has not been started at this moment");

    private static CommandException NoTask(ViewRequest request, string what)
    {
        IEnumerable<int> live = Enumerable.Range(0, request.Machine.Virtual.Tasks.MaxPid + 1).Where(p => request.Machine.Virtual.MmOf(p) > 0);
        string shown = string.Join(", ", live.Take(20));
        return new CommandException(ExitCode.Usage,
            $"Task {request.Number} {what}. {(shown.Length == 0 ? "No task has one." : $"Tasks with one: {shown}{(live.Skip(20).Any() ? ", …" : "")}.")}");
    }
}
