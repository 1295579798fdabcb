using System.Globalization;
using System.Text.Json;
using Sim.Engine.Log;
using Sim.Engine.Random;
using Sim.Host.Runs;
using Sim.Host.Tests.Commands;
using Sim.Host.Tests.Runs;

namespace Sim.Host.Tests.Comparison;

/// <summary><c>sim diff</c> on runs that differ in one thing.</summary>
public sealed class DiffCommandTests(DiffCommandTests.Runs runs) : IClassFixture<DiffCommandTests.Runs>
{
    [Theory]
    [InlineData("log.codec=none")]
    [InlineData("log.segmentBytes=1MiB")]
    [InlineData("engine.queue=simsharp")]
    [InlineData("log.durability=none")]
    public async Task WhatChangesNoEventChangesNothing(string setting)
    {
        string other = await runs.RecordAsync("--set", setting);
        CommandLine.Result result = await CommandLine.RunAsync("diff", runs.Base, other, "--json");
        Assert.Equal((0, ByHashes), (result.ExitCode, result.Error));
        using JsonDocument json = JsonDocument.Parse(result.Out);
        Assert.True(json.RootElement.GetProperty("equal").GetBoolean());
        Assert.Equal(JsonValueKind.Null, json.RootElement.GetProperty("firstDifference").ValueKind);
        Assert.Equal(setting.Split('=')[0], Assert.Single(Paths(json)));
        Assert.Equal(150_000, json.RootElement.GetProperty("commonEvents").GetInt64());
    }

    [Fact]
    public async Task ARunIsEqualToItself()
    {
        CommandLine.Result result = await CommandLine.RunAsync("diff", runs.Base, runs.Base);
        Assert.Equal((0, "the runs are equal: 150000 events\n\nthe settings are the same\n", ByHashes), (result.ExitCode, result.Out, result.Error));
    }

    /// <summary>A list takes one line, however long the file makes it.</summary>
    [Fact]
    public async Task AListThatDiffersIsShownInOneLine()
    {
        string other = await runs.RecordAsync("--set", "log.categories=[\"-tlb\", \"-dram\"]");
        CommandLine.Result result = await CommandLine.RunAsync("diff", runs.Base, other);
        Assert.Matches("\n  log\\.categories  \\[\\]  +\\[\"-tlb\",\"-dram\"\\]\n", result.Out);
    }

    [Theory]
    [InlineData("seed", "--seed", "2")]
    [InlineData("kernel.pageAllocator.stealNs", "--set", "kernel.pageAllocator.stealNs=501")]
    [InlineData("workload[1].ratePercent", "--set", "workload.1.ratePercent=70")]
    [InlineData("log.checkpointEvery", "--set", "log.checkpointEvery=40000")]
    public async Task TheFirstDifferenceIsTheOneThatReadingBothFinds(string path, params string[] change)
    {
        string other = await runs.RecordAsync(change);
        long expected = Divergence.Of(runs.Base, other)!.Value;
        CommandLine.Result result = await CommandLine.RunAsync("diff", runs.Base, other, "--json", "-n", "7");
        Assert.Equal((1, ""), (result.ExitCode, result.Error));
        using JsonDocument json = JsonDocument.Parse(result.Out);
        JsonElement difference = json.RootElement.GetProperty("firstDifference");
        Assert.Equal(["sequence", "left", "right"], difference.EnumerateObject().Select(p => p.Name));
        Assert.Equal(expected, difference.GetProperty("sequence").GetInt64());
        Assert.Equal(await EventAsync(runs.Base, expected), Compact(difference.GetProperty("left")));
        Assert.Equal(await EventAsync(other, expected), Compact(difference.GetProperty("right")));
        Assert.Equal([path], Paths(json));
        Assert.Equal(
            Enumerable.Range(0, 7).Select(i => expected - 7 + i),
            json.RootElement.GetProperty("common").EnumerateArray().Select(e => e.GetProperty("sequence").GetInt64()));
        CommandLine.Result text = await CommandLine.RunAsync("diff", runs.Base, other);
        Assert.Equal(1, text.ExitCode);
        string at = expected.ToString(CultureInfo.InvariantCulture);
        Assert.StartsWith($"the runs part at event {at}, at ", text.Out);
        Assert.Equal(2, text.Out.Split('\n').Count(l => l.StartsWith($"< {at} ", StringComparison.Ordinal) || l.StartsWith($"> {at} ", StringComparison.Ordinal)));
        Assert.Contains($"\n  {path}  ", text.Out);
    }

