using System.Diagnostics;
using Sim.Engine.Log;
using Sim.Engine.Replay;
using Sim.Host.Runs;

namespace Sim.Compare;

/// <summary>Folds the log of the shipped fragmentation experiment into a fresh machine's state.</summary>
internal static class FoldSection
{
    public static IEnumerable<Figure> Run()
    {
        using var folder = new TemporaryFolder();
        RecordedRun run = RecordedRun.Make(RecordedRun.Load("quickstart"), folder.Path);
        FoldOnce(run, folder.Path);
        var times = Enumerable.Range(0, 3).Select(_ => FoldOnce(run, folder.Path)).OrderBy(t => t.Cpu).ToList();
        yield return new Figure("fold replay", "events/CPU-s", run.Events / times[1].Cpu, "", 1, 8e6);
        Console.WriteLine($"     fold replay by the wall clock: {run.Events / times[1].Wall / 1e6:0.00} M events/s");
    }

    private static (double Cpu, double Wall) FoldOnce(RecordedRun run, string folder)
    {
        FoldedMachine state = RecordedRun.Simulator.CreateState(run.Experiment, []);
        using LogReader reader = LogReader.Open(folder);
        var fold = new Fold(reader, RecordedRun.Simulator.Catalogue, state.Appliers);
        long wall = Stopwatch.GetTimestamp();
        double cpu = ThreadCpu.Seconds;
        fold.ToEnd();
        cpu = ThreadCpu.Seconds - cpu;
        return fold.NextSequence == run.Events
            ? (cpu, Stopwatch.GetElapsedTime(wall).TotalSeconds)
            : throw new InvalidOperationException($"The fold saw {fold.NextSequence} of {run.Events} events.");
    }
}
