using System.Globalization;
using Sim.Engine.Snapshots;

namespace Sim.Compare;

/// <summary>
/// What snapshots cost a run, and what they save after a crash. Whole commands of the real program, with and without snapshots
/// in turn, because the figures drift with the machine.
/// </summary>
internal static class SnapshotSection
{
    private const int Rounds = 5;
    private const long Events = 20_000_000;

    /// <summary>The default.</summary>
    private const long SnapshotEveryEvents = 2 << 20;

    /// <summary>Shortly before the fourth snapshot: the longest way from the one before.</summary>
    private const long CrashEvents = 8_350_000;

    public static IEnumerable<Figure> Run()
    {
        var with = new List<(double Wall, double Cpu)>();
        var without = new List<(double Wall, double Cpu)>();
        double snapshotBytes = 0, logBytes = 0;
        for (int round = 0; round < Rounds; round++)
        {
            using var folder = new TemporaryFolder();
            without.Add(Record(folder, "without", Events, "snapshots.everyEvents=0"));
            with.Add(Record(folder, "with", Events));
            snapshotBytes = Bytes(folder, "with", "snapshots");
            logBytes = Bytes(folder, "with", "log");
        }
        yield return new Figure(
            "a run of 20 M events with snapshots at the default interval, wall time", "s",
            Median(with.Select(s => s.Wall)), "without", Median(without.Select(s => s.Wall)), -1.05);
        yield return new Figure(
            "CPU time of all its threads", "s", Median(with.Select(s => s.Cpu)), "without", Median(without.Select(s => s.Cpu)), -1.1);
        yield return new Figure("its snapshots, of the bytes of its log", "%", 100 * snapshotBytes / logBytes, "", 1, -25);
        (double all, double saving) = CpuSeconds();
        yield return new Figure("CPU time of its simulating thread", "s", all, "without saving", all - saving, -1.05);
        yield return new Figure("resuming after a crash, 2.0 M events after the last snapshot, whole command", "s", Resume(), "", 1, -30);
    }

    /// <summary>CPU time of the simulating thread in such a run, all of it and that of saving the state.</summary>
    private static (double All, double Saving) CpuSeconds()
    {
        using var folder = new TemporaryFolder();
        var draft = new SnapshotDraft();
        double saving = 0;
        long next = SnapshotEveryEvents;
        RecordedRun run = RecordedRun.Make(RecordedRun.Load("quickstart", Settings(Events)), folder.Path, machine =>
        {
            if (machine.Events < next)
            {
                return;
            }
            double before = ThreadCpu.Seconds;
            draft.Image.Clear();
            machine.Save(draft);
            machine.TakeTouched();
            saving += ThreadCpu.Seconds - before;
            next = machine.Events + SnapshotEveryEvents;
        });
        return (run.CpuSeconds, saving);
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
        return SimCommand.Run("run", "--resume", System.IO.Path.Combine(folder.Path, "crashed"), "--quiet").Wall;
    }

    private static (double Wall, double Cpu) Record(TemporaryFolder folder, string name, long events, params string[] settings) => SimCommand.Run([
        "run", System.IO.Path.Combine(Limits.Root(), "traces", "quickstart.json"), "--out", System.IO.Path.Combine(folder.Path, name), "--quiet",
        .. Settings(events).Concat(settings).SelectMany(s => (string[])["--set", s])]);

    private static string[] Settings(long events) =>
        [string.Create(CultureInfo.InvariantCulture, $"stop.events={events}"), "workload[0].duration=10s"];

    private static double Bytes(TemporaryFolder folder, string run, string part) =>
        new DirectoryInfo(System.IO.Path.Combine(folder.Path, run, part)).GetFiles().Sum(f => (double)f.Length);

    private static double Median(IEnumerable<double> values) => values.Order().ElementAt(Rounds / 2);
}
