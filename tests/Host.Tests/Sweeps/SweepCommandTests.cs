using System.Globalization;
using System.Text.Json;
using System.Xml.Linq;
using Sim.Host.Sweeps;
using Sim.Host.Tests.Commands;
using Sim.Host.Tests.Runs;

namespace Sim.Host.Tests.Sweeps;

/// <summary><c>sim sweep</c>: what it runs, what it leaves, and how it goes on.</summary>
public sealed class SweepCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public SweepCommandTests() => _folder.Write("small.json", """
        { "machine": { "memory": "128MiB" }, "workload": [ { "type": "workingset", "tasks": 1, "footprint": "1MiB", "visits": 200 } ] }
        """);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task RunsEveryCombination_AndGoesOnWhereItWas()
    {
        string sweep = Sweep();
        Assert.Equal((6, "4 runs: 0 complete, 0 begun, 4 missing\n"), await Status(sweep));
        CommandLine.Result one = await CommandLine.RunAsync("sweep", sweep, "--out", _folder["s"], "--index", "2");
        Assert.Equal((0, ""), (one.ExitCode, one.Out));
        Assert.False(File.Exists(_folder["s/results.csv"]));
        Assert.Equal((6, "4 runs: 1 complete, 0 begun, 3 missing\n"), await Status(sweep));
        CommandLine.Result all = await CommandLine.RunAsync("sweep", sweep, "--out", _folder["s"], "--jobs", "2");
        Assert.True(all.ExitCode == 0, all.Error);
        Assert.Contains("4 runs, 1 complete", all.Error);
        Assert.Equal((0, "4 runs: 4 complete, 0 begun, 0 missing\n"), await Status(sweep));
        Assert.Equal(all.Out, File.ReadAllText(_folder["s/results.csv"]));
        string[] lines = all.Out.TrimEnd('\n').Split('\n');
        Assert.StartsWith("run,hot,visits,simulatedPs,events,", lines[0]);
        Assert.Equal(["00000,10,few", "00001,10,\"many, more\"", "00002,90,few", "00003,90,\"many, more\""], lines[1..].Select(l => l[..(l.IndexOf(l.Contains('"') ? "\"," : "few,", StringComparison.Ordinal) + (l.Contains('"') ? 1 : 3))]));
        // Each is the run that the same settings give alone.
        CommandLine.Result alone = await CommandLine.RunAsync("run", _folder["small.json"], "--out", _folder["alone"], "--json", "--quiet",
            "--set", "workload[0].hotPercent=90", "--set", "workload[0].visits=300");
        Assert.True(alone.ExitCode == 0, alone.Error);
        Assert.Equal(Chain(_folder["alone"]), Chain(_folder["s/runs/00003"]));
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(_folder["s/results.json"]));
        Assert.Equal("many, more", json.RootElement[3].GetProperty("axes").GetProperty("visits").GetString());
        Assert.True(json.RootElement[3].GetProperty("figures").GetProperty("simulatedPs").GetInt64() > json.RootElement[2].GetProperty("figures").GetProperty("simulatedPs").GetInt64());
        XDocument.Load(_folder["s/time.svg"]);
    }

    [Fact]
    public async Task ARunOfOtherSettingsIsNotMistaken()
    {
        string sweep = Sweep();
        await CommandLine.RunAsync("sweep", sweep, "--out", _folder["s"], "--index", "0");
        _folder.Write("small.json", File.ReadAllText(_folder["small.json"]).Replace("1MiB", "2MiB", StringComparison.Ordinal));
        CommandLine.Result result = await CommandLine.RunAsync("sweep", sweep, "--out", _folder["s"]);
        CommandLine.AssertRefused(result, ExitCode.Usage, "is a run of other settings");
    }

    // Neither seed nor end are part of the configuration's hash.
    [Theory]
    [InlineData("seed", "1", "2")]
    [InlineData("stop.events", "2000", "3000")]
    public async Task ARunOfAnotherSeedOrEndIsNotMistaken(string path, string one, string another)
    {
        string sweep = Over(path, one), other = Over(path, another);
        CommandLine.Result first = await CommandLine.RunAsync("sweep", sweep, "--out", _folder["s"]);
        Assert.True(first.ExitCode == 0, first.Error);
        CommandLine.AssertRefused(await CommandLine.RunAsync("sweep", other, "--out", _folder["s"]), ExitCode.Usage, "is a run of other settings");
        CommandLine.AssertRefused(await CommandLine.RunAsync("sweep", other, "--out", _folder["s"], "--status"), ExitCode.Usage, "is a run of other settings");

        string Over(string setting, string value) => _folder.Write($"{value}.json",
            $$"""{ "experiment": "small.json", "axes": [ { "name": "a", "path": "{{setting}}", "values": [ "{{value}}" ] } ] }""");
    }

    // The process was killed before its manifest was written, at each step of that.
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task ARunThatNeverBeganIsBegunAnew(int steps)
    {
        string sweep = Sweep(), run = _folder["s/runs/00001"];
        Directory.CreateDirectory(run);
        if (steps > 0)
        {
            File.WriteAllText(Path.Combine(run, "command.txt"), "");
            Directory.CreateDirectory(Path.Combine(run, "log"));
        }
        if (steps > 1)
        {
            File.WriteAllText(Path.Combine(run, "config.effective.json.tmp"), "{");
        }
        if (steps > 2)
        {
            File.WriteAllText(Path.Combine(run, "manifest.json.tmp"), "{");
        }
        Assert.Equal((6, "4 runs: 0 complete, 0 begun, 4 missing\n"), await Status(sweep));
        CommandLine.Result all = await CommandLine.RunAsync("sweep", sweep, "--out", _folder["s"]);
        Assert.True(all.ExitCode == 0, all.Error);
        Assert.Equal(["command.txt", "config.effective.json", "log", "manifest.json", "stats.json"],
            Directory.GetFileSystemEntries(run).Select(e => Path.GetFileName(e)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task WhatIsNoRunIsNotDeleted()
    {
        Directory.CreateDirectory(_folder["s/runs/00001"]);
        _folder.Write("s/runs/00001/thesis.txt", "years of work");
        CommandLine.AssertRefused(await CommandLine.RunAsync("sweep", Sweep(), "--out", _folder["s"]), ExitCode.Configuration, "is not a run directory");
        Assert.True(File.Exists(_folder["s/runs/00001/thesis.txt"]));
    }

    [Fact]
    public async Task ResultsAreWrittenThoughAChartCannotBe()
    {
        string sweep = Sweep();
        File.WriteAllText(sweep, File.ReadAllText(sweep).Replace("\"y\": \"simulatedPs\"", "\"y\": \"simulated\"", StringComparison.Ordinal));
        CommandLine.Result result = await CommandLine.RunAsync("sweep", sweep, "--out", _folder["s"]);
        Assert.Equal((int)ExitCode.Configuration, result.ExitCode);
        Assert.Contains("no run counts", result.Error);
        Assert.Equal(5, File.ReadAllLines(_folder["s/results.csv"]).Length);
    }

    [Fact]
    public void AChartOfAnyWordsIsXml() =>
        XDocument.Parse(LineChart.Draw("a\u0001b\0", "\ud800", "\ufffe<&>", 0, [new ChartLine("\u001b[1m", false, [(0, 0), (1, long.MaxValue)])]));

    [Fact]
    public async Task SlurmGetsOneTaskForEachRun()
    {
        CommandLine.Result result = await CommandLine.RunAsync("sweep", Sweep(), "--out", _folder["s"], "--slurm");
        Assert.Contains("#SBATCH --array=0-3\n", result.Out);
        Assert.Contains("--index \"$SLURM_ARRAY_TASK_ID\"\n", result.Out);
        Assert.False(Directory.Exists(_folder["s"]));
    }

    [Theory]
    [InlineData("\"experiment\"", "\"experimnt\"", "experiment")]
    [InlineData("\"name\": \"visits\"", "\"name\": \"hot\"", "two axes have the same name")]
    [InlineData("hotPercent", "hotPercnt", "hotPercnt")]
    [InlineData("\"many, more\"", "\"few\"", "same label")]
    [InlineData(", \"many, more\"", "", "1 labels for 2 values")]
    [InlineData("\"x\": \"hot\"", "\"x\": \"cold\"", "there is no axis")]
    [InlineData("\"x\": \"hot\"", "\"x\": \"visits\"", "one axis across")]
    [InlineData("\"y\": \"simulatedPs\"", "\"y\": \"simulated\"", "no run counts")]
    [InlineData("\"name\": \"visits\"", "\"name\": \"events\"", "a column of that name")]
    [InlineData("workload[0].visits", "workload.0.hotPercent", "of which the last would win")]
    [InlineData("workload[0].visits", "", "expected a setting")]
    [InlineData("\"10\", \"90\" ]", "\"10\", \"90\" ], \"labels\": [ \"1\", \"NaN\" ]", "have to be numbers")]
    [InlineData("\"few\"", "\"f\\u0001w\"", "control character")]
    [InlineData("\"divideBy\"", "\"only\": [ \"none\" ], \"divideBy\"", "names the line \"none\"")]
    public async Task WhatIsWrongIsSaid(string good, string bad, string message)
    {
        string text = File.ReadAllText(Sweep()), wrong = text.Replace(good, bad, StringComparison.Ordinal);
        Assert.NotEqual(text, wrong);
        CommandLine.Result result = await CommandLine.RunAsync("sweep", _folder.Write("wrong.json", wrong), "--out", _folder["w"]);
        Assert.Equal((int)ExitCode.Configuration, result.ExitCode);
        Assert.Contains(message, result.Error);
        Assert.DoesNotContain("   at ", result.Error);
    }

    [Fact]
    public void NamesAtTheEndsDoNotTouch()
    {
        ChartLine[] lines = [.. Enumerable.Range(0, 9).Select(i => new ChartLine($"<line {i}>", i > 6, [(100, 10), (50, 10 + (i / 4.0)), (25, 20)]))];
        XDocument svg = XDocument.Parse(LineChart.Draw("A & B", "x", "y", 0, lines));
        XNamespace ns = "http://www.w3.org/2000/svg";
        double[] places = [.. svg.Descendants(ns + "g").Select(g => double.Parse(g.Element(ns + "text")!.Attribute("y")!.Value, CultureInfo.InvariantCulture)).Order()];
        Assert.Equal(9, places.Length);
        Assert.All(places.Zip(places.Skip(1)), p => Assert.True(p.Second - p.First >= 13.8));
        Assert.All(places, p => Assert.InRange(p, 0, 440));
        // From left to right in the order of the points, not of their numbers.
        double[] across = [.. svg.Descendants(ns + "circle").Take(3).Select(c => double.Parse(c.Attribute("cx")!.Value, CultureInfo.InvariantCulture))];
        Assert.True(across[0] < across[1] && across[1] < across[2]);
    }

    private string Sweep() => _folder.Write("sweep.json", """
        {
          "experiment": "small.json",
          "axes": [
            { "name": "hot", "path": "workload[0].hotPercent", "values": [ "10", "90" ] },
            { "name": "visits", "path": "workload[0].visits", "values": [ "200", "300" ], "labels": [ "few", "many, more" ] }
          ],
          "plots": [ { "file": "time.svg", "x": "hot", "lines": "visits", "y": "simulatedPs", "divideBy": 1000 } ]
        }
        """);

    private async Task<(int ExitCode, string Out)> Status(string sweep)
    {
        CommandLine.Result result = await CommandLine.RunAsync("sweep", sweep, "--out", _folder["s"], "--status");
        return (result.ExitCode, result.Out);
    }

    private static string Chain(string run)
    {
        using JsonDocument manifest = JsonDocument.Parse(File.ReadAllText(Path.Combine(run, "manifest.json")));
        return manifest.RootElement.GetProperty("chainHash").GetString()!;
    }
}
