using System.Text.Json;
using Sim.Host.Tests.Commands;

namespace Sim.Host.Tests.Workloads;

/// <summary>Experiments that execute ELF files.</summary>
public sealed class ProgramsWorkloadTests : IDisposable
{
    private static readonly string _experiment = Path.Combine(Repository.Root, "traces", "programs.json");
    private readonly string _folder = Directory.CreateTempSubdirectory("sim-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task EveryExecutionIsLaidOutAndTouchedWhole()
    {
        string run = Path.Combine(_folder, "run");
        CommandLine.Result result = await CommandLine.RunAsync("run", _experiment, "--out", run);
        Assert.Equal(0, result.ExitCode);
        using JsonDocument stats = JsonDocument.Parse(File.ReadAllText(Path.Combine(run, "stats.json")));
        JsonElement counters = stats.RootElement.GetProperty("counters");
        Assert.Equal(10, counters.GetProperty("programs-0.executions").GetInt64());
        Assert.Equal(0, counters.GetProperty("programs-0.failedExecutions").GetInt64());
        // 9 pages of the program, 53 of the interpreter, 2 of vdso, 1 of stack, 33 of heap, each time.
        Assert.Equal(10 * (9 + 53 + 2 + 1 + 33), counters.GetProperty("programs-0.accesses").GetInt64());
        Assert.Equal(0, (await CommandLine.RunAsync("verify", run, "--deep")).ExitCode);
        CommandLine.Result events = await CommandLine.RunAsync("events", run, "--kind", "exec.auxv", "--pid", "1", "-n", "21", "--json");
        using JsonDocument last = JsonDocument.Parse(events.Out.TrimEnd().Split('\n')[^1]);
        CommandLine.Result auxv = await CommandLine.RunAsync(
            "show", run, "auxv:1", "--goto", last.RootElement.GetProperty("sequence").GetInt64().ToString(System.Globalization.CultureInfo.InvariantCulture), "--json");
        using JsonDocument rows = JsonDocument.Parse(auxv.Out);
        Assert.Contains(rows.RootElement.EnumerateArray(), r => r.GetProperty("name").GetString() == "AT_BASE" && r.GetProperty("value").GetString() == "0x7ffff7fca000");
    }

    [Fact]
    public async Task ForkedChildrenExecuteToo()
    {
        string run = Path.Combine(_folder, "run");
        Assert.Equal(0, (await CommandLine.RunAsync("run", _experiment, "--out", run, "--set", "workload.0.fork=true")).ExitCode);
        using JsonDocument stats = JsonDocument.Parse(File.ReadAllText(Path.Combine(run, "stats.json")));
        JsonElement counters = stats.RootElement.GetProperty("counters");
        // Each of the two tasks itself, and its five children.
        Assert.Equal(12, counters.GetProperty("programs-0.tasks").GetInt64());
        Assert.Equal(12, counters.GetProperty("programs-0.executions").GetInt64());
        Assert.Equal(0, (await CommandLine.RunAsync("verify", run, "--deep")).ExitCode);
    }

    [Theory]
    [InlineData("/absent", "cannot be read")]
    [InlineData("traces/README.md", "byte 0: no ELF file")]
    [InlineData("traces/programs/exprog-pie64.head", "asks for the interpreter /lib64/ld-linux-x86-64.so.2")]
    public async Task AProgramThatCannotBeExecutedIsToldBeforeTheRun(string program, string problem)
    {
        string file = Path.Combine(_folder, "experiment.json");
        string path = Path.IsPathRooted(program) ? program : Path.Combine(Repository.Root, program);
        File.WriteAllText(file, JsonSerializer.Serialize(new { name = "x", workload = new[] { new { type = "programs", program = path } } }));
        CommandLine.Result result = await CommandLine.RunAsync("run", file, "--out", Path.Combine(_folder, "run"));
        Assert.Equal((int)ExitCode.Configuration, result.ExitCode);
        Assert.Contains(problem, result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AProgramOfAnotherKernelsKindIsRefused()
    {
        CommandLine.Result result = await CommandLine.RunAsync("run", _experiment, "--out", Path.Combine(_folder, "run"), "--set", "kernel.profile=i386-pae");
        Assert.Equal((int)ExitCode.Configuration, result.ExitCode);
        Assert.Contains("needs kernel.profile x86_64", result.Error, StringComparison.Ordinal);
    }
}
