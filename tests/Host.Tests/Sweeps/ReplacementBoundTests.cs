using System.Globalization;
using System.Text.Json;
using Sim.Host.Experiments;
using Sim.Host.Tests.Commands;
using Sim.Host.Tests.Runs;
using Sim.Host.Traces;

namespace Sim.Host.Tests.Sweeps;

/// <summary>
/// Belady's theorem in a whole machine: with demand paging alone and equal frames no policy has fewer major faults than OPT. The short form runs
/// the beginning of cc1 at three sizes of memory, the long one (SIM_LONG_TESTS=1) the shipped sweep of the whole trace.
/// </summary>
public sealed class ReplacementBoundTests : IDisposable
{
    private const int ShortAccesses = 1_500_000;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task NoPolicyHasFewerMajorFaultsThanOpt()
    {
        bool whole = Environment.GetEnvironmentVariable("SIM_LONG_TESTS") == "1";
        string file = whole ? Path.Combine(Repository.Root, "traces", "sweeps", "cc1-memory.json") : await ShortSweep();
        CommandLine.Result result = await CommandLine.RunAsync("sweep", file, "--out", _folder["sweep"], "--jobs", "2", "--json");
        Assert.True(result.ExitCode == 0, result.Error);
        using JsonDocument rows = JsonDocument.Parse(result.Out);
        var faults = new Dictionary<(string Percent, string Policy), long>();
        foreach (JsonElement row in rows.RootElement.EnumerateArray())
        {
            JsonElement axes = row.GetProperty("axes"), figures = row.GetProperty("figures");
            Assert.Equal(0, figures.GetProperty("trace-0.memcgOomKills").GetInt64());
            Assert.Equal(figures.GetProperty("trace-0.traceAccesses").GetInt64(), figures.GetProperty("trace-0.accesses").GetInt64());
            faults.Add((axes.GetProperty("percent").GetString()!, axes.GetProperty("policy").GetString()!), figures.GetProperty("trace-0.majorFaults").GetInt64());
        }
        string[] policies = [.. faults.Keys.Select(k => k.Policy).Distinct()];
        Assert.Equal(SettingsType.ChoicesOf(typeof(PagePolicy)).Select(c => c.Name).Order(), policies.Order());
        foreach (string percent in faults.Keys.Select(k => k.Percent).Distinct())
        {
            long opt = faults[(percent, "opt-oracle")];
            Assert.All(policies, p => Assert.True(opt <= faults[(percent, p)], $"{percent} %: {p} has {faults[(percent, p)]} major faults, OPT {opt}"));
        }
        // The bound is not there for want of pressure: at the end the others are well above it, and with all its memory each has what it must.
        string tightest = faults.Keys.Select(k => k.Percent).MinBy(p => int.Parse(p, CultureInfo.InvariantCulture))!;
        Assert.All(policies.Where(p => p != "opt-oracle"), p => Assert.True(faults[(tightest, p)] > faults[(tightest, "opt-oracle")]));
        Assert.Single(policies.Select(p => faults[("110", p)]).Distinct());
    }

    /// <summary>Logs of runs that reclaim by a policy fold, replay from snapshots, and come to the same state.</summary>
    [Theory]
    [InlineData("linux")]
    [InlineData("aging")]
    [InlineData("opt-oracle")]
    public async Task RunsWithAPolicyVerify(string policy)
    {
        (string experiment, long footprint) = await ShortExperiment();
        string run = _folder["run"];
        CommandLine.Result result = await CommandLine.RunAsync(
            "run", experiment, "--out", run, "--quiet", "--set", $"kernel.memcg.max={footprint / 2 * 4096}", "--set", $"kernel.reclaim.policy={policy}",
            "--set", "snapshots.everyEvents=50000");
        Assert.True(result.ExitCode == 0, result.Error);
        CommandLine.Result verified = await CommandLine.RunAsync("verify", run, "--deep");
        Assert.True(verified.ExitCode == 0, verified.Out + verified.Error);
        CommandLine.Result shown = await CommandLine.RunAsync("show", run, "memcg", "--json");
        using JsonDocument json = JsonDocument.Parse(shown.Out);
        long Of(string name) => json.RootElement[0].GetProperty(name).GetInt64();
        Assert.Equal(footprint / 2 * 4096, Of("memory.peak"));
        Assert.True(Of("memory.events:max") > 0);
        Assert.True(Of("memory.stat:pgmajfault") > 0);
    }

