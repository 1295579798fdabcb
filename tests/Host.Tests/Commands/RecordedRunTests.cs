using System.Text.Json;
using Sim.Engine.Events;
using Sim.Engine.Log;
using Sim.Engine.Replay;
using Sim.Host.Experiments;
using Sim.Host.Runs;
using Sim.Host.Tests.Runs;

namespace Sim.Host.Tests.Commands;

/// <summary>One small real run, looked at with every command.</summary>
public sealed class RecordedRunTests : IClassFixture<RecordedRunTests.SmallRun>
{
    private readonly SmallRun _run;

    public RecordedRunTests(SmallRun run) => _run = run;

    private string Run => _run.Folder["run"];

    [Fact]
    public async Task DeepVerificationFoldsAndRunsAgain()
    {
        CommandLine.Result result = await CommandLine.RunAsync("verify", Run, "--deep", "--json");
        Assert.True(result.ExitCode == 0, result.Error);
        RunManifest manifest = RunDirectory.Open(Run).ReadManifest();
        using JsonDocument json = JsonDocument.Parse(result.Out);
        Assert.Equal(["ok", "events", "chainHash", "stateHash", "damage"], json.RootElement.EnumerateObject().Select(p => p.Name));
        Assert.True(json.RootElement.GetProperty("ok").GetBoolean());
        Assert.Equal(manifest.Events, json.RootElement.GetProperty("events").GetInt64());
        Assert.Equal(manifest.ChainHash, json.RootElement.GetProperty("chainHash").GetString());
        Assert.Equal(manifest.StateHash, json.RootElement.GetProperty("stateHash").GetString());
        Assert.Matches("the state is the recorded one at (2[0-9]|[3-9][0-9]) checkpoints", result.Error);
        Assert.Contains($"ran again: {manifest.Events} events are the recorded ones", result.Error);
    }

    [Fact]
    public async Task EveryQueueAndSeedBehavesAsItShould()
    {
        byte[] Log(string run) => File.ReadAllBytes(Directory.GetFiles(_run.Folder[$"{run}/log"], "*.evlog").Single());
        await _run.RecordAsync("again");
        await _run.RecordAsync("simsharp", "--set", "engine.queue=simsharp");
        await _run.RecordAsync("other", "--seed", "2");
        Assert.Equal(Log("run"), Log("again"));
        Assert.Equal(Log("run"), Log("simsharp"));
        Assert.NotEqual(Log("run"), Log("other"));
    }

    [Fact]
    public void RunningAgainNamesTheEventThatDiffers()
    {
        using RecordedRun recorded = RecordedRun.Open(Run, Application.Reader);
        Reexecution same = Reexecution.Run(recorded, Application.Simulator, default);
        Assert.Equal(recorded.Manifest.StateHash, $"{same.StateHash:x16}");
        Assert.Equal(FirstEventOf(recorded, e => e with { Seed = 2 }), Divergence(recorded, e => e with { Seed = 2 }));
        Assert.InRange(Divergence(recorded, e => e with { Stop = e.Stop with { Events = 60_000 } }), 60_000, 60_200);
    }

    private static long Divergence(RecordedRun recorded, Func<Experiment, Experiment> change) =>
        Assert.Throws<RunDivergedException>(() => Reexecution.Run(recorded, new OtherSimulator(change), default)).Sequence;

    /// <summary>The first event in which a changed experiment differs, found without comparing any bytes.</summary>
    private long FirstEventOf(RecordedRun recorded, Func<Experiment, Experiment> change)
    {
        string path = _run.Folder["changed.json"], run = _run.Folder["changed"];
        File.WriteAllText(path, Application.Reader.Write(change(recorded.Experiment)));
        Assert.Equal(0, EndToEnd.ChildProcess.Sim("run", path, "--out", run, "--quiet").ExitCode);
        using LogReader log = LogReader.Open(Path.Combine(run, "log"));
        EventCursor left = new(recorded.Log), right = new(log);
        while (left.MoveNext() && right.MoveNext())
        {
            if (left.Descriptor.Kind != right.Descriptor.Kind || left.Header != right.Header || !left.Values.SequenceEqual(right.Values))
            {
                break;
            }
        }
        return left.Header.Sequence;
    }

