using System.Text.Json;
using Sim.Host.Tests.Commands;
using Sim.Host.Tests.Runs;
using Sim.Host.Tests.Traces;

namespace Sim.Host.Tests.Captures;

/// <summary>A real kernel's requests on other machines, and machines that begin with a real kernel's lists.</summary>
public sealed class CaptureReplayTests : IDisposable
{
    private const string Capture = "traces/captures/swapfrag-256/";
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task ImportedFileIsReplayedAsTheTextIs()
    {
        string imported = _folder["requests.simpages"];
        Assert.Equal(0, (await CommandLine.RunAsync("import", "ftrace", TraceFolder.Repository(Capture + "trace.txt.gz"), "-o", imported)).ExitCode);
        Assert.True(new FileInfo(imported).Length * 10 < new FileInfo(TraceFolder.Repository(Capture + "trace.txt.gz")).Length);
        Dictionary<string, long> file = await Run("file", imported, "open", "192MiB"), text = await Run("text", TraceFolder.Repository(Capture + "trace.txt.gz"), "open", "192MiB");
        Assert.Equal(text.Where(c => c.Key != "capture-0.reordered"), file.Where(c => c.Key != "capture-0.reordered"));
        Assert.True(file["capture-0.requests"] > 70_000);
        CommandLine.Result verify = await CommandLine.RunAsync("verify", _folder["file"], "--deep");
        Assert.True(verify.ExitCode == 0, verify.Error);
    }

    [Fact]
    public async Task ClosedLeavesReclaimsFreesOutAndReclaims()
    {
        string trace = TraceFolder.Repository(Capture + "trace.txt.gz");
        Dictionary<string, long> open = await Run("open", trace, "open", "160MiB"), closed = await Run("closed", trace, "closed", "160MiB");
        Assert.DoesNotContain("capture-0.freesLeftOut", open.Keys);
        Assert.True(closed["capture-0.freesLeftOut"] > 10_000);
        Assert.Equal(open["capture-0.frees"] + open["capture-0.unknownFrees"],
            closed["capture-0.frees"] + closed["capture-0.unknownFrees"] + closed["capture-0.freesLeftOut"]);
        long reclaimed = closed["capture-0.pagesReclaimedByKswapd"] + closed["capture-0.pagesReclaimedDirectly"];
        Assert.InRange(reclaimed, 1, closed["capture-0.freesLeftOut"] * 512);
        Assert.True(closed["capture-0.kswapdWakeups"] > 0);
        // Without reclaim the frees that were left out would be missed: almost every request is served all the same.
        Assert.InRange(closed["capture-0.failures"], 0, closed["capture-0.requests"] / 100);
        CommandLine.Result verify = await CommandLine.RunAsync("verify", _folder["closed"], "--deep");
        Assert.True(verify.ExitCode == 0, verify.Error);
        // The more memory, the less is reclaimed.
        Dictionary<string, long> larger = await Run("larger", trace, "closed", "1GiB");
        Assert.Equal((0, 0), (larger["capture-0.pagesReclaimedByKswapd"], larger["capture-0.pagesReclaimedDirectly"]));
    }

    [Fact]
    public async Task WhyNamesRecordedTasksAndRequests()
    {
        string run = _folder["parity"];
        Assert.Equal(0, (await CommandLine.RunAsync("parity", "pages", TraceFolder.Repository("traces/captures/slabfault-512"), "--out", run)).ExitCode);
        using JsonDocument alloc = JsonDocument.Parse((await CommandLine.RunAsync("events", run, "--kind", "page.alloc", "--json")).Out.Split('\n')[^2]);
        JsonElement fields = alloc.RootElement.GetProperty("fields");
        CommandLine.Result why = await CommandLine.RunAsync(
            "why", run, $"frame:{fields.GetProperty("pfn")}", "--goto", alloc.RootElement.GetProperty("sequence").ToString());
        Assert.Matches($@"^frame 0x[0-9a-f]+ is held by pid {fields.GetProperty("owner")} \(\w+\), ", why.Out);
        Assert.Contains("because of recorded.request line=", why.Out);
        Assert.Contains("gfp=GFP_", why.Out);
        using JsonDocument held = JsonDocument.Parse((await CommandLine.RunAsync("events", run, "--kind", "page.held", "-n", "1", "--json")).Out);
        CommandLine.Result before = await CommandLine.RunAsync("why", run, $"frame:{held.RootElement.GetProperty("fields").GetProperty("pfn")}");
        Assert.Contains("  page.held  ", before.Out);
        Assert.Contains("  lists.zone  ", before.Out);
        foreach (string pfn in (string[])["0", "1", "0x9f", "0x100", "0x1000", "0x5000", "0xa000"])
        {
            Assert.StartsWith("frame ", (await CommandLine.RunAsync("why", run, $"frame:{pfn}")).Out);
        }
    }

