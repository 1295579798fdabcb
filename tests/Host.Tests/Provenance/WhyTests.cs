using System.Globalization;
using System.Text.Json;
using Sim.Engine.Events;
using Sim.Engine.Replay;
using Sim.Host.Index;
using Sim.Host.Provenance;
using Sim.Host.Runs;
using Sim.Host.Tests.Commands;
using Sim.Host.Tests.EndToEnd;
using Sim.Kernel.Buddy;
using Sim.Kernel.Zones;

namespace Sim.Host.Tests.Provenance;

/// <summary>What <c>why</c> tells of frames and blocks is what a fold of the log sees.</summary>
[Collection(RunCollection.Name)]
public sealed class WhyTests(RunLibrary library)
{
    [Theory]
    [InlineData("fragmentation")]
    [InlineData("processes-i386")]
    [InlineData("slab")]
    public void BiographyIsWhatAFoldSees(string workload)
    {
        using RecordedRun recorded = RecordedRun.Open(library.Run(workload), Application.Reader);
        var timeline = new Timeline(recorded, Application.Simulator);
        PageAllocatorState pages = timeline.State.State.Memory.Pages;
        timeline.GoTo(timeline.Last);
        // The busiest page block and some frames all over memory: all frames would take minutes.
        int busiest = Enumerable.Range(0, pages.Frames.Count >> 9)
            .MaxBy(b => Enumerable.Range(b << 9, 512).Count(p => pages.Frames[p].AllocatedBy > recorded.Log.LastSequence / 2));
        long[] watched = [.. Enumerable.Range(0, pages.Frames.Count).Where(p => p % 257 == 0 || (p >> 9 == busiest)).Select(p => (long)p)];
        timeline = new Timeline(recorded, Application.Simulator);
        pages = timeline.State.State.Memory.Pages;
        var all = new WatchAll(pages, watched);
        timeline.Watcher = all;
        timeline.GoTo(timeline.Last);
        Assert.InRange(all.Seen.Sum(s => s.Count), 1_000, int.MaxValue);
        for (int i = 0; i < watched.Length; i++)
        {
            Assert.Equal(all.Seen[i], all.Watchers[i].Changes.Select(c => c.Sequence));
        }
        foreach (int i in Enumerable.Range(0, watched.Length).OrderByDescending(i => all.Seen[i].Count).ThenBy(i => i).Take(4))
        {
            RunMoment moment = Moment(recorded);
            var biography = FrameBiography.Read(moment, watched[i], moment.Timeline.Last, null);
            Assert.Equal(moment.Timeline.Last, moment.Timeline.Position);
            Assert.Equal(all.Seen[i], biography.Changes.Select(c => c.Sequence));
            using var text = new StringWriter();
            biography.Print(text, int.MaxValue);
            Assert.StartsWith($"frame {FrameText.Hex(watched[i])} is ", text.ToString());
            Assert.All(all.Seen[i], s => Assert.Contains($"\n{s,10}  ", text.ToString()));
        }
    }

    [Theory]
    [InlineData("fragmentation")]
    [InlineData("processes")]
    public async Task BiographyBetweenSnapshotsIsTheEndOfTheWholeOne(string workload)
    {
        string run = library.Record(library.Experiment(workload), $"why-snapshots-{workload}", "--set", "snapshots.everyEvents=1024", "--set", "stop.events=60000");
        Assert.True(Directory.GetFiles(Path.Combine(run, "snapshots")).Length > 3, "the run has too few snapshots to show anything");
        using RecordedRun recorded = RecordedRun.Open(run, Application.Reader);
        using RecordedRun bare = RecordedRun.Open(WithoutSnapshots(run, workload), Application.Reader);
        long last = recorded.Log.LastSequence;
        int shortened = 0, passed = 0;
        var random = new Engine.Random.RandomStream(9, "frames");
        for (int i = 0; i < 60; i++)
        {
            (long pfn, long end) = ((long)random.NextBelow(32_768), i % 3 == 0 ? last : (long)random.NextBelow((ulong)last));
            var whole = FrameBiography.Read(Moment(bare), pfn, end, int.MaxValue);
            Assert.Equal(0, whole.CompleteSince);
            Assert.Equal(whole.Changes, FrameBiography.Read(Moment(recorded), pfn, end, int.MaxValue).Changes);
            foreach (int? least in (int?[])[null, 1, 3, 40])
            {
                var some = FrameBiography.Read(Moment(recorded), pfn, end, least, shortLogEvents: 0);
                var slowly = FrameBiography.Read(Moment(bare), pfn, end, least, shortLogEvents: 0);
                Assert.Equal((slowly.CompleteSince, slowly.Now, slowly.Sentence()), (some.CompleteSince, some.Now, some.Sentence()));
                Assert.Equal(slowly.Changes, some.Changes);
                Assert.Equal(whole.Changes.Where(c => c.Sequence >= some.CompleteSince), some.Changes);
                Assert.Equal(least ?? some.Changes.Count, some.CompleteSince == 0 ? least ?? some.Changes.Count : some.Changes.Count);
                // The sentence says since when it is as it is: the present life is all there.
                Assert.True(least is not null || some.Sentence() == whole.Sentence(), $"{some.Sentence()}\n{whole.Sentence()}");
                shortened += some.CompleteSince > 0 ? 1 : 0;
                passed += whole.Changes.Count > some.Changes.Count ? 1 : 0;
            }
        }
        Assert.True(shortened > 10 && passed > 5, $"{shortened} biographies begin later than the log, {passed} leave events out");
        CommandLine.Result text = await CommandLine.RunAsync("why", run, "frame:0x2000");
        CommandLine.Result full = await CommandLine.RunAsync("why", run, "frame:0x2000", "-n", "all");
        Assert.Equal((0, 0), (text.ExitCode, full.ExitCode));
        Assert.Equal(full.Out, (await CommandLine.RunAsync("why", bare.Directory.Path, "frame:0x2000")).Out);
    }

