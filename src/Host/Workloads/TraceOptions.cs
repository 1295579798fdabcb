using Sim.Host.Experiments;

namespace Sim.Host.Workloads;

/// <summary>A real program's memory accesses and mapping calls, replayed together in the order in which they happened.</summary>
public sealed record TraceOptions : WorkloadOptions
{
    [Setting("The trace, as \"sim import\" writes it; relative to the experiment file.", Required = true)]
    public InputFile File { get; init; }

    [Setting("Tasks that replay it, each in an address space of its own, in turn on the CPUs.", Min = 1, Max = 1_000)]
    public int Tasks { get; init; } = 1;
}
