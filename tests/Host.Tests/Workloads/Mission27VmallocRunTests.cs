using System.Text.Json;
using Sim.Host.Tests.Commands;
using Sim.Host.Tests.Runs;

namespace Sim.Host.Tests.Workloads;

/// <summary>
/// Mission row 27, vmalloc against kmalloc in one experiment: cost and fragmentation of both. To see:
/// <c>sim run traces/vmalloc.json --out runs/v</c>, the figures in <c>runs/v/stats.json</c>; docs/vmalloc.md.
/// </summary>
public sealed class Mission27VmallocRunTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task OneRunMeasuresBothWays()
    {
        string run = _folder["run"];
        CommandLine.Result result = await CommandLine.RunAsync(
            "run", Path.Combine(Repository.Root, "traces", "vmalloc.json"), "--out", run, "--set", "workload.0.duration=20ms");
        Assert.True(result.ExitCode == 0, result.Error);
        CommandLine.Result verified = await CommandLine.RunAsync("verify", run, "--deep");
        Assert.True(verified.ExitCode == 0, verified.Error);
        using JsonDocument stats = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(run, "stats.json"), TestContext.Current.CancellationToken));
        long Of(string name) => Find(stats.RootElement, name) ?? throw new KeyNotFoundException(name);

        // Memory suffices in sum, but not in one piece: only vmalloc, which needs no more than single pages, always serves.
        Assert.True(Of("kmallocFailures") > 10);
        Assert.Equal(0, Of("vmallocFailures"));
        // kmalloc rounds up to a power of two, vmalloc to a page.
        Assert.True((double)Of("kmallocWastedBytes") / Of("kmallocBytes") > (double)Of("vmallocWastedBytes") / Of("vmallocBytes"));
        // A request of vmalloc's costs a page and an entry for each 4 KiB; large pages translate kmalloc's memory, small ones vmalloc's.
        Assert.True(Of("vmallocAllocNs") / Of("vmallocRequests") > Of("kmallocAllocNs") / Of("kmallocRequests"));
        Assert.True((double)Of("vmallocTlbMisses") / Of("vmallocReads") > (double)Of("kmallocTlbMisses") / Of("kmallocReads"));
        Assert.True(Of("kmaps") > 0);

        // What is shown of the end of the run: everything was given back, and its addresses wait.
        CommandLine.Result info = await CommandLine.RunAsync("show", run, "vmallocinfo", "--at", "15ms");
        Assert.Contains(" driver_buffer pages=", info.Out, StringComparison.Ordinal);
        CommandLine.Result meminfo = await CommandLine.RunAsync("show", run, "meminfo", "--json");
        using JsonDocument rows = JsonDocument.Parse(meminfo.Out);
        Assert.Equal(0, rows.RootElement[0].GetProperty("VmallocUsed").GetInt64());
    }

    /// <summary>In the middle of a run a branch goes on from the snapshot, and its log folds and replays.</summary>
    [Theory]
    [InlineData("i386-classic")]
    [InlineData("x86_64")]
    public async Task ABranchGoesOn(string profile)
    {
        string run = _folder["run"], branch = _folder["branch"], file = _folder["vmalloc.json"];
        await File.WriteAllTextAsync(file, $$"""
            { "name": "v", "machine": { "cpus": 2, "memory": "128MiB" }, "kernel": { "profile": "{{profile}}" },
              "snapshots": { "everyEvents": 5000 }, "workload": [ { "type": "vmalloc", "duration": "8ms" } ] }
            """, TestContext.Current.CancellationToken);
        CommandLine.Result result = await CommandLine.RunAsync("run", file, "--out", run);
        Assert.True(result.ExitCode == 0, result.Error);
        result = await CommandLine.RunAsync("branch", run, "--at", "12000", "--out", branch);
        Assert.True(result.ExitCode == 0, result.Error);
        CommandLine.Result verified = await CommandLine.RunAsync("verify", branch, "--deep");
        Assert.True(verified.ExitCode == 0, verified.Error);
        CommandLine.Result difference = await CommandLine.RunAsync("diff", run, branch, "--json");
        Assert.Contains("\"equal\":true", difference.Out.Replace(" ", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    private static long? Find(JsonElement element, string name)
    {
        if (element.ValueKind == JsonValueKind.Array)
        {
            return element.EnumerateArray().Select(e => Find(e, name)).FirstOrDefault(v => v is not null);
        }
        if (element.ValueKind != JsonValueKind.Object)
        {
            return null;
        }
        foreach (JsonProperty property in element.EnumerateObject())
        {
            if (property.Name.EndsWith("." + name, StringComparison.Ordinal) && property.Value.ValueKind == JsonValueKind.Number)
            {
                return property.Value.GetInt64();
            }
            if (Find(property.Value, name) is { } found)
            {
                return found;
            }
        }
        return null;
    }
}
