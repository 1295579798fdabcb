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
    [Setting("ftrace's text with the kmem events, plain or gzip-compressed, or what \"import ftrace\" made of it; relative to the experiment file.", Required = true)]
    public InputFile Trace { get; init; }

    [Setting("Where to begin: start, boot, or phase:NAME with a name of the recording's plan.", Pattern = CaptureRange.Pattern)]
    public string From { get; init; } = "start";

    [Setting("Which frees are replayed: open takes all of them, closed leaves out those that the recorded kernel's reclaim made and lets this machine reclaim when it needs to.")]
    public CaptureFrees Frees { get; init; }

    [Setting("Take from the trace what the recorded kernel did beside the requests: drains of per-CPU lists, kswapd's rounds, pages that compaction isolates. Then this machine's slow path adds nothing of its own.")]
    public bool KernelInputs { get; init; }

    /// <inheritdoc/>
    public override void CheckInputs()
    {
        try
        {
            FtraceText text = CaptureText.Read(Trace.Path);
            CaptureRange.Of(text, From);
            if (KernelInputs && (text.IsArranged || Frees == CaptureFrees.Closed))
            {
                throw new ExperimentException(text.IsArranged
                    ? $"{Trace} is an imported trace, which has requests and frees only, and kernelInputs takes more than these from it. Name ftrace's text, or leave kernelInputs out."
                    : "frees: closed lets this machine reclaim, and kernelInputs takes what reclaim did from the trace. Set one of them.");
            }
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
