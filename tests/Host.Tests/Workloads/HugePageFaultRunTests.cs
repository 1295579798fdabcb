using System.Text.Json;
using Sim.Host.Tests.Commands;

namespace Sim.Host.Tests.Workloads;

/// <summary>Tasks whose mappings are large enough get huge pages, and the log of such a run folds and replays.</summary>
public class HugePageFaultRunTests
{
    [Fact]
    public async Task TasksWithLargeMappings_GetHugePages()
    {
        string directory = Directory.CreateTempSubdirectory("sim-").FullName;
        string run = Path.Combine(directory, "run");
        CommandLine.Result result = await CommandLine.RunAsync(
            "run", Path.Combine(Repository.Root, "traces", "processes.json"), "--out", run, "--set", "kernel.transparentHugePages=always",
            "--set", "workload[0].maxPages=2048", "--set", "workload[0].rounds=12", "--set", "machine.memory=512MiB");
        Assert.Equal(0, result.ExitCode);
        CommandLine.Result verified = await CommandLine.RunAsync("verify", run, "--deep");
        Assert.Equal(0, verified.ExitCode);
        CommandLine.Result shown = await CommandLine.RunAsync("show", run, "vmstat", "--json");
        using JsonDocument rows = JsonDocument.Parse(shown.Out);
        JsonElement vmstat = rows.RootElement[0];
        Assert.True(vmstat.GetProperty("thp_fault_alloc").GetInt64() > 0, shown.Out);
        Assert.True(vmstat.GetProperty("thp_split_pmd").GetInt64() > 0, shown.Out);
        Directory.Delete(directory, recursive: true);
    }

    /// <summary>khugepaged makes huge pages of what faults have left small, while programs go on, and no CPU uses what it knew before.</summary>
    [Fact]
    public async Task KhugepagedCollapsesBesidePrograms()
    {
        string directory = Directory.CreateTempSubdirectory("sim-").FullName;
        string run = Path.Combine(directory, "run");
        CommandLine.Result result = await CommandLine.RunAsync(
            "run", Path.Combine(Repository.Root, "traces", "processes.json"), "--out", run, "--set", "kernel.transparentHugePages=always",
            "--set", "kernel.khugepaged.scanSleepMs=1", "--set", "workload[0].maxPages=2048", "--set", "machine.memory=512MiB");
        Assert.Equal(0, result.ExitCode);
        CommandLine.Result verified = await CommandLine.RunAsync("verify", run, "--deep");
        Assert.Equal(0, verified.ExitCode);
        CommandLine.Result shown = await CommandLine.RunAsync("show", run, "vmstat", "--json"), tasks = await CommandLine.RunAsync("show", run, "tasks");
        using JsonDocument rows = JsonDocument.Parse(shown.Out);
        Assert.True(rows.RootElement[0].GetProperty("thp_collapse_alloc").GetInt64() > 0, shown.Out);
        Assert.Contains("khugepaged", tasks.Out);
        Directory.Delete(directory, recursive: true);
    }
}
