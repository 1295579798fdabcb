using Sim.Host.Experiments;

namespace Sim.Compare;

/// <summary>
/// Replays of the shipped traces: caches of translations, page tables, DRAM and the kernel at work, everything logged;
/// then without the categories <c>tlb</c> and <c>dram</c>, beside a loop that makes the same accesses and logs nothing.
/// </summary>
internal static class ReplaySection
{
    private static readonly string[] Traces = ["sort", "gzip", "sqlite3", "cc1"];

    public static IEnumerable<Figure> Run()
    {
        foreach (string trace in Traces)
        {
            RecordedRun full = RecordedRun.Median(RecordedRun.Load(trace));
            yield return new Figure(
                $"replay of {trace}, everything logged ({full.Events} events)", "accesses/CPU-s", full.Counters["accesses"] / full.CpuSeconds, "", 1, 5e6);

            Experiment experiment = RecordedRun.Load(trace, "log.categories=[\"-tlb\",\"-dram\"]");
            RecordedRun run = RecordedRun.Median(experiment);
            AccessLimit limit = AccessLimit.Measure(trace);
            Console.WriteLine($"     {trace}: {Locality.Of(experiment)}; in access_path.cpp: {limit.Locality}");
            yield return new Figure(
                $"replay of {trace}, tlb and dram left out", "accesses/CPU-s", run.Counters["accesses"] / run.CpuSeconds,
                "access_path.cpp on its addresses", limit.AccessesPerCpuSecond, 0.3);
        }
    }
}