    [Fact]
    public async Task ChangedByteIsNamed()
    {
        string copy = _run.Copy("damaged");
        string segment = Directory.GetFiles(Path.Combine(copy, "log"), "*.evlog").Single();
        byte[] bytes = File.ReadAllBytes(segment);
        bytes[bytes.Length / 2] ^= 0x10;
        File.WriteAllBytes(segment, bytes);
        CommandLine.Result result = await CommandLine.RunAsync("verify", copy, "--json");
        Assert.Equal(4, result.ExitCode);
        using JsonDocument json = JsonDocument.Parse(result.Out);
        JsonElement damage = json.RootElement.GetProperty("damage")[0];
        Assert.Equal(["segment", "block", "offset", "what"], damage.EnumerateObject().Select(p => p.Name));
        Assert.Equal("00000000000000000000.evlog", damage.GetProperty("segment").GetString());
        Assert.InRange(damage.GetProperty("offset").GetInt64(), 0, bytes.Length / 2);
        Assert.False(json.RootElement.GetProperty("ok").GetBoolean());
    }

    [Fact]
    public async Task CutLogIsAnIncompleteRun()
    {
        string copy = _run.Copy("cut");
        string segment = Directory.GetFiles(Path.Combine(copy, "log"), "*.evlog").Single();
        using (FileStream file = File.OpenWrite(segment))
        {
            file.SetLength(file.Length / 2);
        }
        RunDirectory directory = RunDirectory.Open(copy);
        directory.Write(directory.ReadManifest() with { Status = RunStatus.Running, ChainHash = null, StateHash = null });
        CommandLine.Result result = await CommandLine.RunAsync("verify", copy, "--deep");
        Assert.Equal(6, result.ExitCode);
        Assert.StartsWith("incomplete: ", result.Out);
        Assert.Contains("but the run did not end", result.Error);
        CommandLine.Result show = await CommandLine.RunAsync("show", copy, "buddyinfo");
        Assert.Equal(0, show.ExitCode);
        Assert.Contains("note: the log ends after event ", show.Error);
    }

    [Fact]
    public async Task ManifestOfAnotherRunIsADivergence()
    {
        string copy = _run.Copy("mixed");
        RunDirectory directory = RunDirectory.Open(copy);
        directory.Write(directory.ReadManifest() with { ChainHash = new string('0', 64) });
        CommandLine.AssertRefused(await CommandLine.RunAsync("verify", copy), ExitCode.Diverged, "One of them is of another run");
    }

    [Fact]
    public async Task StateHashOfAnotherStateIsADivergence()
    {
        string copy = _run.Copy("state");
        RunDirectory directory = RunDirectory.Open(copy);
        directory.Write(directory.ReadManifest() with { StateHash = new string('0', 16) });
        CommandLine.Result result = await CommandLine.RunAsync("verify", copy, "--deep");
        Assert.Equal((5, ""), (result.ExitCode, result.Out));
        Assert.Contains("after the last event the run recorded the state hash 0000000000000000, the fold has", result.Error);
    }

    [Fact]
    public async Task ChangedConfigurationIsADivergence()
    {
        string copy = _run.Copy("configuration");
        RunDirectory directory = RunDirectory.Open(copy);
        directory.WriteFile("config.effective.json", File.ReadAllText(directory.ConfigurationPath).Replace("\"allocPcpNs\": 25", "\"allocPcpNs\": 26", StringComparison.Ordinal));
        CommandLine.Result result = await CommandLine.RunAsync("verify", copy, "--deep");
        Assert.Equal(5, result.ExitCode);
        Assert.Contains("is not what the log was recorded with", result.Error);
    }

