using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using Sim.Host.Runs;
using Sim.Host.Tests.Commands;
using Sim.Host.Tests.Runs;

namespace Sim.Host.Tests.Workloads;

/// <summary>Shipped experiments under memory pressure with the multi-generational LRU (<c>kernel.reclaim.lru: generations</c>).</summary>
public sealed class GenerationRunTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>It swaps and refaults, folds and replays, and finds what to take with two thirds of the looks that two lists need.</summary>
    [Fact]
    public async Task Pressure_LooksAtFewerPagesThanTheLists()
    {
        JsonElement lists = await Vmstat(await Run("pressure", "lists")), generations = await Vmstat(await Run("pressure", "generations"));
        long Of(string name) => generations.GetProperty(name).GetInt64();
        Assert.True(Of("pswpout") > 1_000 && Of("pswpin") > 1_000);
        Assert.True(Of("workingset_refault_anon") > 1_000);
        Assert.Equal(Of("workingset_refault_anon"), Of("workingset_restore_anon"));
        Assert.Equal((0, 0), (Of("oom_kill"), Of("pgdeactivate")));
        Assert.Equal(Of("pgscan_kswapd") + Of("pgscan_direct"), Of("pgscan_anon") + Of("pgscan_file"));
        Assert.Equal(Of("pgsteal_kswapd") + Of("pgsteal_direct"), Of("pgsteal_anon") + Of("pgsteal_file"));
        Assert.InRange(Of("pgscan_anon") + Of("pgrefill"), 1, lists.GetProperty("pgscan_anon").GetInt64() * 3 / 4);
    }

    /// <summary>
    /// Beside a real kernel (traces/lrugen: Debian's 6.1.0-50-amd64, the same visits in as much memory, generations off and on, three times each):
    /// what differs between the two there differs here, in the same direction, and what is particular to generations is as much.
    /// </summary>
    [Fact]
    public async Task GenerationsDifferFromListsAsInARealKernel()
    {
        // An emulated CPU is slow beside its disk.
        string[] same = ["--set", "kernel.minFreeKbytes=1024", "--set", "machine.memory=128MiB", "--set", "machine.cpuFrequencyMhz=100"];
        JsonElement lists = await Vmstat(await Run("pressure", "lists", same)), generations = await Vmstat(await Run("pressure", "generations", same));
        Func<string, long>[] real = [.. Recorded("lists 20000")], realGenerations = [.. Recorded("generations 20000")];
        Assert.Equal((3, 3), (real.Length, realGenerations.Length));
        Func<string, long> here = name => lists.GetProperty(name).GetInt64(), hereGenerations = name => generations.GetProperty(name).GetInt64();
        static long Scans(Func<string, long> run) => run("pgscan_kswapd") + run("pgscan_direct");
        foreach ((Func<string, long> off, Func<string, long> on) in real.SelectMany(_ => realGenerations, (o, n) => (o, n)).Append((here, hereGenerations)))
        {
            Assert.InRange(Scans(on), Scans(off) / 5, Scans(off) * 3 / 5);
            Assert.InRange(on("pgactivate"), 1, off("pgactivate") / 6);
            // It does not choose better here: a page that was read back is young whether it is hot or not.
            Assert.InRange(on("pgmajfault"), off("pgmajfault") * 21 / 20, off("pgmajfault") * 3 / 2);
            Assert.Equal((0, 0), (on("pgdeactivate"), on("workingset_activate_anon")));
            Assert.Equal((0, on("workingset_refault_anon")), (off("workingset_restore_anon"), on("workingset_restore_anon")));
            Assert.True(off("pgdeactivate") > 0 && off("workingset_activate_anon") > 0 && on("workingset_refault_anon") > 1_000);
        }
        string[] alike = ["pgmajfault", "pswpout", "pgsteal_kswapd", "pgactivate", "pgrefill", "workingset_refault_anon"];
        foreach (string name in alike)
        {
            Assert.InRange(here(name), real.Min(r => r(name)) / 2, real.Max(r => r(name)) * 2);
            Assert.InRange(hereGenerations(name), realGenerations.Min(r => r(name)) / 2, realGenerations.Max(r => r(name)) * 2);
        }
    }

    /// <summary>A branch without changes and a snapshot go on to the same bytes, wherever they are taken.</summary>
    [Theory]
    [InlineData("pressure", 260_000)]
    [InlineData("files", 60_000)]
    public async Task ABranchEndsWithTheChainHashOfItsParent(string experiment, int events)
    {
        string run = await Run(experiment, "generations", "--set", $"stop.events={events}", "--set", "log.checkpointEvery=10000");
        RunManifest parent = RunDirectory.Open(run).ReadManifest();
        foreach (int quarter in (int[])[1, 2, 3])
        {
            string at = (parent.Events * quarter / 4).ToString(CultureInfo.InvariantCulture), branch = _folder[$"branch-{quarter}"];
            CommandLine.Result result = await CommandLine.RunAsync("branch", run, "--at", at, "--out", branch, "--quiet");
            Assert.True(result.ExitCode == 0, $"at {at}: {result.Error}");
            RunManifest manifest = RunDirectory.Open(branch).ReadManifest();
            Assert.Equal((parent.Events, parent.ChainHash, parent.StateHash), (manifest.Events, manifest.ChainHash, manifest.StateHash));
        }
    }

    /// <summary>The kernel's view and its counters say the same.</summary>
    [Fact]
    public async Task TheGenerationsAddUpToTheListsOfMeminfo()
    {
        string run = await Run("pressure", "generations");
        JsonElement rows = await Rows(run, "lru-gen", "--at", "100ms");
        JsonElement vmstat = await Vmstat(run, "--at", "100ms");
        JsonElement[] generations = [.. rows.EnumerateArray()];
        Assert.InRange(generations.Length, 2, 4);
        foreach (string kind in (string[])["anon", "file"])
        {
            long[] sizes = [.. generations.Select(g => g.GetProperty(kind).GetInt64())];
            Assert.Equal(
                (sizes[^2..].Sum(), sizes[..^2].Sum()),
                (vmstat.GetProperty("nr_active_" + kind).GetInt64(), vmstat.GetProperty("nr_inactive_" + kind).GetInt64()));
        }
        CommandLine.Result shown = await CommandLine.RunAsync("show", run, "lru-gen", "--at", "100ms");
        Assert.Matches(@"^memcg     1 /\n node     0\n( +\d+ +\d+ +\d+  +\d+ \n){2,4}$", shown.Out);
        string lists = await Run("pressure", "lists", "--set", "stop.events=1000");
        CommandLine.Result none = await CommandLine.RunAsync("show", lists, "lru-gen");
        Assert.Equal("The run has no generations; kernel.reclaim.lru: generations keeps pages by them.\n", none.Out);
    }

    /// <summary>The cgroup of all tasks is reclaimed from the same generations.</summary>
    [Fact]
    public async Task ACgroupIsReclaimedByGenerations()
    {
        string run = await Run("cc1-memory", "generations", "--set", "kernel.memcg.max=5312KiB");
        JsonElement vmstat = await Vmstat(run);
        Assert.True(vmstat.GetProperty("pgsteal_direct").GetInt64() > 1_000);
        Assert.True(vmstat.GetProperty("workingset_refault_file").GetInt64() > 0);
        CommandLine.Result group = await CommandLine.RunAsync("show", run, "memcg", "--json");
        using JsonDocument json = JsonDocument.Parse(group.Out);
        Assert.InRange(json.RootElement[0].GetProperty("memory.peak").GetInt64(), 1, 5_312 << 10);
    }

    /// <summary>Memory in use is not taken for longer than is promised: a process is killed instead.</summary>
    [Fact]
    public async Task WhatIsYoungerThanMinTtlIsNotTaken()
    {
        string run = await Run("pressure", "generations", "--set", "kernel.reclaim.minTtlMs=100000");
        JsonElement vmstat = await Vmstat(run);
        Assert.InRange(vmstat.GetProperty("oom_kill").GetInt64(), 1, 2);
    }

    [Theory]
    [InlineData("kernel.reclaim.policy", "fifo", "set kernel.reclaim.lru to lists, or leave kernel.reclaim.policy at linux")]
    [InlineData("kernel.reclaim.lru", "lists", "set kernel.reclaim.lru to generations, or leave kernel.reclaim.minTtlMs at 0")]
    public async Task WhatCannotBeTogetherIsRefused(string setting, string value, string advice)
    {
        CommandLine.Result result = await CommandLine.RunAsync(
            "run", Trace("cc1-memory"), "--out", _folder["refused"], "--set", "kernel.reclaim.lru=generations", "--set", "kernel.reclaim.minTtlMs=10",
            "--set", $"{setting}={value}");
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains(advice, result.Error);
    }

    /// <summary>By how much the counters of a recorded kernel grew in each run of a kind.</summary>
    private static IEnumerable<Func<string, long>> Recorded(string kind)
    {
        using var text = new StreamReader(new GZipStream(
            File.OpenRead(Path.Combine(Repository.Root, "traces", "lrugen", "vmstat.txt.gz")), CompressionMode.Decompress));
        Dictionary<string, long>? before = null;
        foreach (string section in text.ReadToEnd().Split("==== ").Where(s => s.StartsWith(kind, StringComparison.Ordinal)))
        {
            Dictionary<string, long> counters = section.Split('\n').Select(l => l.Split(' ')).Where(w => w.Length == 2 && long.TryParse(w[1], CultureInfo.InvariantCulture, out _))
                .ToDictionary(w => w[0], w => long.Parse(w[1], CultureInfo.InvariantCulture));
            if (before is null)
            {
                before = counters;
                continue;
            }
            (Dictionary<string, long> start, Dictionary<string, long> end) = (before, counters);
            before = null;
            yield return name => end[name] - start[name];
        }
    }

    private static string Trace(string experiment) => Path.Combine(Repository.Root, "traces", experiment + ".json");

    private async Task<string> Run(string experiment, string lru, params string[] more)
    {
        string run = _folder[$"{experiment}-{lru}"];
        CommandLine.Result result = await CommandLine.RunAsync(
            ["run", Trace(experiment), "--out", run, "--quiet", "--set", $"kernel.reclaim.lru={lru}", .. more]);
        Assert.True(result.ExitCode == 0, result.Error);
        CommandLine.Result verified = await CommandLine.RunAsync("verify", run, "--deep");
        Assert.True(verified.ExitCode == 0, verified.Error);
        return run;
    }

    private static async Task<JsonElement> Vmstat(string run, params string[] more) => (await Rows(run, "vmstat", more))[0];

    private static async Task<JsonElement> Rows(string run, string view, params string[] more)
    {
        CommandLine.Result shown = await CommandLine.RunAsync(["show", run, view, "--json", .. more]);
        using JsonDocument rows = JsonDocument.Parse(shown.Out);
        return rows.RootElement.Clone();
    }
}