    [Fact]
    public async Task ContradictionsAreRefused()
    {
        string text = Experiment("text", TraceFolder.Repository(Capture + "trace.txt.gz"), "closed", "192MiB");
        CommandLine.AssertRefused(await CommandLine.RunAsync("run", text, "--set", "workload.0.kernelInputs=true", "--out", _folder["a"]),
            ExitCode.Configuration, "frees: closed lets this machine reclaim");
        string file = Experiment("file", CaptureFiles.GoldenImport, "open", "192MiB");
        CommandLine.AssertRefused(await CommandLine.RunAsync("run", file, "--set", "workload.0.kernelInputs=true", "--out", _folder["b"]),
            ExitCode.Configuration, "is an imported trace");
        string cut = CaptureFiles.Write(_folder, "cut.simpages", File.ReadAllBytes(CaptureFiles.GoldenImport)[..^9]);
        CommandLine.AssertRefused(await CommandLine.RunAsync("run", Experiment("cut", cut, "open", "192MiB"), "--out", _folder["c"]),
            ExitCode.Configuration, "its header says");
    }

    [Theory]
    [InlineData("""[{"type":"fragmentation"}]""", "fragmentation-0.allocations")]
    [InlineData("""[{"type":"processes","tasks":4,"rounds":40}]""", "processes-0.accesses")]
    public async Task MachineThatBeginsWithAKernelsListsHasAged(string workload, string counter)
    {
        string run = _folder["aged"];
        CommandLine.Result result = await CommandLine.RunAsync("run", TraceFolder.Repository("traces/aged.json"), "--out", run, "--quiet",
            "--set", $"workload={workload}", "--set", "stop.events=60000", "--set", "log.checkpointEvery=5000");
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.True(Counters("aged")[counter] > 1_000);
        CommandLine.Result verify = await CommandLine.RunAsync("verify", run, "--deep");
        Assert.True(verify.ExitCode == 0, verify.Error);
        // An aged machine's free memory is in pieces from the first moment on.
        using JsonDocument lists = JsonDocument.Parse((await CommandLine.RunAsync("events", run, "--kind", "lists.zone", "-n", "1", "--json")).Out.Split('\n')[0]);
        Assert.Equal("lists.zone", lists.RootElement.GetProperty("event").GetString());
        CommandLine.Result held = await CommandLine.RunAsync("why", run, "block:0x5000", "--order", "9");
        Assert.Contains("held by somebody unknown, since before the recording", held.Out);
    }

    private async Task<Dictionary<string, long>> Run(string name, string trace, string frees, string memory)
    {
        CommandLine.Result result = await CommandLine.RunAsync("run", Experiment(name, trace, frees, memory), "--out", _folder[name], "--quiet");
        Assert.True(result.ExitCode == 0, result.Error);
        return Counters(name);
    }

    private Dictionary<string, long> Counters(string run)
    {
        using JsonDocument statistics = JsonDocument.Parse(File.ReadAllText(Path.Combine(_folder[run], "stats.json")));
        return statistics.RootElement.GetProperty("counters").EnumerateObject().ToDictionary(c => c.Name, c => c.Value.GetInt64());
    }

    private string Experiment(string name, string trace, string frees, string memory)
    {
        string path = _folder[name + ".json"];
        File.WriteAllText(path, JsonSerializer.Serialize(new
        {
            machine = new { cpus = 1, memory },
            workload = new[] { new { type = "capture", trace, frees } },
        }));
        return path;
    }
}
