using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Sim.Engine.Events;
using Sim.Engine.Replay;
using Sim.Host.Runs;
using Sim.Host.Tests.Commands;
using Sim.Host.Tests.EndToEnd;
using Sim.Kernel;
using Sim.Kernel.ProcFs;
using Sim.Kernel.Zones;

namespace Sim.Host.Tests.Debugger;

/// <summary>The debugger's commands go where a fold that looks at every event says they should.</summary>
[Collection(RunCollection.Name)]
public sealed class DebuggerTests(RunLibrary library)
{
    [Fact]
    public async Task UntilAndBackGoToEveryEventThatIsMeant()
    {
        string run = library.Run("fragmentation");
        long[] expected = [.. Lines((await CommandLine.RunAsync("events", run, "--where", "kind == page.alloc and page_order >= 2 and owner == 3", "--json")).Out).Select(Sequence)];
        Assert.True(expected.Length >= 4, "the run has too few of them to show anything");
        string until = "until kind == page.alloc and page_order >= 2 and owner == 3", back = $"back-{until}";
        JsonElement[] forward = await Script(run, [.. Enumerable.Repeat(until, 4)]);
        Assert.Equal(expected[..4], forward.Select(Sequence));
        JsonElement[] backward = await Script(run, ["goto 29999", .. Enumerable.Repeat(back, 4)]);
        Assert.Equal(expected.Where(s => s < 29999).Reverse().Take(4), backward[1..].Select(Sequence));
        Assert.Equal(forward[3].GetProperty("stateHash").GetString(), (await Script(run, [$"goto {expected[3]}"]))[0].GetProperty("stateHash").GetString());
        JsonElement[] breaks = await Script(run, ["break on page.alloc where page_order >= 2 and owner == 3", "c", "continue", "rc", "delete 1", "c"]);
        Assert.Equal([expected[0], expected[1], expected[0]], breaks[1..4].Select(Sequence));
        Assert.Equal(29999, Sequence(breaks[5]));
        CommandLine.Result option = await CommandLine.RunAsync("replay", run, "--until", until["until ".Length..], "--json", "--step", "1");
        Assert.Equal([expected[0], expected[0] + 1], Lines(option.Out).Select(Sequence));
    }

    [Theory]
    [InlineData("fragmentation", "zone:DMA32")]
    [InlineData("fragmentation", "frame:busy")]
    [InlineData("processes-i386", "vma")]
    public async Task WatchStopsAtEveryChangeForwardsAndBackwards(string workload, string target)
    {
        string run = library.Run(workload);
        using RecordedRun recorded = RecordedRun.Open(run, Application.Reader);
        const long from = 9_000;
        var timeline = new Timeline(recorded, Application.Simulator);
        timeline.GoTo(timeline.Last);
        Func<MachineState, SymbolTable, string> look;
        switch (target)
        {
            case "frame:busy":
                CommandLine.Result handedOut = await CommandLine.RunAsync("events", run, "--kind", "page.alloc", "--json");
                long pfn = Lines(handedOut.Out).Where(e => Sequence(e) > from && e.GetProperty("fields").GetProperty("page_order").GetInt32() == 0)
                    .CountBy(e => e.GetProperty("fields").GetProperty("pfn").GetInt64()).MaxBy(frame => frame.Value).Key;
                target = $"frame:{pfn}";
                look = (s, _) => FrameView.Row(s.Memory.Pages, pfn).ToString() + s.Memory.Pages.Zone(s.Memory.Pages.Frames[pfn].Zone).PageblockType(pfn);
                break;
            case "zone:DMA32":
                look = (s, _) => Level(s.Memory.Pages.Zone(ZoneType.Dma32));
                break;
            default:
                int pid = Enumerable.Range(1, timeline.State.State.Virtual.Spaces.MaxPid).Last(p => timeline.State.State.Virtual.Spaces.Find(p) is not null);
                MapsRow area = Maps.Rows(timeline.State.State.Virtual.Spaces, pid, timeline.Symbols).Where(r => r.Pathname.Length == 0).Last();
                ulong address = Convert.ToUInt64(area.Start, 16);
                target = $"vma:{pid}:{area.Start}";
                look = (s, symbols) => s.Virtual.Spaces.Find(pid) is null ? "" : string.Concat(Maps.Rows(s.Virtual.Spaces, pid, symbols)
                    .Where(r => Convert.ToUInt64(r.Start, 16) <= address && Convert.ToUInt64(r.End, 16) > address));
                break;
        }
        timeline = new Timeline(recorded, Application.Simulator);
        timeline.GoTo(from);
        var naive = new Looker(timeline, look);
        timeline.Watcher = naive;
        timeline.GoTo(timeline.Last);
        Assert.True(naive.Changes.Count >= 3, $"{target} hardly changes");
        int stops = Math.Min(6, naive.Changes.Count);
        JsonElement[] forward = await Script(run, [$"goto {from}", $"watch {target}", .. Enumerable.Repeat("c", stops - 1)]);
        Assert.Equal(naive.Changes[..stops], forward[1..].Select(Sequence));
        Assert.All(forward[1..], a => Assert.NotEmpty(a.GetProperty("stops")[0].GetProperty("change").GetString()!));
        int earlier = Math.Min(6, naive.Changes.Count(s => s < timeline.Last));
        JsonElement[] backward = await Script(run, [$"goto {timeline.Last}", $"watch -back {target}", .. Enumerable.Repeat("rc", earlier - 1)]);
        Assert.Equal(naive.Changes.Where(s => s < timeline.Last).Reverse().Take(earlier), backward[1..].Select(Sequence));
        JsonElement[] info = await Script(run, [$"goto {timeline.Last}", $"back-watch {target}", "info", "delete 1", "info"]);
        Assert.Equal((1, 0), (info[2].GetProperty("stops").GetArrayLength(), info[4].GetProperty("stops").GetArrayLength()));
    }

