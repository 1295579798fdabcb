using System.Diagnostics;
using System.Globalization;

namespace Sim.Compare;

/// <summary>
/// What snapshots cost a run, and what they save after a crash. Whole commands of the real program, with and without snapshots
/// in turn, because the figures drift with the machine.
/// </summary>
internal static class SnapshotSection
{
    private const int Rounds = 5;
    private const long Events = 20_000_000;

    /// <summary>Shortly before the second snapshot: the longest way from the one before.</summary>
    private const long CrashEvents = 8_350_000;

    public static IEnumerable<Figure> Run()
    {
        var with = new List<double>();
        var without = new List<double>();
        double snapshotBytes = 0, logBytes = 0;
        for (int round = 0; round < Rounds; round++)
        {
            using var folder = new TemporaryFolder();
            without.Add(Record(folder, "without", Events, "snapshots.everyEvents=0"));
            with.Add(Record(folder, "with", Events));
            snapshotBytes = Bytes(folder, "with", "snapshots");
            logBytes = Bytes(folder, "with", "log");
        }
        double median = Median(without);
        yield return new Figure(
            "a run of 20 M events with snapshots at the default interval, wall time", "s", Median(with), "without", median, -1.05);
        yield return new Figure("its snapshots, of the bytes of its log", "%", 100 * snapshotBytes / logBytes, "", 1, -25);
        yield return new Figure("resuming after a crash, 4.1 M events after the last snapshot, whole command", "s", Resume(), "", 1, -30);
    }

    private static double Resume()
    {
        using var folder = new TemporaryFolder();
        Record(folder, "crashed", CrashEvents);
        string log = System.IO.Path.Combine(folder.Path, "crashed", "log");
        string last = Directory.GetFiles(log).Order(StringComparer.Ordinal).Last();
        using (var file = new FileStream(last, FileMode.Open))
        {
            file.SetLength(file.Length - 100_000);
        }
        string manifest = System.IO.Path.Combine(folder.Path, "crashed", "manifest.json");
        File.WriteAllText(manifest, File.ReadAllText(manifest).Replace("\"complete\"", "\"running\"", StringComparison.Ordinal));
        return Sim("run", "--resume", System.IO.Path.Combine(folder.Path, "crashed"), "--quiet");
    }

    private static double Record(TemporaryFolder folder, string name, long events, params string[] settings) => Sim([
        "run", System.IO.Path.Combine(Limits.Root(), "traces", "quickstart.json"), "--out", System.IO.Path.Combine(folder.Path, name), "--quiet",
        "--set", string.Create(CultureInfo.InvariantCulture, $"stop.events={events}"), "--set", "workload[0].duration=10s",
        .. settings.SelectMany(s => (string[])["--set", s])]);

    private static double Sim(params string[] arguments)
    {
        long start = Stopwatch.GetTimestamp();
        var info = new ProcessStartInfo("dotnet", [System.IO.Path.Combine(AppContext.BaseDirectory, "sim.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(info)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? Stopwatch.GetElapsedTime(start).TotalSeconds
            : throw new InvalidOperationException($"sim {string.Join(' ', arguments)}: {error.Result}");
    }

    private static double Bytes(TemporaryFolder folder, string run, string part) =>
        new DirectoryInfo(System.IO.Path.Combine(folder.Path, run, part)).GetFiles().Sum(f => (double)f.Length);

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
