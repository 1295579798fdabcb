using Sim.Engine.Log;
using Sim.Host.Runs;
using Sim.Host.Tests.Experiments;

namespace Sim.Host.Tests.Runs;

/// <summary>Directories of runs that were cut short in every way, taken up again: each file comes out as if nothing had happened.</summary>
public sealed class ResumedRecordingTests : IDisposable
{
    private const long Dispatches = 30_000;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("all", 1_000, 1)]
    [InlineData("hashes", 20_000, 13)]
    public void AProvisionalFooterThatIsCutAnywhere_IsTakenUpAgain(string keep, long interruptAt, int step)
    {
        string[] sets = ["log.durability=none", "log.segmentBytes=1MiB", $"log.keep={keep}", $"seed={long.MaxValue / Dispatches}"];
        Record("whole", sets: sets);
        Record("cut", interruptAt, sets);
        string segment = Directory.GetFiles(_folder["cut/log"], "*.evlog").Order(StringComparer.Ordinal).Last();
        byte[] bytes = File.ReadAllBytes(segment);
        Dictionary<string, byte[]> interrupted = Files("cut"), whole = Files("whole");
        int footer = bytes.AsSpan().LastIndexOf(SegmentFooter.Start);
        Assert.InRange(footer, 1, bytes.Length - 100);
        for (int length = footer; length <= bytes.Length; length += step)
        {
            Restore("cut", interrupted);
            File.WriteAllBytes(segment, bytes[..length]);
            Assert.True(Resume("cut").Finished);
            AssertSame(whole, Files("cut"), $"cut to {length} of {bytes.Length} bytes");
        }
    }

    [Fact]
    public void WhoHasNotTheLock_ChangesNoByte()
    {
        Record("run", 20_000);
        Dictionary<string, byte[]> before = Files("run");
        using (new DirectoryStorage(_folder["run/log"]).Lock())
        {
            CommandException refused = Assert.Throws<CommandException>(() => Resume("run"));
            Assert.Equal(ExitCode.InputOutput, refused.ExitCode);
            Assert.Contains("Another process is writing", refused.Message);
            refused = Assert.Throws<CommandException>(() => Record("run"));
            Assert.Equal(ExitCode.Usage, refused.ExitCode);
            AssertSame(before, Files("run").Where(f => f.Key != "log/writer.lock").ToDictionary(), "locked");
        }
        Assert.True(Resume("run").Finished);
    }

    /// <summary>The process may end between the log's seal, the statistics and the manifest.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void ASealedLogWithoutItsManifest_GetsItAndTheStatistics(bool hasSnapshots)
    {
        string[] sets = hasSnapshots ? ["snapshots.everyEvents=7000"] : [];
        Record("run", sets: sets);
        Dictionary<string, byte[]> whole = Files("run");
        RunManifest manifest = RunDirectory.Open(_folder["run"]).ReadManifest();
        File.Delete(_folder["run/stats.json"]);
        RunDirectory.Open(_folder["run"]).Write(Begun(manifest));
        Assert.True(Resume("run").Finished);
        AssertSame(whole, Files("run"), "resumed");
    }

    [Fact]
    public void AManifestThatSaysComplete_OverALogThatLostItsEnd_IsNoReasonToStop()
    {
        Record("run");
        Dictionary<string, byte[]> whole = Files("run");
        string segment = Directory.GetFiles(_folder["run/log"]).Single();
        byte[] bytes = File.ReadAllBytes(segment);
        Assert.True(Reopen("run").IsComplete());
        foreach (int length in (int[])[0, 100, bytes.Length / 2, bytes.Length - 1])
        {
            File.WriteAllBytes(segment, bytes[..length]);
            Recording again = Reopen("run");
            Assert.False(again.IsComplete());
            Assert.True(Resume(again).Finished);
            AssertSame(whole, Files("run"), $"cut to {length} of {bytes.Length} bytes");
        }
        RunManifest manifest = RunDirectory.Open(_folder["run"]).ReadManifest();
        RunDirectory.Open(_folder["run"]).Write(manifest with { Events = 5 });
        Assert.Equal(ExitCode.Diverged, Assert.Throws<CommandException>(() => Reopen("run").IsComplete()).ExitCode);
        bytes[50] ^= 1;
        File.WriteAllBytes(segment, bytes);
        Assert.False(Reopen("run").IsComplete());
        Assert.Throws<CorruptLogException>(() => Resume("run"));
    }

    [Theory]
    [InlineData("\"events\": 25000", "\"events\": 26000")]
    [InlineData("\"time\": null", "\"time\": \"1ms\"")]
    [InlineData("\"seed\": 1", "\"seed\": 2")]
    public void AnEditedConfiguration_IsRefused_AndNothingChanges(string text, string edited)
    {
        Record("run", 20_000, ["stop.events=25000"]);
        string path = _folder["run/config.effective.json"], configuration = File.ReadAllText(path);
        Assert.Contains(text, configuration);
        File.WriteAllText(path, configuration.Replace(text, edited));
        Dictionary<string, byte[]> before = Files("run");
        CommandException refused = Assert.Throws<CommandException>(() => Resume("run"));
        Assert.Equal(ExitCode.Diverged, refused.ExitCode);
        Assert.Contains("is not what the run began with", refused.Message);
        Assert.Contains("stop.events=25000", refused.Message);
        AssertSame(before, Files("run"), "refused");

        // Of a run of an older build no more is known than the configuration's hash.
        RunDirectory directory = RunDirectory.Open(_folder["run"]);
        directory.Write(directory.ReadManifest() with { Stop = null });
        if (!text.Contains("seed"))
        {
            Assert.True(Resume("run").Finished);
        }
    }

    [Fact]
    public void ARunThatEndedBeforeItsManifest_IsSaidToHaveNothingToResume()
    {
        Record("run");
        foreach (string file in Directory.GetFiles(_folder["run/log"]).Append(_folder["run/manifest.json"]))
        {
            File.Delete(file);
        }
        CommandException refused = Assert.Throws<CommandException>(() => Resume("run"));
        Assert.Equal(ExitCode.CorruptLog, refused.ExitCode);
        Assert.Contains("ended before the run began", refused.Message);
    }

    [Fact]
    public void WithoutItsConfiguration_ARunIsNotGoneOnWith()
    {
        Record("run", 20_000);
        File.Delete(_folder["run/config.effective.json"]);
        CommandException refused = Assert.Throws<CommandException>(() => Resume("run"));
        Assert.Equal(ExitCode.CorruptLog, refused.ExitCode);
        Assert.Contains("config.effective.json is missing", refused.Message);
        File.WriteAllText(_folder["run/config.effective.json"], "");
        refused = Assert.Throws<CommandException>(() => Resume("run"));
        Assert.Equal(ExitCode.CorruptLog, refused.ExitCode);
        Assert.Contains("config.effective.json is empty", refused.Message);
    }

    [Fact]
    public void AFileWhereTheLogShouldBe_IsNamed()
    {
        Record("run");
        TemporaryFolder.Delete(_folder["run/log"]);
        File.WriteAllText(_folder["run/log"], "");
        CommandException refused = Assert.Throws<CommandException>(() => Resume("run"));
        Assert.Equal(ExitCode.CorruptLog, refused.ExitCode);
        Assert.Contains("is a file where the folder with the log should be", refused.Message);
    }

    [Fact]
    public void AFileThatCannotBeReplaced_FailsTheRun_WhichGoesOnAfterwards()
    {
        Record("run");
        Dictionary<string, byte[]> whole = Files("run");
        RunManifest manifest = RunDirectory.Open(_folder["run"]).ReadManifest();
        RunDirectory.Open(_folder["run"]).Write(Begun(manifest));
        File.Delete(_folder["run/stats.json"]);
        Directory.CreateDirectory(_folder["run/stats.json"]);
        Assert.True(Xunit.Record.Exception(() => Resume("run")) is IOException or UnauthorizedAccessException);
        Assert.Equal(RunStatus.Failed, RunDirectory.Open(_folder["run"]).ReadManifest().Status);
        Directory.Delete(_folder["run/stats.json"]);
        Assert.True(Resume("run").Finished);
        AssertSame(whole, Files("run"), "resumed");
    }

    [Fact]
    public void WhatAKilledWriterLeftOfASnapshot_IsTidiedAway()
    {
        Record("run", 20_000, ["snapshots.everyEvents=7000"]);
        string left = _folder["run/snapshots/00000000000000000123.evsnap.tmp"];
        File.WriteAllText(left, "half");
        Assert.True(Resume("run").Finished);
        Assert.False(File.Exists(left));
        Assert.Equal(4, Directory.GetFiles(_folder["run/snapshots"]).Length);
    }

    private static RunManifest Begun(RunManifest manifest) =>
        manifest with { Status = RunStatus.Running, ChainHash = null, StateHash = null, Events = 0, LastSequence = -1, SimulatedPs = 0, Snapshots = [] };

    private RecordingResult Record(string name, long? interruptAt = null, string[]? sets = null)
    {
        using var stop = new CancellationTokenSource();
        var simulator = new FakeSimulator { Dispatches = Dispatches, OnStep = m => { if (m.Events > interruptAt) { stop.Cancel(); } } };
        return Recording.Prepare(simulator, ExperimentText.Reader, ExperimentText.Read(ExperimentText.Minimal, sets ?? []), _folder[name], "sim run try.json")
            .Run(work => work(new Progress<RunSample>()), stop.Token);
    }

    private Recording Reopen(string name) => Recording.Reopen(new FakeSimulator { Dispatches = Dispatches }, ExperimentText.Reader, _folder[name], []);

    private RecordingResult Resume(string name) => Resume(Reopen(name));

    private static RecordingResult Resume(Recording recording) => recording.Resume(work => work(new Progress<RunSample>()), _ => { }, default);

    private Dictionary<string, byte[]> Files(string run) => Directory.GetFiles(_folder[run], "*", SearchOption.AllDirectories)
        .ToDictionary(f => Path.GetRelativePath(_folder[run], f), f => f.EndsWith(".lock", StringComparison.Ordinal) ? [] : File.ReadAllBytes(f));

    private void Restore(string run, Dictionary<string, byte[]> files)
    {
        TemporaryFolder.Delete(_folder[run]);
        foreach ((string name, byte[] bytes) in files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_folder[$"{run}/{name}"])!);
            File.WriteAllBytes(_folder[$"{run}/{name}"], bytes);
        }
    }

    /// <summary>Snapshots are caches, and where an interruption takes one depends on it; all else is the same.</summary>
    private static void AssertSame(Dictionary<string, byte[]> expected, Dictionary<string, byte[]> actual, string what)
    {
        static bool Counts(string name) => !name.StartsWith("snapshots", StringComparison.Ordinal);
        Assert.True(expected.Keys.Where(Counts).Order().SequenceEqual(actual.Keys.Where(Counts).Order()), $"{what}: {string.Join(' ', actual.Keys)}");
        foreach (string name in expected.Keys.Where(Counts))
        {
            bool same = name == "manifest.json" ? Manifest(expected[name]) == Manifest(actual[name]) : expected[name].AsSpan().SequenceEqual(actual[name]);
            Assert.True(same, $"{what}: {name} differs");
        }
    }

    private static string Manifest(byte[] bytes) =>
        (RunManifest.FromJson(System.Text.Encoding.UTF8.GetString(bytes)) with { Snapshots = [] }).ToJson();
}
