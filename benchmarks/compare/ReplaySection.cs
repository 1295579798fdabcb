using System.Globalization;
using Sim.Host.Experiments;

namespace Sim.Compare;

/// <summary>
/// Replays of the shipped traces: caches of translations, page tables, DRAM and the kernel at work, everything logged;
/// then without the categories <c>tlb</c> and <c>dram</c>, beside a loop that makes the same accesses and logs nothing.
/// The loop scatters pages over frames where the kernel takes them in order, so in one trace it finds more rows open and in
/// another fewer; over all traces together both find as many, and that figure is the one with a target.
/// </summary>
internal static class ReplaySection
{
    private static readonly string[] Traces = ["sort", "gzip", "sqlite3", "cc1"];

    public static IEnumerable<Figure> Run()
    {
        double ourSeconds = 0, limitSeconds = 0, fullSeconds = 0;
        Locality ourSum = default, limitSum = default;
        foreach (string trace in Traces)
        {
            RecordedRun full = RecordedRun.Median(RecordedRun.Load(trace));
            Experiment experiment = RecordedRun.Load(trace, "log.categories=[\"-tlb\",\"-dram\"]");
            RecordedRun run = RecordedRun.Median(experiment);
            AccessLimit limit = AccessLimit.Measure(trace);
            Locality locality = Locality.Of(experiment);
            double all = full.Counters["accesses"] / full.CpuSeconds, left = run.Counters["accesses"] / run.CpuSeconds;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"     {trace}: all {full.Events} events logged {all / 1e6:0.0} M/CPU-s; tlb and dram left out {left / 1e6:0.0} M, access_path.cpp {limit.AccessesPerCpuSecond / 1e6:0.0} M, ratio {left / limit.AccessesPerCpuSecond:0.00}"));
            Console.WriteLine($"     {trace}: {locality}; in access_path.cpp: {limit.Locality}");
            fullSeconds += 1 / all;
            ourSeconds += 1 / left;
            limitSeconds += 1 / limit.AccessesPerCpuSecond;
            ourSum += locality;
            limitSum += limit.Locality;
        }
        Console.WriteLine($"     mean: {ourSum / Traces.Length}; in access_path.cpp: {limitSum / Traces.Length}");
        yield return new Figure("replay, everything logged", "accesses/CPU-s", Traces.Length / fullSeconds, "", 1, 5e6);
        yield return new Figure(
            "replay, tlb and dram left out", "accesses/CPU-s", Traces.Length / ourSeconds,
            "access_path.cpp on the same addresses", Traces.Length / limitSeconds, 0.3);
    }
}