    [Fact]
    public async Task ADifferenceTellsItsCauses()
    {
        string left = await runs.RecordAsync("--processes"), right = await runs.RecordAsync("--processes", "--set", "kernel.mmCosts.faultNs=251");
        CommandLine.Result result = await CommandLine.RunAsync("diff", left, right, "--json");
        using JsonDocument json = JsonDocument.Parse(result.Out);
        foreach (string side in (string[])["left", "right"])
        {
            JsonElement e = json.RootElement.GetProperty("firstDifference").GetProperty(side);
            foreach (JsonElement cause in json.RootElement.GetProperty(side + "Causes").EnumerateArray())
            {
                Assert.Equal(e.GetProperty("cause").GetInt64(), cause.GetProperty("sequence").GetInt64());
                e = cause;
            }
            Assert.Equal(JsonValueKind.Null, e.GetProperty("cause").ValueKind);
            Assert.NotEqual(0, json.RootElement.GetProperty(side + "Causes").GetArrayLength());
        }
        Assert.Contains("\n      because of ", (await CommandLine.RunAsync("diff", left, right)).Out);
    }

    [Fact]
    public async Task TheBeginningOfARunDiffersFromItAtItsEnd()
    {
        string other = await runs.RecordAsync("--set", "stop.events=70000");
        long last = RunDirectory.Open(other).ReadManifest().LastSequence;
        foreach ((string left, string right, string missing) in ((string, string, string)[])[(runs.Base, other, "right"), (other, runs.Base, "left")])
        {
            CommandLine.Result result = await CommandLine.RunAsync("diff", left, right, "--json");
            Assert.Equal(1, result.ExitCode);
            using JsonDocument json = JsonDocument.Parse(result.Out);
            JsonElement difference = json.RootElement.GetProperty("firstDifference");
            Assert.Equal(last + 1, difference.GetProperty("sequence").GetInt64());
            Assert.Equal(JsonValueKind.Null, difference.GetProperty(missing).ValueKind);
            Assert.Equal(await EventAsync(runs.Base, last + 1), Compact(difference.GetProperty(missing == "left" ? "right" : "left")));
            CommandLine.Result text = await CommandLine.RunAsync("diff", left, right);
            Assert.StartsWith($"{other} is the beginning of {runs.Base}: it ends after {last + 1} events, and {runs.Base} goes on\n", text.Out);
            Assert.Contains($" {other} ends here\n", text.Out);
        }
    }

    [Fact]
    public async Task AnUnsealedLogIsComparedAsFarAsItGoes()
    {
        string cut = runs.Copy(runs.Base);
        string segment = Directory.GetFiles(Path.Combine(cut, "log"), "*.evlog").Single();
        using (FileStream file = File.OpenWrite(segment))
        {
            file.SetLength(file.Length / 2);
        }
        CommandLine.Result result = await CommandLine.RunAsync("diff", cut, runs.Base);
        Assert.Equal((1, ""), (result.ExitCode, result.Error));
        long expected = Divergence.Of(cut, runs.Base)!.Value;
        Assert.InRange(expected, 1, 149_999);
        Assert.StartsWith($"{cut} is the beginning of {runs.Base}: it ends after {expected} events", result.Out);
        Assert.Contains($"note: {cut} is compared as far as its log goes, to event {expected - 1}: the log was never sealed\n", result.Out);
    }

