using Sim.Host.Captures;
using Sim.Host.Experiments;
using Sim.Host.Traces;

namespace Sim.Host.Workloads;

/// <summary>Which frees of a recording are replayed.</summary>
public enum CaptureFrees
{
    /// <summary>All of them, at the moments the recorded kernel made them.</summary>
    Open,

    /// <summary>Without those that the recorded kernel's reclaim made: this machine reclaims when it needs to.</summary>
    Closed,
}

/// <summary>The page requests of a real kernel, from its captured trace.</summary>
public sealed record CaptureOptions : WorkloadOptions
{
    [Setting("ftrace's text with the kmem events, plain or gzip-compressed; relative to the experiment file.", Required = true)]
    public InputFile Trace { get; init; }

    [Setting("Where to begin: start, boot, or phase:NAME with a name of the recording's plan.", Pattern = CaptureRange.Pattern)]
    public string From { get; init; } = "start";

    [Setting("Which frees are replayed.")]
    public CaptureFrees Frees { get; init; }

    [Setting("Take from the trace what the recorded kernel did beside the requests: drains of per-CPU lists, kswapd's rounds, pages that compaction isolates. Then this machine's slow path adds nothing of its own.")]
    public bool KernelInputs { get; init; }

    /// <inheritdoc/>
    public override void CheckInputs()
    {
        try
        {
            CaptureRange.Of(FtraceReader.Read(Trace.Path), From);
        }
        catch (TraceFormatException e)
        {
            throw new ExperimentException(e.Message, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ExperimentException($"The trace {Trace} cannot be read: {e.Message}", e);
        }
    }
}