    /// <summary>A machine with a policy, restored from a snapshot, goes on as the one that was never stopped.</summary>
    [Theory]
    [InlineData("working-set")]
    [InlineData("sieve")]
    [InlineData("mglru")]
    [InlineData("lru-oracle")]
    public async Task AnInterruptedRunGoesOnTheSame(string policy)
    {
        (string experiment, long footprint) = await ShortExperiment();
        string[] sets = ["--set", $"kernel.memcg.max={footprint / 2 * 4096}", "--set", $"kernel.reclaim.policy={policy}", "--set", "snapshots.everyEvents=30000", "--quiet", "--json"];
        string whole = await ChainOf(["run", experiment, "--out", _folder["whole"], .. sets]);
        using var soon = new CancellationTokenSource();
        soon.CancelAfter(TimeSpan.FromMilliseconds(150));
        CommandLine.Result begun = await CommandLine.RunAsync(null, soon.Token, ["run", experiment, "--out", _folder["cut"], .. sets]);
        Assert.Contains(begun.ExitCode, (int[])[0, (int)ExitCode.Interrupted]);
        Assert.Equal(whole, await ChainOf(["run", "--resume", _folder["cut"], "--quiet", "--json"]));
    }

    private static async Task<string> ChainOf(string[] arguments)
    {
        CommandLine.Result result = await CommandLine.RunAsync(arguments);
        Assert.True(result.ExitCode == 0, result.Error);
        using JsonDocument json = JsonDocument.Parse(result.Out);
        return json.RootElement.GetProperty("manifest").GetProperty("chainHash").GetString()!;
    }

    private async Task<string> ShortSweep()
    {
        (string experiment, long footprint) = await ShortExperiment();
        string policies = string.Join(", ", SettingsType.ChoicesOf(typeof(PagePolicy)).Select(c => $"\"{c.Name}\""));
        int[] percents = [110, 60, 25];
        File.WriteAllText(_folder["short.json"], $$"""
            {
              "experiment": "{{experiment}}",
              "set": [ "kernel.swap.pageCluster=0", "kernel.pageCache.readaheadPages=0", "kernel.mm.faultAroundPages=1", "kernel.memcg.reclaimPages=1" ],
              "axes": [
                { "name": "policy", "path": "kernel.reclaim.policy", "values": [ {{policies}} ] },
                { "name": "percent", "path": "kernel.memcg.max",
                  "values": [ {{string.Join(", ", percents.Select(p => $"\"{footprint * p / 100 * 4096}\""))}} ],
                  "labels": [ {{string.Join(", ", percents.Select(p => $"\"{p}\""))}} ] }
              ]
            }
            """);
        return _folder["short.json"];
    }

    /// <summary>The beginning of cc1, and the pages it needs.</summary>
    private async Task<(string Experiment, long Pages)> ShortExperiment()
    {
        string trace = Cut(Path.Combine(Repository.Root, "traces", "cc1.simtrace"), _folder["short.simtrace"], ShortAccesses);
        File.WriteAllText(_folder["short-run.json"], $$"""
            {
              "machine": { "memory": "128MiB" },
              "kernel": { "swap": { "device": "ssd", "size": "64MiB", "pageCluster": 0 }, "pageCache": { "readaheadPages": 0 }, "memcg": { "max": "64MiB" } },
              "workload": [ { "type": "trace", "file": "{{trace}}" } ]
            }
            """);
        CommandLine.Result result = await CommandLine.RunAsync("run", _folder["short-run.json"], "--out", _folder["footprint"], "--quiet");
        Assert.True(result.ExitCode == 0, result.Error);
        using JsonDocument stats = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(_folder["footprint"], "stats.json")));
        return (_folder["short-run.json"], stats.RootElement.GetProperty("counters").GetProperty("trace-0.memcgPeakPages").GetInt64());
    }

    private static string Cut(string from, string to, int accesses)
    {
        using TraceReader reader = TraceReader.Open(from);
        using var writer = new TraceWriter(to, "", quality: 1);
        var records = new TraceRecord[4096];
        while (writer.Accesses < accesses && reader.ReadBatch(records) is var count and > 0)
        {
            foreach (ref readonly TraceRecord record in records.AsSpan(0, count))
            {
                if (record.IsAccess)
                {
                    writer.AddAccess(record.Kind, record.Address, record.Size);
                }
                else if (record.IsRange)
                {
                    writer.AddKernelRange(record.Kind, 0, 0, record.Address, record.Size);
                }
                else
                {
                    TraceEvent e = reader.Event(in record);
                    writer.AddEvent(e.SymbolId < 0 ? e : e with { SymbolId = writer.Intern(reader.Symbol(e.SymbolId)) });
                }
            }
        }
        writer.Finish();
        return to;
    }
}