    [Fact]
    public async Task LogsOfOtherCategoriesAreComparedOverWhatBothHave()
    {
        string all = await runs.RecordAsync("--processes");
        string fewer = await runs.RecordAsync("--processes", "--set", "log.categories=[\"-tlb\",\"-dram\"]", "--set", "stop.events=30000");
        string other = await runs.RecordAsync("--processes", "--set", "log.categories=[\"-tlb\",\"-dram\"]", "--set", "kernel.mmCosts.munmapNs=401");
        CommandLine.Result result = await CommandLine.RunAsync("diff", fewer, all, "--json");
        using JsonDocument json = JsonDocument.Parse(result.Out);
        Assert.Equal("sharedKinds", json.RootElement.GetProperty("comparedBy").GetString());
        Assert.Contains("logs the categories dram, tlb: compared event by event over the kinds and fields that both logs have", json.RootElement.GetProperty("notes")[0].GetString());
        // The shorter log is a beginning of the other one, but for what it leaves out.
        Assert.Equal(JsonValueKind.Null, json.RootElement.GetProperty("firstDifference").GetProperty("left").ValueKind);
        result = await CommandLine.RunAsync("diff", fewer, other, "--json");
        using JsonDocument plain = JsonDocument.Parse(result.Out);
        Assert.Equal("chain", plain.RootElement.GetProperty("comparedBy").GetString());
        JsonElement expected = plain.RootElement.GetProperty("firstDifference");
        result = await CommandLine.RunAsync("diff", all, other, "--json");
        using JsonDocument shared = JsonDocument.Parse(result.Out);
        JsonElement found = shared.RootElement.GetProperty("firstDifference");
        Assert.Equal(expected.GetProperty("right").GetRawText(), found.GetProperty("right").GetRawText());
        Assert.Equal(expected.GetProperty("left").GetProperty("timePs").GetInt64(), found.GetProperty("left").GetProperty("timePs").GetInt64());
        Assert.Equal(found.GetProperty("sequence").GetInt64(), found.GetProperty("left").GetProperty("sequence").GetInt64());
    }

    [Fact]
    public async Task ACodecIsNoDifference_ButASetting()
    {
        string plain = await runs.RecordAsync("--set", "log.codec=none", "--set", "log.segmentBytes=1MiB");
        CommandLine.Result result = await CommandLine.RunAsync("diff", runs.Base, plain, "--json");
        Assert.Equal(0, result.ExitCode);
        using JsonDocument json = JsonDocument.Parse(result.Out);
        Assert.Equal(("chain", true), (json.RootElement.GetProperty("comparedBy").GetString(), json.RootElement.GetProperty("equal").GetBoolean()));
        Assert.Equal(["log.codec", "log.segmentBytes"], Paths(json));
        string other = await runs.RecordAsync("--set", "log.codec=none", "--set", "workload.1.ratePercent=71");
        result = await CommandLine.RunAsync("diff", runs.Base, other, "--json");
        using JsonDocument parted = JsonDocument.Parse(result.Out);
        Assert.Equal(Divergence.Of(runs.Base, other)!.Value, parted.RootElement.GetProperty("firstDifference").GetProperty("sequence").GetInt64());
    }

    [Fact]
    public async Task WhatPartsAtARandomMomentIsFoundThere()
    {
        var random = new RandomStream(11, "diff");
        for (int i = 0; i < 6; i++)
        {
            string[] phase = ["--set", string.Create(CultureInfo.InvariantCulture, $"workload.0.duration={100 + random.NextBelow(1_700)}us")];
            string left = await runs.RecordAsync(phase), right = await runs.RecordAsync([.. phase, "--set", "workload.1.ratePercent=71"]);
            CommandLine.Result result = await CommandLine.RunAsync("diff", left, right, "--json");
            using JsonDocument json = JsonDocument.Parse(result.Out);
            Assert.Equal(Divergence.Of(left, right)!.Value, json.RootElement.GetProperty("firstDifference").GetProperty("sequence").GetInt64());
        }
    }