    [Fact]
    public async Task AMachineOfAnotherRunIsNotFoldedInto()
    {
        string copy = _run.Copy("machine");
        RunDirectory directory = RunDirectory.Open(copy);
        string[][] readers = [["show", copy, "buddyinfo"], ["verify", copy, "--deep"], ["export", copy, "--to", "parquet"]];
        directory.WriteFile("config.effective.json", File.ReadAllText(directory.ConfigurationPath).Replace("\"x86_64\"", "\"i386-classic\"", StringComparison.Ordinal));
        foreach (string[] line in readers)
        {
            CommandLine.AssertRefused(await CommandLine.RunAsync(line), ExitCode.Diverged, "is not what the log was recorded with");
        }
        RunManifest manifest = directory.ReadManifest();
        directory.Write(manifest with { Seed = manifest.Seed + 1 });
        foreach (string[] line in readers)
        {
            CommandLine.AssertRefused(await CommandLine.RunAsync(line), ExitCode.Diverged, "are of different runs");
        }
    }

    [Fact]
    public async Task AnEmptyOutputIsAUsageError()
    {
        CommandLine.AssertRefused(
            await CommandLine.RunAsync("export", _run.Copy("unnamed"), "--to", "parquet", "--out", ""), ExitCode.Usage, "--out is empty");
    }

    [Fact]
    public async Task LostLogIsACorruptLog()
    {
        string copy = _run.Copy("lost");
        File.Delete(Directory.GetFiles(Path.Combine(copy, "log"), "*.evlog").Single());
        foreach (string[] line in (string[][])[["verify", copy], ["show", copy, "buddyinfo"], ["events", copy]])
        {
            CommandLine.AssertRefused(await CommandLine.RunAsync(line), ExitCode.CorruptLog, "has lost its log");
        }
    }

    [Fact]
    public async Task LostManifestAndConfigurationAreNamed()
    {
        string copy = _run.Copy("bare");
        File.Delete(Path.Combine(copy, "config.effective.json"));
        CommandLine.AssertRefused(await CommandLine.RunAsync("show", copy, "buddyinfo"), ExitCode.CorruptLog, "config.effective.json is missing");
        File.Delete(Path.Combine(copy, "manifest.json"));
        CommandLine.AssertRefused(await CommandLine.RunAsync("verify", copy), ExitCode.CorruptLog, "manifest.json is missing. Restore it");
        Assert.Equal(0, (await CommandLine.RunAsync("events", copy, "-n", "1")).ExitCode);
    }

    [Fact]
    public async Task FramesAddUpAtFiftyMoments()
    {
        var random = new Engine.Random.RandomStream(3, "moments");
        long last = RunDirectory.Open(Run).ReadManifest().LastSequence;
        using RecordedRun recorded = RecordedRun.Open(Run, Application.Reader);
        for (int i = 0; i < 50; i++)
        {
            long moment = 100 + (long)random.NextBelow((ulong)(last - 100));
            var timeline = new Timeline(recorded, Application.Simulator);
            timeline.GoTo(moment);
            Kernel.Buddy.PageAllocatorState pages = timeline.State.State.Memory.Pages;
            long free = 0, states = 0;
            foreach (Kernel.Zones.Zone zone in pages.Zones)
            {
                for (int order = 0; order < Kernel.Zones.PageOrder.Count; order++)
                {
                    free += (long)zone.FreeBlocks(order) << order;
                }
            }
            for (long pfn = 0; pfn < timeline.State.State.Options.Hardware.Frames; pfn++)
            {
                ref Kernel.Zones.Frame head = ref pages.Frames[Kernel.ProcFs.FrameView.Head(pages.Frames, pfn)];
                states += head.State == Kernel.Zones.FrameState.Buddy ? 1 : 0;
            }
            Assert.Equal(states, free);
        }
    }

    [Theory]
    [InlineData("buddyinfo", "[{\"node\":0,\"zone\":\"DMA\",\"nr_free\":[")]
    [InlineData("extfrag", "[{\"node\":0,\"zone\":\"DMA\",\"extfrag_index\":[")]
    [InlineData("meminfo", "[{\"MemTotal\":")]
    [InlineData("frame:0x100", "[{\"pfn\":\"0x100\",\"zone\":\"DMA\",")]
    public async Task RowsHaveTheKernelsNames(string view, string start)
    {
        CommandLine.Result result = await CommandLine.RunAsync("show", Run, view, "--json", "--at", "100us");
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.StartsWith(start, result.Out);
        JsonDocument.Parse(result.Out).Dispose();
    }