    [Fact]
    public async Task EveryFrameHasAnAnswer()
    {
        string run = library.Run("fragmentation");
        using RecordedRun recorded = RecordedRun.Open(run, Application.Reader);
        var timeline = new Timeline(recorded, Application.Simulator);
        timeline.GoTo(timeline.Last);
        PageAllocatorState pages = timeline.State.State.Memory.Pages;
        foreach (FrameState state in Enum.GetValues<FrameState>())
        {
            long pfn = Enumerable.Range(0, pages.Frames.Count).First(p => pages.Frames[p].State == state);
            CommandLine.Result text = await CommandLine.RunAsync("why", run, $"frame:{pfn}");
            CommandLine.Result json = await CommandLine.RunAsync("why", run, $"frame:{FrameText.Hex(pfn)}", "--json");
            Assert.Equal((0, 0), (text.ExitCode, json.ExitCode));
            using JsonDocument document = JsonDocument.Parse(json.Out);
            Assert.Equal(["pfn", "sequence", "timePs", "sentence", "now", "events", "completeSince", "biography"], document.RootElement.EnumerateObject().Select(p => p.Name));
            Assert.StartsWith(document.RootElement.GetProperty("sentence").GetString()!, text.Out);
            Assert.Equal(document.RootElement.GetProperty("events").GetInt32(), document.RootElement.GetProperty("biography").GetArrayLength());
        }
    }

    [Fact]
    public async Task AllocationTellsItsChainOfCauses()
    {
        string run = library.Run("processes-i386");
        CommandLine.Result faults = await CommandLine.RunAsync("events", run, "--kind", "fault.anon", "-n", "1", "--json");
        using JsonDocument fault = JsonDocument.Parse(faults.Out);
        long sequence = fault.RootElement.GetProperty("sequence").GetInt64();
        long pfn = fault.RootElement.GetProperty("fields").GetProperty("pfn").GetInt64();
        CommandLine.Result why = await CommandLine.RunAsync("why", run, $"frame:{pfn}", "--goto", sequence.ToString(CultureInfo.InvariantCulture));
        Assert.Contains("page.alloc ", why.Out);
        Assert.Contains("because of cpu.enter ", why.Out);
        Assert.Contains("an anonymous page, mapped 1 time", why.Out);
        CommandLine.Result causes = await CommandLine.RunAsync("events", run, "--cause-of", sequence.ToString(CultureInfo.InvariantCulture), "--json");
        string[] chain = causes.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        using JsonDocument root = JsonDocument.Parse(chain[^1]);
        Assert.True(chain.Length > 1);
        string first = root.RootElement.GetProperty("sequence").GetInt64().ToString(CultureInfo.InvariantCulture);
        CommandLine.Result effects = await CommandLine.RunAsync("events", run, "--effects-of", first, "--json");
        Assert.All(chain, line => Assert.Contains(line, effects.Out));
        CommandLine.Result kinds = await CommandLine.RunAsync("events", run, "--effects-of", first, "--kind", "fault.anon", "--json");
        Assert.Contains(chain[0], kinds.Out);
        Assert.DoesNotContain("page.alloc", kinds.Out);
    }

