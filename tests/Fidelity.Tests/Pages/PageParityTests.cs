using System.Text.Json;
using Sim.Engine.Replay;
using Sim.Host;
using Sim.Host.Captures;
using Sim.Host.Experiments;
using Sim.Host.Parity;
using Sim.Host.Runs;
using Sim.Host.Workloads;

namespace Sim.Fidelity.Tests.Pages;

/// <summary>
/// The page allocator against real kernels, frame by frame: what <c>sim parity pages</c> says of the captures in
/// traces/captures. Nothing is corrected on the way, so one different answer or list order shows to the end.
/// </summary>
public sealed class PageParityTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("parity-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("fork-256", "start", 27_568, 1)]
    [InlineData("slabfault-512", "start", 6_542, 3)]
    [InlineData("pae-1536", "start", 25_471, 2)]
    [InlineData("mixed-256", "start", 145_500, 5)]
    [InlineData("mixed-256", "phase:cache", 45_302, 1)]
    [InlineData("mixed-256", "phase:anon", 55_210, 1)]
    [InlineData("mixed-256", "phase:frag", 16_520, 1)]
    [InlineData("swapfrag-256", "start", 70_964, 3)]
    [InlineData("swapfrag-256", "phase:anon", 42_060, 1)]
    [InlineData("thp-640", "start", 34_392, 3)]
    [InlineData("686-1536", "start", 24_225, 2)]
    [InlineData("nofrag-4608", "start", 26_941, 5)]
    [InlineData("smp2-512", "start", 20_367, 3)]
    public async Task EveryFrameAndEveryListAreTheKernels(string capture, string from, int allocations, int checkpoints)
    {
        (int code, JsonElement report) = await Parity(capture, from, "run");
        Assert.Equal(allocations, report.GetProperty("allocations").GetInt32());
        Assert.Equal(1.0, report.GetProperty("samePfn").GetDouble());
        Assert.InRange(report.GetProperty("sameZone").GetDouble(), 0.9998, 1.0);
        Assert.Equal(JsonValueKind.Null, report.GetProperty("firstMiss").ValueKind);
        JsonElement[] passed = [.. report.GetProperty("checkpoints").EnumerateArray()];
        Assert.Equal(checkpoints, passed.Length);
        Assert.All(passed, c => Assert.True(c.GetProperty("listsIdentical").GetBoolean(), c.ToString()));
        Assert.All(passed, c => Assert.NotEqual(JsonValueKind.False, c.GetProperty("buddyinfoEqual").ValueKind));
        Assert.Equal(0, code);
    }

    /// <summary>From the beginning of the trace, where requests have no events for a while: nearly all frames, and all lists at the end.</summary>
    [Fact]
    public async Task BootComesToTheKernelsListsAtTheFirstCheckpoint()
    {
        (int code, JsonElement report) = await Parity("fork-256", "boot", "run");
        Assert.Equal((int)ExitCode.Difference, code);
        Assert.Equal(4_910, report.GetProperty("allocations").GetInt32());
        Assert.InRange(report.GetProperty("samePfn").GetDouble(), 0.995, 1.0);
        Assert.Equal(1.0, report.GetProperty("sameZone").GetDouble());
        JsonElement start = Assert.Single(report.GetProperty("checkpoints").EnumerateArray());
        Assert.True(start.GetProperty("listsIdentical").GetBoolean(), start.ToString());
        Assert.True(start.GetProperty("buddyinfoEqual").GetBoolean());
    }

    /// <summary>The log alone has it all: a fold comes to the kernel's lists at every checkpoint.</summary>
    [Theory]
    [InlineData("fork-256")]
    [InlineData("mixed-256")]
    [InlineData("smp2-512")]
    public async Task FoldHasTheKernelsListsAtEveryCheckpoint(string capture)
    {
        await Parity(capture, "start", "run");
        var reader = new ExperimentFile(KnownWorkloads.Registry);
        var simulator = new MachineSimulator(KnownWorkloads.Registry);
        CapturedStates states = CapturedStates.Read(CaptureFolder.Open(Capture(capture)).StatesPath);
        using RecordedRun run = RecordedRun.Open(Path.Combine(_folder, "run"), reader);
        var timeline = new Timeline(run, simulator);
        int compared = 0;
        foreach ((long sequence, int checkpoint) in Checkpoints(run))
        {
            timeline.GoTo(sequence);
            Assert.Empty(ListComparison.Differences(timeline.State.State.Memory.Pages, states.Get(CapturedStates.NameOf(checkpoint))));
            compared++;
        }
        Assert.InRange(compared, 1, 100);
    }

    /// <summary>The comparison can fail: per-CPU lists of another size give other frames.</summary>
    [Fact]
    public async Task AnotherKernelIsSeenToDiffer()
    {
        string copy = Path.Combine(_folder, "changed");
        Directory.CreateDirectory(copy);
        foreach (string file in Directory.GetFiles(Capture("fork-256")))
        {
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        }
        string states = Path.Combine(copy, "states.txt.gz");
        string text;
        using (var unpacked = new StreamReader(new System.IO.Compression.GZipStream(File.OpenRead(states), System.IO.Compression.CompressionMode.Decompress)))
        {
            text = await unpacked.ReadToEndAsync(TestContext.Current.CancellationToken);
        }
        File.Delete(states);
        await File.WriteAllTextAsync(Path.Combine(copy, "states.txt"), text.Replace("high 501 batch 7 ", "high 120 batch 7 ", StringComparison.Ordinal), TestContext.Current.CancellationToken);
        (int code, JsonElement report) = await Run(copy, "start", "other");
        Assert.Equal((int)ExitCode.Difference, code);
        Assert.InRange(report.GetProperty("samePfn").GetDouble(), 0, 0.99);
        Assert.Equal(20, report.GetProperty("firstMiss").GetProperty("recorded").GetArrayLength());
        Assert.Equal(20, report.GetProperty("firstMiss").GetProperty("events").GetArrayLength());
    }

    private static IEnumerable<(long Sequence, int Checkpoint)> Checkpoints(RecordedRun run)
    {
        var cursor = new EventCursor(run.Log);
        cursor.Only(["recorded.checkpoint"]);
        var found = new List<(long, int)>();
        while (cursor.MoveNext())
        {
            found.Add((cursor.Header.Sequence, (int)cursor.Values[1]));
        }
        return found;
    }

    private Task<(int Code, JsonElement Report)> Parity(string capture, string from, string run) => Run(Capture(capture), from, run);

    private async Task<(int Code, JsonElement Report)> Run(string folder, string from, string run)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        int code = await SimApplication.RunAsync(
            ["parity", "pages", folder, "--from", from, "--json", "--out", Path.Combine(_folder, run)],
            new StandardStreams(output, error, ErrorIsTerminal: false, Color: false), TestContext.Current.CancellationToken);
        Assert.True(code is 0 or 1, error.ToString());
        return (code, JsonDocument.Parse(output.ToString()).RootElement[0]);
    }

    private static string Capture(string name)
    {
        string? directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory!, "Sim.sln")))
        {
            directory = Path.GetDirectoryName(directory);
        }
        return Path.Combine(directory!, "traces", "captures", name);
    }
}
