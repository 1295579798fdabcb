using Sim.Engine.Log;
using Sim.Host.Experiments;
using Sim.Host.Runs;

namespace Sim.Host.Sweeps;

/// <summary>Runs the points of a sweep that are not complete, several at a time; what was begun is gone on with.</summary>
internal sealed class SweepRunner(ISimulator simulator, ExperimentFile experiments, SweepDirectory directory, string commandLine)
{
    /// <summary>Runs points.</summary>
    /// <param name="points">The points with their experiments.</param>
    /// <param name="jobs">How many at a time.</param>
    /// <param name="done">Told of each that is complete; never by two threads at once.</param>
    /// <param name="cancellation">Interrupts the runs, which can be gone on with.</param>
    /// <returns>False when interrupted.</returns>
    public bool Run(IReadOnlyList<(SweepPoint Point, Experiment Experiment)> points, int jobs, Action<SweepPoint> done, CancellationToken cancellation)
    {
        int next = -1;
        bool finished = true;
        Exception? failure = null;
        var gate = new Lock();
        void Work()
        {
            while (!cancellation.IsCancellationRequested && Volatile.Read(ref failure) is null
                && Interlocked.Increment(ref next) is var i && i < points.Count)
            {
                try
                {
                    bool whole = RunOne(points[i].Point, points[i].Experiment, cancellation);
                    lock (gate)
                    {
                        finished &= whole;
                        if (whole)
                        {
                            done(points[i].Point);
                        }
                    }
                }
                catch (Exception e)
                {
                    Interlocked.CompareExchange(ref failure, e, null);
                }
            }
        }
        Thread[] workers = [.. Enumerable.Range(1, Math.Min(jobs, Math.Max(points.Count, 1)) - 1).Select(i => new Thread(Work) { Name = $"sweep {i}" })];
        Array.ForEach(workers, w => w.Start());
        Work();
        Array.ForEach(workers, w => w.Join());
        if (failure is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        }
        return finished && !cancellation.IsCancellationRequested;
    }

    private bool RunOne(SweepPoint point, Experiment experiment, CancellationToken cancellation)
    {
        string run = directory.RunOf(point);
        Discard(run);
        Recording recording = Directory.Exists(run)
            ? Recording.Reopen(simulator, experiments, run, [])
            : Recording.Prepare(simulator, experiments, experiment, run, commandLine);
        try
        {
            if (recording.Reopened is null)
            {
                return recording.Run(work => work(new Silence()), cancellation).Finished;
            }
            return recording.IsComplete() || recording.Resume(work => work(new Silence()), _ => { }, cancellation).Finished;
        }
        catch (LogWriteException e)
        {
            throw new CommandException(ExitCode.InputOutput, $"{run}: {e.Message} When that is mended, the same sweep goes on.", e);
        }
        catch (RunDivergedException e)
        {
            throw new CommandException(ExitCode.Diverged, $"{run}: {e.Message} Delete it and run the sweep again.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Recording.Unwritable(recording.Directory, e);
        }
    }

    // What a process that was killed in its first moments has left.
    private static void Discard(string run)
    {
        try
        {
            if (Directory.Exists(run) && RunDirectory.NeverBegan(run))
            {
                Directory.Delete(run, recursive: true);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.InputOutput, $"{run} cannot be begun anew: {e.Message} When that is mended, the same sweep goes on.", e);
        }
    }

    private sealed class Silence : IProgress<RunSample>
    {
        public void Report(RunSample value)
        {
        }
    }
}
