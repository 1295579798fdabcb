using System.Diagnostics;

namespace Sim.Host.Runs;

/// <summary>
/// Drives a machine to its end, between reports of progress. The wall clock decides only when a report is made, never
/// what the machine does.
/// </summary>
/// <param name="progress">Gets a sample about four times a second and one at the end.</param>
/// <param name="between">
/// Called between two dispatches every now and then, and when as many events are logged as it asked for the last time; it
/// changes nothing of the machine.
/// </param>
public sealed class RunSession(IRunnable machine, IProgress<RunSample> progress, Func<IRunnable, long>? between = null)
{
    private const int BatchDispatches = 256;
    private static readonly TimeSpan ReportEvery = TimeSpan.FromMilliseconds(250);

    /// <summary>Runs until the workload is done, a stop condition is met, or the token is cancelled.</summary>
    /// <returns>False when cancelled; the machine then stands between two dispatches.</returns>
    public bool Run(CancellationToken cancellation)
    {
        long next = Stopwatch.GetTimestamp();
        long every = (long)(ReportEvery.TotalSeconds * Stopwatch.Frequency);
        long pauseAtEvents = between?.Invoke(machine) ?? long.MaxValue;
        // A restored machine may stand at its end already.
        StepStatus status = machine.Dispatched > 0 ? machine.Look() : StepStatus.More;
        while (status == StepStatus.More)
        {
            if (cancellation.IsCancellationRequested)
            {
                progress.Report(machine.Sample());
                return false;
            }
            status = machine.Step(BatchDispatches, pauseAtEvents);
            pauseAtEvents = between?.Invoke(machine) ?? long.MaxValue;
            if (Stopwatch.GetTimestamp() >= next)
            {
                progress.Report(machine.Sample());
                next = Stopwatch.GetTimestamp() + every;
            }
        }
        progress.Report(machine.Sample());
        return true;
    }
}
