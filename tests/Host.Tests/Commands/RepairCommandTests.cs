using System.Text.Json;
using Sim.Engine.Log;
using Sim.Engine.Snapshots;
using Sim.Host.Runs;
using Sim.Host.Tests.EndToEnd;

namespace Sim.Host.Tests.Commands;

/// <summary>A small run of several segments, damaged in one way and another, and repaired into a copy.</summary>
public sealed class RepairCommandTests : IClassFixture<RepairCommandTests.SeveralSegments>
{
    private readonly SeveralSegments _run;

    public RepairCommandTests(SeveralSegments run) => _run = run;

    [Fact]
    public async Task TheCopyHoldsWhatPrecedesTheDamage_AndIsARunOfItsOwn()
    {
        string damaged = _run.Copy("damaged");
        string segment = Segments(damaged)[1];
        byte[] bytes = File.ReadAllBytes(segment);
        bytes[bytes.Length / 2] ^= 0x10;
        File.WriteAllBytes(segment, bytes);
        Dictionary<string, byte[]> before = Files(damaged);
        CommandLine.Result verify = await CommandLine.RunAsync("verify", damaged, "--json");
        Assert.Equal(4, verify.ExitCode);
        using JsonDocument found = JsonDocument.Parse(verify.Out);

        // The very command that verify names, as a process.
        string copy = _run.Folder["repaired"];
        Assert.Contains($"\"sim repair {damaged} --out COPY\"", verify.Error);
        CommandLine.Result repair = ChildProcess.Sim("repair", damaged, "--out", copy, "--json");
        Assert.True(repair.ExitCode == 0, repair.Error);
        Assert.Equal(before.Keys.Order(), Files(damaged).Keys.Order());
        Assert.All(Files(damaged), f => Assert.Equal(before[f.Key], f.Value));

        using JsonDocument json = JsonDocument.Parse(repair.Out);
        Assert.Equal(["copy", "events", "lastSequence", "chainHash", "snapshots", "lost"], json.RootElement.EnumerateObject().Select(p => p.Name));
        long events = json.RootElement.GetProperty("events").GetInt64();
        Assert.Equal(found.RootElement.GetProperty("damage")[0].ToString(), json.RootElement.GetProperty("lost").ToString());
        Assert.Equal(Path.GetFileName(segment), json.RootElement.GetProperty("lost").GetProperty("segment").GetString());

        RunManifest manifest = RunDirectory.Open(copy).ReadManifest();
        Assert.Equal((RunStatus.Interrupted, events, events - 1, null), (manifest.Status, manifest.Events, manifest.LastSequence, manifest.StateHash));
        Assert.Equal(json.RootElement.GetProperty("chainHash").GetString(), manifest.ChainHash);
        Assert.Equal(File.ReadAllText(Path.Combine(damaged, "config.effective.json")), File.ReadAllText(Path.Combine(copy, "config.effective.json")));
        using (LogReader log = LogReader.Open(Path.Combine(copy, "log")), whole = LogReader.Open(_run.Folder["run/log"]))
        {
            Assert.Equal((LogEnd.Provisional, events, manifest.ChainHash), (log.End, log.Events, log.ChainHash.ToString()));
            Assert.Equal(log.ChainHash, whole.Index(log.SegmentCount - 1)[log.Index(log.SegmentCount - 1).Length - 1].ChainHash);
            Assert.Equal(log.RunningMaxTimePs, manifest.SimulatedPs);
        }
        CommandLine.Result again = await CommandLine.RunAsync("verify", copy, "--deep");
        Assert.True(again.ExitCode == 6, again.Error);
        Assert.StartsWith($"incomplete: {events} events, chain hash {manifest.ChainHash}", again.Out);
        Assert.Equal(0, (await CommandLine.RunAsync("show", copy, "buddyinfo")).ExitCode);
        CommandLine.AssertRefused(await CommandLine.RunAsync("repair", damaged, "--out", copy), ExitCode.Usage, "exists, and runs are never overwritten");
    }

