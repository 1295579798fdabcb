using System.Diagnostics;
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
        using TemporaryFolder? folder = run is null ? new TemporaryFolder() : null;
        run ??= Make(folder!);
        long events = Events(run);
        var random = new RandomStream(17, "travel");
        long At() => (long)random.NextBelow((ulong)events);
        long Frame() => 0x1000 + (long)random.NextBelow(0x17000);
        // The index is made once.
        Sim(["events", run, "--kind", "boot.zone", "-n", "1"]);
        yield return Median("jump (replay --goto)", () => ["replay", run, "--goto", $"{At()}"]);
        yield return Median("jump there and back (goto, goto)", () => ["replay", run, "-c", $"goto {At()}; goto {At()}"]);
        yield return Median("show buddyinfo", () => ["show", run, "buddyinfo", "--goto", $"{At()}"]);
        yield return Median("why frame", () => ["why", run, $"frame:{Frame()}", "--goto", $"{At()}"]);
        yield return Median("why block of order 9", () => ["why", run, $"block:{Frame()}", "--order", "9", "--goto", $"{At()}"]);
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
        Sim(["run", Path.Combine(Root(), "traces", "fragmentation-linux.json"), "--out", run, "--quiet", .. Experiment]);
        return run;
    }

    private static long Events(string run)
    {
        using var manifest = System.Text.Json.JsonDocument.Parse(File.ReadAllText(Path.Combine(run, "manifest.json")));
        return manifest.RootElement.GetProperty("events").GetInt64();
    }

    private static Figure Median(string what, Func<string[]> command)
    {
        double[] seconds = [.. Enumerable.Range(0, Repeats).Select(_ => Sim(command())).Order()];
        string worst = seconds[^1].ToString("0.00", CultureInfo.InvariantCulture);
        return new Figure($"travel, {what}", $"s, median of {Repeats} processes, worst {worst}", seconds[Repeats / 2], "", 1, -1);
    }

    /// <summary>Runs a command; its wall time in seconds.</summary>
    private static double Sim(string[] arguments)
    {
        long started = Stopwatch.GetTimestamp();
        using var process = Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "sim.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        // 1 is "not found", an answer like any other.
        return process.ExitCode is 0 or 1 ? seconds : throw new InvalidOperationException($"sim {string.Join(' ', arguments)}: {error.GetAwaiter().GetResult()}");
    }

    private static string Root()
    {
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Sim.sln")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The sources are not above the program.");
        }
        return folder;
    }
}