    [Fact]
    public async Task BlockNamesWhoHoldsIt()
    {
        string run = library.Run("fragmentation");
        using RecordedRun recorded = RecordedRun.Open(run, Application.Reader);
        var timeline = new Timeline(recorded, Application.Simulator);
        timeline.GoTo(timeline.Last);
        PageAllocatorState pages = timeline.State.State.Memory.Pages;
        int held = 0, free = 0;
        for (long block = 0; block + 512 <= pages.Frames.Count; block += 512)
        {
            CommandLine.Result result = await CommandLine.RunAsync("why", run, $"block:{block + 5}", "--order", "9", "--json");
            Assert.Equal(0, result.ExitCode);
            using JsonDocument json = JsonDocument.Parse(result.Out);
            Assert.Equal(FrameText.Hex(block), json.RootElement.GetProperty("pfn").GetString());
            bool isFree = Naive(pages, block) is (FrameState.Buddy, _, >= 9);
            Assert.Equal(isFree, json.RootElement.GetProperty("free").GetBoolean());
            IEnumerable<string> expected = Enumerable.Range(0, 512).Select(i => Naive(pages, block + i))
                .Where(m => m.State != FrameState.Buddy).Select(m => FrameText.Hex(m.Head)).Distinct();
            JsonElement[] holders = [.. json.RootElement.GetProperty("holders").EnumerateArray()];
            Assert.Equal(expected, holders.Select(h => h.GetProperty("pfn").GetString()));
            Assert.All(holders.Where(h => h.GetProperty("state").GetProperty("state").GetString() == "allocated"),
                h => Assert.StartsWith("page.alloc", h.GetProperty("event").GetProperty("event").GetString()));
            held += holders.Length;
            free += isFree ? 1 : 0;
        }
        Assert.True(held > 512 && free > 0);
        CommandLine.Result text = await CommandLine.RunAsync("why", run, "block:0x1000", "--order", "9");
        Assert.StartsWith("block 0x1000 of order 9 (512 frames) is not free: ", text.Out);
    }

    [Theory]
    [InlineData("frame:0xfffffff", "the machine has the frames 0 to ")]
    [InlineData("frame:", "expected a number")]
    [InlineData("frame", "What to ask is written frame:PFN")]
    [InlineData("page:1", "What to ask is written frame:PFN")]
    [InlineData("block:1", "Name the order of the block")]
    [InlineData("block:1 --order 11", "a block has an order from 0 to 10")]
    [InlineData("frame:1 --order 2", "--order belongs to block:PFN")]
    [InlineData("frame:1 -n 0", "at least 1")]
    [InlineData("frame:1 --goto 99999999", "the log of ")]
    public async Task WrongQuestionsAreRefused(string question, string message) => CommandLine.AssertRefused(
        await CommandLine.RunAsync(["why", library.Run("fragmentation"), .. question.Split(' ')]), ExitCode.Usage, message);

    private string WithoutSnapshots(string run, string workload)
    {
        string copy = library.Copy(run, $"why-bare-{workload}");
        Directory.Delete(Path.Combine(copy, "snapshots"), recursive: true);
        return copy;
    }

    private static RunMoment Moment(RecordedRun run) => new(run, Application.Simulator, new RunIndex(new LogBlocks(run.Log), null));

    /// <summary>Without any shortcut: the nearest frame below that is no tail heads the block.</summary>
    private static (FrameState State, long Head, int Order) Naive(PageAllocatorState pages, long pfn)
    {
        long head = pfn;
        while (pages.Frames[head].State == FrameState.Tail)
        {
            head--;
        }
        Frame frame = pages.Frames[head];
        return (frame.State, head, frame.State is FrameState.Hole or FrameState.Reserved ? 0 : frame.Order);
    }

    /// <summary>Looks at frames after every event, by itself and with the watcher that <c>why</c> uses.</summary>
    private sealed class WatchAll : IFoldWatcher
    {
        private readonly PageAllocatorState _pages;
        private readonly long[] _pfns;
        private readonly object[] _last;

        public WatchAll(PageAllocatorState pages, long[] pfns)
        {
            (_pages, _pfns) = (pages, pfns);
            _last = [.. pfns.Select(p => (object)Look(p))];
            Seen = [.. pfns.Select(_ => new List<long>())];
            Watchers = [.. pfns.Select(p => new FrameWatcher(pages, _ => "", p))];
        }

        public List<long>[] Seen { get; }

        public FrameWatcher[] Watchers { get; }

        public void After(int kind, in EventHeader header)
        {
            for (int i = 0; i < _pfns.Length; i++)
            {
                (FrameState, long, int, MigrateType, MigrateType, int, long, FrameUse, int, int) now = Look(_pfns[i]);
                if (!now.Equals(_last[i]))
                {
                    Seen[i].Add(header.Sequence);
                    _last[i] = now;
                }
                Watchers[i].After(kind, in header);
            }
        }

        private (FrameState, long, int, MigrateType, MigrateType, int, long, FrameUse, int, int) Look(long pfn)
        {
            (FrameState state, long head, int order) = Naive(_pages, pfn);
            ref readonly Frame block = ref _pages.Frames[head], own = ref _pages.Frames[pfn];
            bool held = state == FrameState.Allocated;
            return (state, head, order,
                held || state is FrameState.Buddy or FrameState.Pcp ? block.MigrateType : 0,
                state == FrameState.Hole ? 0 : _pages.Zone(block.Zone).PageblockType(pfn),
                held ? block.Owner : 0, held ? block.AllocatedBy : -1,
                held ? own.Use : 0, held ? own.Index : state == FrameState.Reserved ? block.Index : 0, held ? own.MapCount : 0);
        }
    }
}