    [Fact]
    public async Task ViewsHaveTheKernelsLayout()
    {
        CommandLine.Result result = await CommandLine.RunAsync("show", Run, "buddyinfo", "--goto", "5000");
        Assert.Equal(0, result.ExitCode);
        Assert.All(result.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.Matches("^Node 0, zone +[A-Za-z0-9]+( +[0-9]+){11} $", line));
        Assert.StartsWith("after event 5000 of ", result.Error);
    }

    [Theory]
    [InlineData("buddyinf", "There is no view \"buddyinf\". Did you mean \"buddyinfo\"?")]
    [InlineData("frame", "frame: the view is written frame:PFN")]
    [InlineData("buddyinfo:1", "buddyinfo:1: the view is written buddyinfo")]
    [InlineData("frame:xyz", "frame:xyz: expected a number")]
    [InlineData("frame:0xfffffff", "frame:0xfffffff: the machine has the frames 0 to ")]
    [InlineData("maps:77", "Task 77 has no address space at this moment. ")]
    [InlineData("status:77", "Task 77 has not been started at this moment.")]
    [InlineData("buddyinfo --goto 99999999", "Event 99999999: the log of ")]
    [InlineData("buddyinfo --goto -1", "--goto -1: expected a whole number")]
    [InlineData("buddyinfo --at 5", "--at 5: expected a time with its unit")]
    [InlineData("buddyinfo --at 999999999s", "--at 999999999s: simulated time ends after 9223372.037 s, 106 days")]
    [InlineData("buddyinfo --at 5ms --goto 5", "--at and --goto: give one of them")]
    public async Task WrongViewIsAUsageError(string arguments, string message) =>
        CommandLine.AssertRefused(await CommandLine.RunAsync(["show", Run, .. arguments.Split(' ')]), ExitCode.Usage, message);

    [Fact]
    public async Task ReplayGoesForwardAndBackToTheSameState()
    {
        CommandLine.Result forward = await CommandLine.RunAsync("replay", Run, "--goto", "998", "--step", "2", "--json");
        CommandLine.Result back = await CommandLine.RunAsync("replay", Run, "--goto", "1002", "--back", "2", "--json");
        string[] lines = forward.Out.Split('\n');
        Assert.Equal(4, lines.Length);
        Assert.Equal(lines[2], back.Out.Split('\n')[1]);
        using JsonDocument json = JsonDocument.Parse(lines[2]);
        Assert.Equal(1000, json.RootElement.GetProperty("sequence").GetInt64());
        Assert.Equal(1000, json.RootElement.GetProperty("event").GetProperty("sequence").GetInt64());
    }