    [Fact]
    public async Task DifferenceCountsWhatTwoFoldsDifferIn()
    {
        string run = library.Run("fragmentation");
        const long before = 12_000, after = 12_600;
        using RecordedRun recorded = RecordedRun.Open(run, Application.Reader);
        Timeline old = new(recorded, Application.Simulator), now = new(recorded, Application.Simulator);
        old.GoTo(before);
        now.GoTo(after);
        JsonElement difference = (await Script(run, ["goto 20000", $"diff-state {before} {after}", "info"]))[1];
        int handedOut = 0, freed = 0;
        for (long pfn = 0; pfn < old.State.State.Memory.Pages.Frames.Count; pfn++)
        {
            FrameState a = Head(old, pfn), b = Head(now, pfn);
            handedOut += a is FrameState.Buddy or FrameState.Pcp && b == FrameState.Allocated ? 1 : 0;
            freed += b is FrameState.Buddy or FrameState.Pcp && a == FrameState.Allocated ? 1 : 0;
        }
        Dictionary<string, int> frames = difference.GetProperty("frames").EnumerateArray().ToDictionary(f => f.GetProperty("what").GetString()!, f => f.GetProperty("count").GetInt32());
        Assert.True(handedOut > 0 && freed > 0);
        Assert.Equal((handedOut, freed), (frames["handed out"], frames["freed"]));
        JsonElement free = difference.GetProperty("figures").EnumerateArray().Single(f => f.GetProperty("subject").GetString() == "DMA32" && f.GetProperty("name").GetString() == "nr_free_pages");
        Assert.Equal(old.State.State.Memory.Pages.Zone(ZoneType.Dma32).FreePages, free.GetProperty("before").GetInt64());
        Assert.Equal(now.State.State.Memory.Pages.Zone(ZoneType.Dma32).FreePages, free.GetProperty("after").GetInt64());
        CommandLine.Result text = await CommandLine.RunAsync("replay", run, "-c", $"diff-state {before} {after}; diff-state {after} {after}");
        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"\n  {handedOut} handed out: 0x"), text.Out);
        Assert.EndsWith("\nnothing of the memory differs\n", text.Out);
    }

    [Fact]
    public async Task EveryAnswerIsOneObjectThatNamesItsCommand()
    {
        string run = library.Run("processes-i386");
        string[] commands =
        [
            "goto 20000", "at 100us", "step 3", "back 2", "until kind == page.alloc", "back-until kind == page.alloc", "break on page.free", "c", "rc", "goto 15000", "info", "show buddyinfo", "show alloc-failures",
            "why frame:0x1000", "why block:0x1000 4", "event", "event 100", "diff-state 1000 2000", "help", "help watch", "delete 1",
        ];
        JsonElement[] answers = await Script(run, commands);
        Assert.Equal(commands, answers.Select(a => a.GetProperty("command").GetString()));
        Assert.Equal(0, (await CommandLine.RunAsync(["replay", run, .. commands.SelectMany(c => (string[])["-c", c])])).ExitCode);
        string file = library.Folder.Write("commands.txt", $"# what it does\n{string.Join('\n', commands)}  # and so on\n\nquit\nnonsense\n");
        CommandLine.Result script = await CommandLine.RunAsync("replay", run, "--commands", file);
        Assert.Equal(0, script.ExitCode);
        Assert.Equal((await CommandLine.RunAsync("replay", run, "-c", string.Join(';', commands))).Out, script.Out);
    }

    [Theory]
    [InlineData("step; stp; step", 2, "\"stp\": There is no command \"stp\". Did you mean \"step\"?")]
    [InlineData("stp", 2, "\"stp\": There is no command \"stp\"")]
    [InlineData("until page_order == 77", 1, "No event is one with page_order == 77.")]
    [InlineData("watch frame:0x0", 1, "No event changes frame:0x0.")]
    [InlineData("step; goto x", 2, "\"goto x\": goto x: expected a whole number")]
    [InlineData("step; goto 99999999", 2, "the log of ")]
    [InlineData("step; until kind == nothing", 2, "There is no kind or category nothing.")]
    [InlineData("step; until page_order == 77", 1, "No event after event 0 is one with page_order == 77.")]
    [InlineData("step; back-until page_order == 3", 1, "No event before event 0 is one with page_order == 3.")]
    [InlineData("step; watch frame:0x0", 1, "No event after event 0 changes frame:0x0.")]
    [InlineData("step; watch page:1", 2, "What to watch is written frame:PFN, vma:PID:ADDRESS or zone:NAME.")]
    [InlineData("step; watch frame:0xfffffff", 2, "the machine has the frames 0 to ")]
    [InlineData("step; watch zone:dma31", 2, "Did you mean \"DMA3")]
    [InlineData("step; watch vma:x:0", 2, "vma x: expected a whole number")]
    [InlineData("step; break on where", 2, "A breakpoint is written")]
    [InlineData("step; delete 3", 2, "there is no such breakpoint or watchpoint")]
    [InlineData("step; show", 2, "show needs a view")]
    [InlineData("step; show nonsense", 2, "There is no view \"nonsense\".")]
    [InlineData("step; why", 2, "why is written frame:PFN, block:PFN ORDER or blocks ORDER.")]
    [InlineData("step; why block:1 11", 2, "a block has an order from 0 to 10")]
    [InlineData("step; event 99999999", 2, "the log has the events 0 to ")]
    [InlineData("step; diff-state 3", 2, "diff-state needs two events")]
    [InlineData("step; info x", 2, "info takes nothing")]
    [InlineData("step; help stp", 2, "There is no command \"stp\"")]
    public async Task AScriptEndsAtTheFirstCommandThatFails(string script, int code, string message)
    {
        CommandLine.Result result = await CommandLine.RunAsync("replay", library.Run("fragmentation"), "-c", script);
        Assert.Equal(code, result.ExitCode);
        Assert.StartsWith("error: \"", result.Error);
        Assert.Contains(message, result.Error);
        Assert.DoesNotContain("   at ", result.Error);
        Assert.Equal(script.StartsWith("step;", StringComparison.Ordinal) ? 1 : 0, result.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public async Task OfAFileTheLineIsNamed()
    {
        string run = library.Run("fragmentation");
        string file = library.Folder.Write("wrong.txt", "# one\r\nstep; step\r\n\r\nstep; stp 'a;b'; step\r\n");
        CommandLine.Result result = await CommandLine.RunAsync("replay", run, "--commands", file);
        Assert.Equal(2, result.ExitCode);
        Assert.StartsWith($"error: {file}, line 4: \"stp 'a;b'\": There is no command \"stp\".", result.Error);
        Assert.Equal(3, result.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        file = library.Folder.Write("long.txt", $"until {new string('x', 5_000)} == 1");
        result = await CommandLine.RunAsync("replay", run, "--commands", file);
        Assert.Equal(2, result.ExitCode);
        Assert.StartsWith($"error: {file}, line 1: \"until xxx", result.Error);
        file = library.Folder.Write("word.txt", $"\n{new string('y', 5_000)}");
        result = await CommandLine.RunAsync("replay", run, "--commands", file);
        Assert.StartsWith($"error: {file}, line 2: \"yyy", result.Error);
        Assert.InRange(result.Error.Length, 100, file.Length + 300);
        CommandLine.AssertRefused(await CommandLine.RunAsync("replay", run, "--commands", library.Folder.Path), ExitCode.Configuration, "that is a folder");
        foreach ((byte[] bytes, string character) in ((byte[], string)[])[([(byte)'\n', 7], "U+0007"), ([(byte)'\n', 0xff, 0xfe, 0x80], "U+FFFD"), ([(byte)'\n', 0], "U+0000")])
        {
            file = library.Folder["binary"];
            File.WriteAllBytes(file, bytes);
            CommandLine.AssertRefused(await CommandLine.RunAsync("replay", run, "--commands", file), ExitCode.Configuration, $"--commands {file}, line 2: this is no text; there is a character {character}.");
        }
    }

    [Fact]
    public void CommandsArePipedIn()
    {
        string run = library.Run("fragmentation"), expected = ChildProcess.Sim("replay", run, "-c", "at 100us; step").Out;
        CommandLine.Result piped = ChildProcess.Finish("bash", "-c", $"printf 'at 100us\\nstep\\n' | dotnet '{ChildProcess.SimDll}' replay '{run}' --commands -");
        Assert.Equal((0, expected, ""), (piped.ExitCode, piped.Out, piped.Error));
        CommandLine.Result wrong = ChildProcess.Finish("bash", "-c", $"printf 'step\\nstp\\n' | dotnet '{ChildProcess.SimDll}' replay '{run}' --commands -");
        Assert.StartsWith("error: standard input, line 2: \"stp\": ", wrong.Error);
    }

    [Fact]
    public async Task OptionsStopAtTheEndsOfTheLog()
    {
        string run = library.Run("fragmentation");
        CommandLine.Result result = await CommandLine.RunAsync("replay", run, "--goto", "29998", "--step", "5", "--json");
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Equal([29998L, 29999L], Lines(result.Out).Select(Sequence));
        Assert.All(Lines(result.Out), l => Assert.Equal(["sequence", "timePs", "stateHash", "event"], l.EnumerateObject().Select(p => p.Name)));
        result = await CommandLine.RunAsync("replay", run, "--goto", "1", "--back", "5", "--json");
        Assert.Equal([1L, -1L], Lines(result.Out).Select(Sequence));
        CommandLine.AssertRefused(await CommandLine.RunAsync("replay", run, "--commands", "/nowhere"), ExitCode.Configuration, "there is no such file");
        using var stopped = new CancellationTokenSource();
        stopped.Cancel();
        Assert.Equal(130, (await CommandLine.RunAsync(null, stopped.Token, "replay", run, "-c", "until page_order == 77")).ExitCode);
    }

    [Fact]
    public async Task CtrlCStopsWhatIsUnderWayAndTheSessionGoesOn()
    {
        var interrupts = new Interrupts();
        using var error = new StringWriter { NewLine = "\n" };
        using var output = new Interrupting(interrupts);
        using var input = new Typing(interrupts, "step 2; until page_order == 77; step\nstep\nquit\n");
        int code = await SimApplication.RunAsync(["replay", library.Run("fragmentation")],
            new StandardStreams(output, error, true, false, input), CancellationToken.None, services => services.AddSingleton(interrupts));
        Assert.Equal(0, code);
        string[] lines = output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains("interrupted", error.ToString());
        Assert.Equal(3, lines.Length);
        Assert.Contains("  1 ", lines[1]);
        Assert.Contains("  2 ", lines[2]);
        Assert.Contains("\"quit\" ends the session", error.ToString());
    }

    private static async Task<JsonElement[]> Script(string run, string[] commands)
    {
        CommandLine.Result result = await CommandLine.RunAsync("replay", run, "--json", "-c", string.Join(';', commands));
        Assert.True(result.ExitCode == 0, result.Error);
        JsonElement[] answers = Lines(result.Out);
        Assert.Equal(commands.Length, answers.Length);
        return answers;
    }

    private static JsonElement[] Lines(string text) =>
        [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement)];

    private static long Sequence(JsonElement answer) => answer.GetProperty("sequence").GetInt64();

    private static FrameState Head(Timeline timeline, long pfn)
    {
        FrameTable frames = timeline.State.State.Memory.Pages.Frames;
        return frames[FrameView.Head(frames, pfn)].State;
    }

    private static string Level(Zone zone) => string.Create(CultureInfo.InvariantCulture,
        $"{zone.FreePages} {zone.WatermarkBoost} {Enum.GetValues<Watermark>().Take(3).Count(w => zone.FreePagesCounter < zone.Watermark(w))}");

    /// <summary>Looks after each event, and writes down those that changed what it sees.</summary>
    private sealed class Looker(Timeline timeline, Func<MachineState, SymbolTable, string> look) : IFoldWatcher
    {
        private string _last = look(timeline.State.State, timeline.Symbols);

        public List<long> Changes { get; } = [];

        public void After(int kind, in EventHeader header)
        {
            string now = look(timeline.State.State, timeline.Symbols);
            if (now != _last)
            {
                Changes.Add(header.Sequence);
                _last = now;
            }
        }
    }

    /// <summary>Presses Ctrl-C before each line.</summary>
    private sealed class Typing(Interrupts interrupts, string text) : StringReader(text)
    {
        public override string? ReadLine()
        {
            Assert.True(interrupts.TryHandOn());
            return base.ReadLine();
        }
    }

    /// <summary>Presses Ctrl-C when the first answer of a line of commands is printed.</summary>
    private sealed class Interrupting(Interrupts interrupts) : StringWriter(CultureInfo.InvariantCulture)
    {
        private int _lines;

        public override string NewLine => "\n";

        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            if (++_lines == 2)
            {
                Assert.True(interrupts.TryHandOn());
            }
        }
    }
}
