using Sim.Host.Experiments;
using Sim.Host.Traces;

namespace Sim.Host.Workloads;

/// <summary>A real program's memory accesses and mapping calls, replayed together in the order in which they happened.</summary>
public sealed record TraceOptions : WorkloadOptions
{
    [Setting("The trace, as \"sim import\" writes it; relative to the experiment file.", Required = true)]
    public InputFile File { get; init; }

    [Setting("Tasks that replay it, each in an address space of its own, in turn on the CPUs.", Min = 1, Max = 1_000)]
    public int Tasks { get; init; } = 1;

    /// <inheritdoc/>
    public override void CheckInputs() => Open(readAhead: false).Dispose();

    /// <summary>Opens the trace.</summary>
    /// <exception cref="ExperimentException">It cannot be read, or is no trace.</exception>
    internal TraceReader Open(bool readAhead)
    {
        try
        {
            return TraceReader.Open(File.Path, readAhead);
        }
        catch (TraceFormatException e)
        {
            throw new ExperimentException(e.Message, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new ExperimentException($"The trace {File} cannot be read: {e.Message} Check the path in the experiment file.", e);
        }
    }
}
