using System.Text.Json;
using Sim.Host.Tests.Commands;
using Sim.Host.Tests.Runs;

namespace Sim.Host.Tests.Workloads;

/// <summary>Names and inodes under memory pressure, as in docs/reclaim.md: <c>sim run traces/shrinkers.json --out runs/s</c>.</summary>
public sealed class NamesRunTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>The less reclaim sees of names, the more of them stay and the more pages are swapped out instead.</summary>
    [Fact]
    public async Task PressureOnNamesSparesPages()
    {
        (long Dentries, long SwappedOut)[] of = [await RunAsync(0), await RunAsync(1_000)];
        Assert.True(of[0].Dentries > 2 * of[1].Dentries, $"{of[0]} {of[1]}");
        Assert.True(of[0].SwappedOut > of[1].SwappedOut, $"{of[0]} {of[1]}");
    }

    /// <summary>From the middle of reclaim a branch goes on from the snapshot, and its log folds and replays.</summary>
    [Fact]
    public async Task ABranchGoesOn()
    {
        string run = _folder["run"], branch = _folder["branch"];
        CommandLine.Result result = await CommandLine.RunAsync(
            "run", Path.Combine(Repository.Root, "traces", "shrinkers.json"), "--out", run, "--set", "snapshots.everyEvents=50000", "--set", "stop.events=360000");
        Assert.True(result.ExitCode == 0, result.Error);
        result = await CommandLine.RunAsync("branch", run, "--at", "340000", "--out", branch);
        Assert.True(result.ExitCode == 0, result.Error);
        CommandLine.Result verified = await CommandLine.RunAsync("verify", branch, "--deep");
        Assert.True(verified.ExitCode == 0, verified.Error);
        CommandLine.Result difference = await CommandLine.RunAsync("diff", run, branch, "--json");
        Assert.Contains("\"equal\":true", difference.Out.Replace(" ", "", StringComparison.Ordinal), StringComparison.Ordinal);
        CommandLine.Result scans = await CommandLine.RunAsync("events", run, "--kind", "shrinker.shrink", "-n", "1");
        Assert.Contains("shrinker.shrink", scans.Out, StringComparison.Ordinal);
    }

    private async Task<(long Dentries, long SwappedOut)> RunAsync(int pressure)
    {
        string run = _folder[$"run{pressure}"];
        CommandLine.Result result = await CommandLine.RunAsync(
            "run", Path.Combine(Repository.Root, "traces", "shrinkers.json"), "--out", run, "--quiet",
            "--set", $"kernel.reclaim.vfsCachePressure={pressure}", "--set", "workload.1.visits=2000", "--set", "workload.2.duration=100us");
        Assert.True(result.ExitCode == 0, result.Error);
        CommandLine.Result slabs = await CommandLine.RunAsync("show", run, "slabinfo", "--json");
        CommandLine.Result counters = await CommandLine.RunAsync("show", run, "vmstat");
        using JsonDocument rows = JsonDocument.Parse(slabs.Out);
        long dentries = rows.RootElement.EnumerateArray().Single(r => r.GetProperty("name").GetString() == "dentry").GetProperty("active_objs").GetInt64();
        string line = counters.Out.Split('\n').Single(l => l.StartsWith("pswpout ", StringComparison.Ordinal));
        return (dentries, long.Parse(line["pswpout ".Length..], System.Globalization.CultureInfo.InvariantCulture));
    }
}
