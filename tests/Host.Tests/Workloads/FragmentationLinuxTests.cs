using System.Text.Json;
using Sim.Host.Tests.Commands;

namespace Sim.Host.Tests.Workloads;

/// <summary>The shipped experiments of fragmentation show what docs/experiments.md says.</summary>
public class FragmentationLinuxTests
{
    [Fact]
    public async Task Order9Fails_WithAThirdOfMemoryFree_AndCompactionMakesIt()
    {
        JsonElement off = await RunAsync("fragmentation-linux"), on = await RunAsync("fragmentation-linux", "kernel.compaction.enabled=true");
        long free = off.GetProperty("freePages").GetInt64(), total = off.GetProperty("totalPages").GetInt64();
        Assert.True(free * 100 > total * 30, $"{free} of {total} pages are free");
        Assert.Equal(1, off.GetProperty("counters").GetProperty("fragmentation-2.failedProbes").GetInt64());
        Assert.Equal(0, on.GetProperty("counters").GetProperty("fragmentation-2.failedProbes").GetInt64());
        Assert.True(on.GetProperty("counters").GetProperty("fragmentation-2.movedPages").GetInt64() > 1000);
    }

    [Fact]
    public async Task TheHugePagePool_GetsMoreWithCompaction()
    {
        JsonElement on = await RunAsync("hugepages-linux"), off = await RunAsync("hugepages-linux", "kernel.compaction.enabled=false");
        Assert.Equal(20, on.GetProperty("counters").GetProperty("hugepages-0.got").GetInt64());
        Assert.InRange(off.GetProperty("counters").GetProperty("hugepages-0.got").GetInt64(), 1, 19);
        Assert.True(on.GetProperty("counters").GetProperty("hugepages-0.movedPages").GetInt64() > 1000);
    }

    private static async Task<JsonElement> RunAsync(string experiment, string? set = null)
    {
        string directory = Directory.CreateTempSubdirectory("sim-").FullName;
        string run = Path.Combine(directory, "run");
        string[] arguments = ["run", Path.Combine(Repository.Root, "traces", experiment + ".json"), "--out", run, .. set is null ? (string[])[] : ["--set", set]];
        CommandLine.Result result = await CommandLine.RunAsync(arguments);
        Assert.Equal(0, result.ExitCode);
        CommandLine.Result verified = await CommandLine.RunAsync("verify", run, "--deep");
        Assert.True(verified.ExitCode == 0, verified.Error);
        using JsonDocument stats = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(run, "stats.json"), TestContext.Current.CancellationToken));
        Directory.Delete(directory, recursive: true);
        return stats.RootElement.Clone();
    }
}