    [Fact]
    public async Task BadRunsAreRefused()
    {
        CommandLine.AssertRefused(await CommandLine.RunAsync("diff", runs.Base, runs.Folder["nowhere"]), ExitCode.Configuration, "There is no run directory");
        string bare = runs.Copy(runs.Base);
        File.Delete(Path.Combine(bare, "config.effective.json"));
        CommandLine.AssertRefused(await CommandLine.RunAsync("diff", runs.Base, bare), ExitCode.CorruptLog, "config.effective.json is missing");
        string lost = runs.Copy(runs.Base);
        Directory.Delete(Path.Combine(lost, "log"), recursive: true);
        CommandLine.AssertRefused(await CommandLine.RunAsync("diff", lost, runs.Base), ExitCode.CorruptLog, "has lost its log");
        string damaged = runs.Copy(await runs.RecordAsync("--seed", "2"));
        string segment = Directory.GetFiles(Path.Combine(damaged, "log"), "*.evlog").Single();
        byte[] bytes = File.ReadAllBytes(segment);
        using (LogReader log = LogReader.Open(Path.Combine(damaged, "log")))
        {
            bytes[log.Index(0)[0].Offset + BlockHeader.Size] ^= 1;
        }
        File.WriteAllBytes(segment, bytes);
        CommandLine.AssertRefused(await CommandLine.RunAsync("diff", runs.Base, damaged), ExitCode.CorruptLog, $"{damaged}: the log is damaged: ");
        // Footers alone do not tell.
        string footers = runs.Copy(runs.Base);
        segment = Directory.GetFiles(Path.Combine(footers, "log"), "*.evlog").Single();
        bytes = File.ReadAllBytes(segment);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(segment, bytes);
        CommandLine.Result equal = await CommandLine.RunAsync("diff", runs.Base, footers);
        Assert.Equal((0, ByHashes), (equal.ExitCode, equal.Error));
        CommandLine.Result verified = await CommandLine.RunAsync("verify", footers, "--json");
        Assert.Equal(4, verified.ExitCode);
        using JsonDocument report = JsonDocument.Parse(verified.Out);
        Assert.InRange(report.RootElement.GetProperty("events").GetInt64(), 1, 149_999);
        Assert.Contains($"\"sim repair {footers} --out COPY\" keeps them", verified.Error);
        CommandLine.AssertRefused(await CommandLine.RunAsync("diff", runs.Base, runs.Base, "-n", "-1"), ExitCode.Usage, "-n -1: expected a whole number");
        CommandLine.AssertRefused(await CommandLine.RunAsync("diff", runs.Base), ExitCode.Usage, "sim diff needs OTHER");
    }

    private const string ByHashes = "note: compared by the hashes that the logs carry; \"sim verify\" checks that the events are theirs.\n";

    private static string[] Paths(JsonDocument json) =>
        [.. json.RootElement.GetProperty("configuration").EnumerateArray().Select(s => s.GetProperty("path").GetString()!)];

    private static async Task<string> EventAsync(string run, long sequence)
    {
        CommandLine.Result result = await CommandLine.RunAsync("events", run, "--from", sequence.ToString(CultureInfo.InvariantCulture), "-n", "1", "--json");
        return result.Out.TrimEnd();
    }

    private static string Compact(JsonElement element) => JsonSerializer.Serialize(element);

    /// <summary>Runs of a small experiment of two phases, each made once.</summary>
    public sealed class Runs : IAsyncLifetime
    {
        private readonly Dictionary<string, string> _known = [];

        internal TemporaryFolder Folder { get; } = new();

        internal string Base { get; private set; } = "";

        public async ValueTask InitializeAsync()
        {
            Folder.Write("phases.json",
                """
                { "machine": { "memory": "128MiB", "cpus": 2 }, "log": { "checkpointEvery": 20000 }, "stop": { "events": 150000 },
                  "workload": [ { "type": "fragmentation", "duration": "2ms" }, { "type": "fragmentation", "duration": "1s", "ratePercent": 60 } ] }
                """);
            Folder.Write("processes.json",
                """
                { "machine": { "memory": "128MiB", "cpus": 2 }, "stop": { "events": 60000 }, "workload": [ { "type": "processes", "tasks": 4, "rounds": 40 } ] }
                """);
            Base = await RecordAsync();
        }

        /// <summary>The run of the experiment with some options; of the one with processes when the first is <c>--processes</c>.</summary>
        internal async Task<string> RecordAsync(params string[] options)
        {
            string key = string.Join(' ', options);
            if (!_known.TryGetValue(key, out string? run))
            {
                run = Folder[$"run-{_known.Count}"];
                bool processes = options is ["--processes", ..];
                CommandLine.Result result = await CommandLine.RunAsync(
                    ["run", Folder[processes ? "processes.json" : "phases.json"], "--out", run, "--quiet", "--set", "name=x", .. processes ? options[1..] : options]);
                Assert.True(result.ExitCode == 0, result.Error);
                _known.Add(key, run);
            }
            return run;
        }

        internal string Copy(string run)
        {
            string copy = Folder[$"copy-{Directory.GetDirectories(Folder.Path).Length}"];
            foreach (string file in Directory.GetFiles(run, "*", SearchOption.AllDirectories))
            {
                string target = Path.Combine(copy, Path.GetRelativePath(run, file));
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                File.Copy(file, target);
            }
            return copy;
        }

        public ValueTask DisposeAsync()
        {
            Folder.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