    [Fact]
    public async Task InteractiveReplayAnswersEveryCommand()
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var input = new StringReader("goto 1000\nstep\nback 3\nat 100us\nshow buddyinfo\nshow nonsense\ngoto 999999999\nhelp\nquit\ngoto 5\n");
        int code = await SimApplication.RunAsync(["replay", Run], new StandardStreams(output, error, true, false, input), CancellationToken.None);
        Assert.Equal(0, code);
        string[] lines = output.ToString().Split('\n');
        Assert.StartsWith("0 ps  state ", lines[0]);
        Assert.Contains("  1000 ", lines[1]);
        Assert.Contains("  1001 ", lines[2]);
        Assert.Contains("  998 ", lines[3]);
        Assert.Contains("Node 0, zone", output.ToString());
        Assert.Contains("There is no view \"nonsense\"", error.ToString());
        Assert.Contains("Event 999999999: the log of", error.ToString());
        Assert.Contains("goto N (g) ", output.ToString());
    }

    [Theory]
    [InlineData("--pid 77", "note: there is no such event.\n")]
    [InlineData("--where pfn==-1", "note: there is no such event.\n")]
    [InlineData("--cause-of 5 --kind page.alloc_failed", "note: there is no such event.\n")]
    [InlineData("--from 999999999", "note: the log has no event 999999999; its last is event ")]
    [InlineData("-n 0", "")]
    public async Task WhereNothingIsFound_ThatIsSaid(string arguments, string note)
    {
        CommandLine.Result result = await CommandLine.RunAsync(["events", Run, .. arguments.Split(' ')]);
        Assert.Equal((0, ""), (result.ExitCode, result.Out));
        Assert.StartsWith(note, result.Error);
        Assert.Equal(note.Length == 0 ? 0 : 1, result.Error.Count(c => c == '\n'));
    }

    [Fact]
    public async Task EventsFilterByKindFrameAndTask()
    {
        CommandLine.Result kinds = await CommandLine.RunAsync("events", Run, "--kind", "page.alloc", "-n", "1", "--json", "--from", "2000");
        using JsonDocument first = JsonDocument.Parse(kinds.Out);
        Assert.Equal("page.alloc", first.RootElement.GetProperty("event").GetString());
        long pfn = first.RootElement.GetProperty("fields").GetProperty("pfn").GetInt64();
        CommandLine.Result frame = await CommandLine.RunAsync("events", Run, "--pfn", $"0x{pfn:x}", "--json");
        using RecordedRun recorded = RecordedRun.Open(Run, Application.Reader);
        Assert.Equal(CountByHand(recorded.Log, pfn), frame.Out.Count(c => c == '\n'));
    }

    /// <summary>Events whose block holds the frame, counted without the filter.</summary>
    private static int CountByHand(LogReader log, long pfn)
    {
        var cursor = new EventCursor(log);
        int count = 0;
        while (cursor.MoveNext())
        {
            bool holds = false;
            long order = 0;
            for (int i = 0; i < cursor.Values.Length; i++)
            {
                order = cursor.Descriptor.Fields[i].Name is "Order" or "FromOrder" && order == 0 ? cursor.Values[i] : order;
            }
            for (int i = 0; i < cursor.Values.Length; i++)
            {
                FieldDescriptor field = cursor.Descriptor.Fields[i];
                holds |= field.Unit == "pfn" && cursor.Values[i] <= pfn && pfn <= cursor.Values[i] + (1L << (int)order) - 1;
            }
            count += holds ? 1 : 0;
        }
        return count;
    }

    /// <summary>Runs another experiment than it is given.</summary>
    private sealed class OtherSimulator(Func<Experiment, Experiment> change) : ISimulator
    {
        public EventCatalogue Catalogue => Application.Simulator.Catalogue;

        public IRunnable Build(Experiment experiment, IBlockSink sink, IReadOnlyCollection<string> leftOut) =>
            Application.Simulator.Build(change(experiment), sink, leftOut);

        public FoldedMachine CreateState(Experiment experiment, IReadOnlyCollection<string> leftOut) =>
            Application.Simulator.CreateState(change(experiment), leftOut);
    }

    /// <summary>A run of a few hundred thousand events with a checkpoint every 5,000.</summary>
    public sealed class SmallRun : IAsyncLifetime
    {
        internal TemporaryFolder Folder { get; } = new();

        public async ValueTask InitializeAsync()
        {
            Folder.Write("small.json",
                """
                { "machine": { "memory": "128MiB" }, "log": { "checkpointEvery": 5000 }, "stop": { "events": 120000 },
                  "workload": [ { "type": "fragmentation" } ] }
                """);
            await RecordAsync("run");
        }

        internal async Task RecordAsync(string name, params string[] more)
        {
            CommandLine.Result result = await CommandLine.RunAsync(["run", Folder["small.json"], "--out", Folder[name], "--quiet", .. more]);
            Assert.True(result.ExitCode == 0, result.Error);
        }

        internal string Copy(string name)
        {
            foreach (string file in Directory.GetFiles(Folder["run"], "*", SearchOption.AllDirectories))
            {
                string target = Path.Combine(Folder[name], Path.GetRelativePath(Folder["run"], file));
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                File.Copy(file, target);
            }
            return Folder[name];
        }

        public ValueTask DisposeAsync()
        {
            Folder.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
