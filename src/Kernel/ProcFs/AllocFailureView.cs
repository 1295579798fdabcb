using System.Text.Json.Serialization;
using Sim.Engine.Events;
using Sim.Kernel.Buddy;
using Sim.Kernel.Tasks;
using Sim.Kernel.Zones;

namespace Sim.Kernel.ProcFs;

/// <summary>Requests that failed up to a moment.</summary>
/// <param name="ByOrder">How many of each order.</param>
/// <param name="Seq">Event of the last one that the kernel would report; -1 for none.</param>
/// <param name="Order">Its order.</param>
/// <param name="GfpFlags">Its flags, as the kernel names them.</param>
/// <param name="Comm">Who asked.</param>
public sealed record AllocFailureRow(
    [property: JsonPropertyName("by_order")] long[] ByOrder,
    [property: JsonPropertyName("seq")] long Seq,
    [property: JsonPropertyName("order")] int Order,
    [property: JsonPropertyName("gfp_flags")] string GfpFlags,
    [property: JsonPropertyName("comm")] string Comm);

/// <summary>Failed requests, the last one as the kernel's log has it (<c>warn_alloc</c>, <c>show_free_areas</c> of mm/page_alloc.c, 6.1).</summary>
public static class AllocFailureView
{
    /// <summary>The failures as one object.</summary>
    public static AllocFailureRow Row(PageAllocatorState pages, TaskTable tasks, SymbolTable symbols)
    {
        AllocFailures failures = pages.Failures;
        return new AllocFailureRow(
            [.. Enumerable.Range(0, PageOrder.Count).Select(failures.OfOrder)], failures.Last, failures.Order,
            failures.Last < 0 ? "" : GfpNames.Format(failures.Gfp), failures.Last < 0 ? "" : Comm(failures.Owner, tasks, symbols));
    }

    /// <summary>Counts by order, then the report.</summary>
    public static string Render(PageAllocatorState pages, TaskTable tasks, SymbolTable symbols) =>
        pages.Failures.Render(owner => Comm(owner, tasks, symbols));

    private static string Comm(int owner, TaskTable tasks, SymbolTable symbols) =>
        owner > 0 && tasks[owner].State != TaskState.None ? symbols[tasks[owner].Comm] : owner > 0 ? $"pid {owner}" : "kernel";
}
