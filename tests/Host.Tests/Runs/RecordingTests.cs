using System.Text.Json;
using Sim.Host.Experiments;
using Sim.Host.Runs;
using Sim.Host.Tests.Experiments;

namespace Sim.Host.Tests.Runs;

public sealed class RecordingTests
{
    private static RecordingResult Record(string path, FakeSimulator simulator, string[]? sets = null, CancellationToken cancellation = default)
    {
        Experiment experiment = ExperimentText.Read(ExperimentText.Minimal, sets ?? []);
        return Recording.Prepare(simulator, ExperimentText.Reader, experiment, path, "sim run try.json").Run(work => work(new Progress<RunSample>()), cancellation);
    }

    [Fact]
    public void CompleteRunLeavesEveryFile()
    {
        using var folder = new TemporaryFolder();
        RecordingResult result = Record(folder["run"], new FakeSimulator());
        Assert.True(result.Finished);
        Assert.Equal(["command.txt", "config.effective.json", "log", "manifest.json", "stats.json"],
            Directory.GetFileSystemEntries(folder["run"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal("sim run try.json\n", File.ReadAllText(folder["run/command.txt"]));
        RunManifest manifest = RunDirectory.Open(folder["run"]).ReadManifest();
        Assert.Equal((RunStatus.Complete, 100_000L, 99_999L, 100_000_000L), (manifest.Status, manifest.Events, manifest.LastSequence, manifest.SimulatedPs));
        Assert.Equal($"{100_000:x16}", manifest.StateHash);
        Assert.Matches("^[0-9a-f]{64}$", manifest.ChainHash);
        Assert.Equal(["state", "symbol"], manifest.LogCategories.Order());
    }

    [Fact]
    public void EqualRunsHaveEqualFiles()
    {
        using var folder = new TemporaryFolder();
        Record(folder["a"], new FakeSimulator());
        Record(folder["b"], new FakeSimulator(), ["log.durability=block", "engine.queue=simsharp"]);
        Record(folder["c"], new FakeSimulator(), ["seed=2"]);
        string[] Files(string run) => [.. Directory.GetFiles(folder[$"{run}/log"], "*.evlog").Order(StringComparer.Ordinal).Select(f => Convert.ToHexString(File.ReadAllBytes(f)))];
        Assert.Equal(Files("a"), Files("b"));
        Assert.NotEqual(Files("a"), Files("c"));
        Assert.Equal(File.ReadAllText(folder["a/manifest.json"]), File.ReadAllText(folder["b/manifest.json"]));
        Assert.Equal(File.ReadAllText(folder["a/stats.json"]), File.ReadAllText(folder["b/stats.json"]));
    }

    [Fact]
    public void InterruptedRunIsSealedProvisionallyAndSaysSo()
    {
        using var folder = new TemporaryFolder();
        using var stop = new CancellationTokenSource();
        RecordingResult result = Record(folder["run"], new FakeSimulator { OnStep = m => { if (m.Events > 50_000) { stop.Cancel(); } } }, cancellation: stop.Token);
        Assert.False(result.Finished);
        RunManifest manifest = RunDirectory.Open(folder["run"]).ReadManifest();
        Assert.Equal(RunStatus.Interrupted, manifest.Status);
        Assert.InRange(manifest.Events, 50_000, 51_000);
        using var log = RunLog.Open(RunDirectory.Open(folder["run"]));
        Assert.Equal((Engine.Log.LogEnd.Provisional, manifest.Events), (log.End, log.Events));
    }

    [Fact]
    public void FailedRunSaysSo()
    {
        using var folder = new TemporaryFolder();
        var simulator = new FakeSimulator { OnStep = m => { if (m.Events > 1_000) { throw new InvalidOperationException("boom"); } } };
        Assert.Throws<InvalidOperationException>(() => Record(folder["run"], simulator));
        Assert.Equal(RunStatus.Failed, RunDirectory.Open(folder["run"]).ReadManifest().Status);
    }

    [Theory]
    [InlineData("log.categories=[\"-tbl\"]", "log.categories: there is no category \"tbl\".")]
    [InlineData("log.categories=[\"-state\"]", "log.categories: state cannot be left out")]
    [InlineData("log.categories=[\"symbol\"]", "log.categories: state cannot be left out")]
    public void CategoriesThatTheStateNeedsStay(string set, string message)
    {
        using var folder = new TemporaryFolder();
        Assert.Contains(message, Assert.Throws<ExperimentException>(() => Record(folder["run"], new FakeSimulator(), [set])).Message);
        Assert.False(Directory.Exists(folder["run"]));
    }

    [Fact]
    public void StatisticsHaveTheirNames()
    {
        using var folder = new TemporaryFolder();
        Record(folder["run"], new FakeSimulator());
        using JsonDocument stats = JsonDocument.Parse(File.ReadAllText(folder["run/stats.json"]));
        Assert.Equal(["stopReason", "simulatedPs", "events", "rawLogBytes", "logBytes", "freePages", "totalPages", "zones", "counters"],
            stats.RootElement.EnumerateObject().Select(p => p.Name));
        Assert.Equal(12, stats.RootElement.GetProperty("counters").GetProperty("allocations").GetInt64());
        Assert.Equal([-1000, 500, 0], stats.RootElement.GetProperty("zones")[0].GetProperty("extfragIndex").EnumerateArray().Select(i => i.GetInt32()));
    }
}
