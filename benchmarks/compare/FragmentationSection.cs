using Sim.Engine.Events;
using Sim.Engine.Log;
using Sim.Engine.Replay;
using Sim.Kernel.Buddy;

namespace Sim.Compare;

/// <summary>The shipped fragmentation experiment, everything logged, beside a buddy allocator that logs nothing.</summary>
internal static class FragmentationSection
{
    public static IEnumerable<Figure> Run()
    {
        double limit = Limits.RunMillions("buddy", @"mixed orders: ([\d.]+) M");
        RecordedRun run = RecordedRun.Median(RecordedRun.Load("quickstart"));
        yield return new Figure("fragmentation, events logged", "events/CPU-s", run.Events / run.CpuSeconds, "", 1, 5e6);
        yield return new Figure(
            "fragmentation, allocations and frees", "operations/CPU-s", CountOperations(run) / run.CpuSeconds, "buddy.cpp", limit, 0.15);
        yield return new Figure("fragmentation, log on disk", "bytes/event", (double)run.LogBytes / run.Events, "", 1, -12);
    }

    /// <summary>Blocks handed out and given back, as the log of the same run has them.</summary>
    private static long CountOperations(RecordedRun run)
    {
        using var folder = new TemporaryFolder();
        RecordedRun.Make(run.Experiment, folder.Path);
        using LogReader reader = LogReader.Open(folder.Path);
        var counter = new OperationCounter();
        new Fold(reader, RecordedRun.Simulator.Catalogue, [counter]).ToEnd();
        return counter.Operations;
    }

    private sealed class OperationCounter : IApply<PageAlloc>, IApply<PageFree>
    {
        public long Operations { get; private set; }

        public void Apply(in PageAlloc e, in EventHeader header) => Operations++;

        public void Apply(in PageFree e, in EventHeader header) => Operations++;
    }
}