    [Fact]
    public async Task SnapshotsInsideThePrefixAreCopied_AndALostManifestIsMadeAnew()
    {
        string damaged = _run.Copy("snapshots");
        File.Delete(Segments(damaged)[^1]);
        long events;
        using (LogReader log = LogReader.Open(Path.Combine(damaged, "log")))
        {
            events = log.Events;
        }
        Directory.CreateDirectory(Path.Combine(damaged, "snapshots"));
        foreach (long sequence in (long[])[10, events, events + 1])
        {
            File.WriteAllText(Path.Combine(damaged, "snapshots", SnapshotFile.Name(sequence)), $"{sequence}");
        }
        RunManifest lost = RunDirectory.Open(damaged).ReadManifest();
        File.Delete(Path.Combine(damaged, "manifest.json"));
        string copy = _run.Folder["snapshots-repaired"];
        CommandLine.Result result = await CommandLine.RunAsync("repair", damaged, "--out", copy);
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Contains($"{events} events and 2 snapshots", result.Out);
        Assert.Contains("the next segment is missing", result.Out);
        RunManifest manifest = RunDirectory.Open(copy).ReadManifest();
        Assert.Equal([10, events], manifest.Snapshots.Select(s => s.Sequence));
        Assert.All(manifest.Snapshots, s => Assert.Equal($"{s.Sequence}", File.ReadAllText(Path.Combine(copy, "snapshots", s.File))));
        Assert.Equal((lost.Experiment, lost.Seed, lost.ConfigHash, events), (manifest.Experiment, manifest.Seed, manifest.ConfigHash, manifest.Events));
        Assert.Equal(lost.LogCategories, manifest.LogCategories);
    }

    [Fact]
    public async Task ASoundRunIsCopiedWhole()
    {
        string copy = _run.Folder["whole"];
        CommandLine.Result result = await CommandLine.RunAsync("repair", _run.Folder["run"], "--out", copy + "/");
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Contains("nothing was lost", result.Out);
        Assert.Equal(RunDirectory.Open(_run.Folder["run"]).ReadManifest().ToJson(), RunDirectory.Open(copy).ReadManifest().ToJson());
        Assert.Equal(0, (await CommandLine.RunAsync("verify", copy)).ExitCode);
    }

    [Fact]
    public async Task WhereNothingIsSound_NothingIsWritten()
    {
        string damaged = _run.Copy("nothing");
        string first = Segments(damaged)[0];
        byte[] bytes = File.ReadAllBytes(first);
        bytes[50] ^= 1;
        File.WriteAllBytes(first, bytes);
        CommandLine.Result result = await CommandLine.RunAsync("repair", damaged, "--out", _run.Folder["none"]);
        Assert.Contains($"\"sim run {damaged}/config.effective.json\" runs the experiment again.", result.Error);
        CommandLine.AssertRefused(result, ExitCode.CorruptLog, "not one event of the log is sound");
        Directory.Delete(Path.Combine(damaged, "log"), recursive: true);
        CommandLine.AssertRefused(await CommandLine.RunAsync("repair", damaged, "--out", _run.Folder["none"]), ExitCode.CorruptLog, "not one event");
        CommandLine.AssertRefused(await CommandLine.RunAsync("repair", _run.Folder["absent"], "--out", _run.Folder["none"]), ExitCode.Configuration, "There is no run directory");
        Assert.Empty(Directory.GetFileSystemEntries(_run.Folder.Path, "none*"));
    }

    [Fact]
    public async Task ARunAtWorkIsNotRepaired()
    {
        string run = _run.Copy("locked");
        using (new DirectoryStorage(Path.Combine(run, "log")).Lock())
        {
            CommandLine.AssertRefused(await CommandLine.RunAsync("repair", run, "--out", _run.Folder["unlocked"]), ExitCode.InputOutput, "wait for its end");
        }
        Assert.Empty(Directory.GetFileSystemEntries(_run.Folder.Path, "unlocked*"));
        Assert.Equal(2, (await CommandLine.RunAsync("repair", run)).ExitCode);
    }

    private static string[] Segments(string run) =>
        [.. Directory.GetFiles(Path.Combine(run, "log"), "*.evlog").Order(StringComparer.Ordinal)];

    private static Dictionary<string, byte[]> Files(string run) =>
        Directory.GetFiles(run, "*", SearchOption.AllDirectories).ToDictionary(f => f, File.ReadAllBytes);

    /// <summary>A finished run whose log has several segments.</summary>
    public sealed class SeveralSegments : IAsyncLifetime
    {
        internal Runs.TemporaryFolder Folder { get; } = new();

        public async ValueTask InitializeAsync()
        {
            string experiment = Folder.Write("small.json",
                """
                { "machine": { "memory": "128MiB" }, "log": { "checkpointEvery": 50000, "segmentBytes": "1MiB" }, "stop": { "events": 350000 },
                  "workload": [ { "type": "fragmentation" } ] }
                """);
            CommandLine.Result result = await CommandLine.RunAsync(["run", experiment, "--out", Folder["run"], "--quiet"]);
            Assert.True(result.ExitCode == 0, result.Error);
        }

        internal string Copy(string name)
        {
            foreach (string file in Directory.GetFiles(Folder["run"], "*", SearchOption.AllDirectories))
            {
                string target = Path.Combine(Folder[name], Path.GetRelativePath(Folder["run"], file));
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                File.Copy(file, target);
            }
            return Folder[name];
        }

        public ValueTask DisposeAsync()
        {
            Folder.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
