using System.Globalization;
using Sim.Engine.Random;

namespace Sim.Compare;

/// <summary>
/// Time travel on a log of 100 million events: whole commands, each a process of its own from its start to its end, at random
/// moments. A run made before is taken with <c>--run DIR</c>.
/// </summary>
internal static class TravelSection
{
    private const int Repeats = 11;

    /// <summary>Small machine, steady load: the fragmentation workload at half its rate until the log is full.</summary>
    private static readonly string[] Experiment =
    [
        "--set", "workload[0].duration=100s", "--set", "workload[0].ratePercent=50", "--set", "stop.events=100000000",
    ];

    public static IEnumerable<Figure> Run(string? run)
    {
        using var folder = new TemporaryFolder();
        run ??= Make(folder);
        long events = Events(run);
        var branch = new Lazy<string>(() => Branch(folder, run, events * 6 / 10));
        var random = new RandomStream(17, "travel");
        long At() => (long)random.NextBelow((ulong)events);
        long Frame() => 0x1000 + (long)random.NextBelow(0x17000);
        // The index is made once.
        SimCommand.Run(["events", run, "--kind", "boot.zone", "-n", "1"]);
        yield return Median("jump (replay -c goto)", () => ["replay", run, "-c", $"goto {At()}"]);
        yield return Median("jump (replay --goto)", () => ["replay", run, "--goto", $"{At()}"]);
        yield return Median("jump there and back (goto, goto)", () => ["replay", run, "-c", $"goto {At()}; goto {At()}"]);
        yield return Median("show buddyinfo", () => ["show", run, "buddyinfo", "--goto", $"{At()}"]);
        yield return Median("why frame", () => ["why", run, $"frame:{Frame()}", "--goto", $"{At()}"]);
        yield return Median("why block of order 9", () => ["why", run, $"block:{Frame()}", "--order", "9", "--goto", $"{At()}"]);
        yield return Median("diff of a run with itself", () => ["diff", run, run]);
        yield return Median("diff with a branch at 60 % of it", () => ["diff", run, branch.Value]);
        yield return Median("diff-state 100,000 events apart", () =>
        {
            long at = At() / 2;
            return ["replay", run, "-c", $"diff-state {at} {at + 100_000}"];
        });
        yield return Median("events --kind, a rare one", () => ["events", run, "--kind", "page.alloc_failed", "-n", "10"]);
        yield return Median("events --cause-of", () => ["events", run, "--cause-of", $"{At()}"]);
        yield return Median("until, not found", () => ["replay", run, "--until", "kind == page.alloc_failed and page_order >= 9"]);
        yield return Median("back-until", () => ["replay", run, "-c", $"goto {At()}; back-until kind == pcp.drain"]);
    }

    private static string Make(TemporaryFolder folder)
    {
        string run = Path.Combine(folder.Path, "run");
        SimCommand.Run(["run", Path.Combine(Limits.Root(), "traces", "fragmentation-linux.json"), "--out", run, "--quiet", .. Experiment]);
        return run;
    }

    private static string Branch(TemporaryFolder folder, string run, long at)
    {
        string branch = Path.Combine(folder.Path, "branch");
        SimCommand.Run("branch", run, "--at", $"{at}", "--set", "workload[0].ratePercent=51", "--out", branch, "--quiet");
        return branch;
    }

    private static long Events(string run)
    {
        using var manifest = System.Text.Json.JsonDocument.Parse(File.ReadAllText(Path.Combine(run, "manifest.json")));
        return manifest.RootElement.GetProperty("events").GetInt64();
    }

    private static Figure Median(string what, Func<string[]> command)
    {
        (double Wall, double Cpu)[] all = [.. Enumerable.Range(0, Repeats).Select(_ => SimCommand.Run(command()))];
        double[] wall = [.. all.Select(s => s.Wall).Order()], cpu = [.. all.Select(s => s.Cpu).Order()];
        string others = string.Create(CultureInfo.InvariantCulture, $"worst {wall[^1]:0.00}, CPU time {cpu[Repeats / 2]:0.00}");
        return new Figure($"travel, {what}", $"s, median of {Repeats} processes, {others}", wall[Repeats / 2], "", 1, -1);
    }
}
