using System.Runtime.CompilerServices;
using Sim.Engine.Log;
using Sim.Engine.Random;
using Sim.Host.Debugger.Expressions;
using Sim.Host.Index;
using Sim.Host.Runs;
using Sim.Host.Tests.Commands;
using Sim.Host.Tests.EndToEnd;

namespace Sim.Host.Tests.Index;

/// <summary>The index is a cache: with it, without it and with a damaged one every search finds the same.</summary>
[Collection(RunCollection.Name)]
public sealed class LogIndexTests(RunLibrary library)
{
    private static readonly string[] Conditions =
    [
        "kind == page.alloc_failed", "kind == symbol", "kind == buddy.steal and claims_block", "owner == 3 and page_order >= 1", "owner < 0", "covers 0x1234", "pfn in 0x2000..0x200f",
        "kind == state.checkpoint", "time > 2ms and kind == pcp.drain", "sequence in 100000..100010", "kind != page", "pid == 5", "not owner == 3 and pfn > 0x5000", "name == task-1", "comm == task-3",
    ];

    private string Run => Directory.Exists(library.Folder["indexed"])
        ? library.Folder["indexed"]
        : library.Record(library.Experiment("fragmentation"), "indexed", "--set", "stop.events=250000", "--set", "log.segmentBytes=1048576");

    [Fact]
    public void SearchesFindTheSameWithAndWithoutIt()
    {
        string run = library.Copy(Run, "index-searches");
        using LogReader log = LogReader.Open(RunDirectory.Open(run).LogPath);
        var none = new RunIndex(new LogBlocks(log), null);
        var index = Open(run, log);
        Assert.True(index.Blocks.Count > 20 && log.SegmentCount > 1, "the log is too short to show anything");
        Assert.Equal(index.Blocks.Count, index.Index!.Count);
        var random = new RandomStream(5, "searches");
        int found = 0, skipped = 0;
        foreach (string text in Conditions)
        {
            var condition = EventCondition.Parse(text, log.Header.Catalogue);
            EventSearch with = new(log, index), without = new(log, none);
            Assert.Equal(without.Each(condition, 0, log.LastSequence, default).ToArray(), with.Each(condition, 0, log.LastSequence, default).ToArray());
            for (int i = 0; i < 20; i++)
            {
                long from = (long)random.NextBelow((ulong)log.Events), to = from + (long)random.NextBelow((ulong)log.Events);
                long first = without.First(condition, from, to, default), last = without.Last(condition, from, to, default);
                Assert.Equal((first, last), (with.First(condition, from, to, default), with.Last(condition, from, to, default)));
                Assert.Equal(without.Each(condition, from, to, default).DefaultIfEmpty(-1).Last(), last);
                found += first >= 0 ? 1 : 0;
            }
            skipped += Enumerable.Range(0, index.Blocks.Count).Count(b => !index.May(b, condition.MayMatch));
        }
        Assert.True(found > 50 && skipped > 50, $"{found} found, {skipped} blocks passed over");
    }

    [Fact]
    public void ADamagedForeignOrOlderFileIsNotUsed()
    {
        string run = library.Copy(Run, "index-damage");
        using LogReader log = LogReader.Open(RunDirectory.Open(run).LogPath);
        string path = Path.Combine(run, "index", "blocks.idx");
        Open(run, log);
        byte[] sound = File.ReadAllBytes(path);
        Assert.NotNull(LogIndexFile.Read(sound));
        for (int i = 0; i < sound.Length; i += 1 + (sound.Length / 997))
        {
            byte[] damaged = [.. sound];
            damaged[i] ^= 0x40;
            Assert.Null(LogIndexFile.Read(damaged));
            Assert.Null(LogIndexFile.Read(sound.AsSpan(0, i)));
        }
        // Damaged, of another run, empty, a folder: each is replaced by the right one, or done without.
        byte[] foreign = Foreign();
        Assert.NotNull(LogIndexFile.Read(foreign));
        foreach (byte[] other in (byte[][])[sound[..^1], foreign, []])
        {
            File.WriteAllBytes(path, other);
            Assert.Equal(log.LastSequence, Open(run, log).Index!.Last);
            Assert.Equal(sound, File.ReadAllBytes(path));
        }
        File.Delete(path);
        Directory.CreateDirectory(path);
        Assert.Equal(log.LastSequence, Open(run, log).Index!.Last);
        Assert.Empty(Directory.GetFiles(Path.Combine(run, "index")));
    }

    [Fact]
    public void AGrowingLogIsIndexedFurther()
    {
        string run = library.Copy(Run, "index-growing");
        string folder = RunDirectory.Open(run).LogPath;
        string[] segments = RunLibrary.Segments(run);
        byte[] last = File.ReadAllBytes(segments[^1]);
        File.WriteAllBytes(segments[^1], last[..(last.Length / 2)]);
        int before;
        using (LogReader log = LogReader.Open(folder))
        {
            before = Open(run, log).Index!.Count;
            Assert.Equal(new LogBlocks(log).Count, before);
        }
        File.WriteAllBytes(segments[^1], last);
        using LogReader whole = LogReader.Open(folder);
        LogIndex grown = Open(run, whole).Index!;
        Assert.True(grown.Count > before);
        var anew = new LogIndex();
        LogIndexBuilder.Complete(() => LogReader.Open(folder), new LogBlocks(whole), anew, _ => { }, default);
        Assert.Equal(LogIndexFile.Write(anew), LogIndexFile.Write(grown));
    }

    [Fact]
    public async Task DamageInTheLogIsToldByWhoeverMeetsIt()
    {
        string run = library.Copy(Run, "index-log");
        byte[] bytes = File.ReadAllBytes(RunLibrary.Segments(run)[0]);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(RunLibrary.Segments(run)[0], bytes);
        using LogReader log = LogReader.Open(RunDirectory.Open(run).LogPath);
        Assert.Null(Open(run, log).Index);
        Assert.Equal(4, (await CommandLine.RunAsync("events", run, "--kind", "symbol")).ExitCode);
    }

    [Fact]
    public void ABranchIsIndexedWithThePastThatItShares()
    {
        Assert.True(ChildProcess.Sim("branch", Run, "--at", "200000", "--set", "kernel.compaction.enabled=false", "--out", library.Folder["index-branch"], "--quiet") is { ExitCode: 0 }, "the branch was not made");
        using RecordedRun branch = RecordedRun.Open(library.Folder["index-branch"], Application.Reader);
        var index = RunIndex.Open(branch.Directory, branch.Log, TextWriter.Null, CancellationToken.None, leastBlocks: 1);
        Assert.Equal(branch.Log.LastSequence, index.Index!.Last);
        var condition = EventCondition.Parse("owner == 3 and page_order >= 1", branch.Log.Header.Catalogue);
        Assert.Equal(
            new EventSearch(branch.Log, new RunIndex(index.Blocks, null)).Each(condition, 0, branch.Log.LastSequence, default),
            new EventSearch(branch.Log, index).Each(condition, 0, branch.Log.LastSequence, default));
    }

    [Fact]
    public void MakingItIsStopped()
    {
        using LogReader log = LogReader.Open(RunDirectory.Open(Run).LogPath);
        var index = new LogIndex();
        Assert.ThrowsAny<OperationCanceledException>(() => LogIndexBuilder.Complete(() => LogReader.Open(RunDirectory.Open(Run).LogPath), new LogBlocks(log), index, _ => { }, new CancellationToken(true)));
        Assert.Equal(0, index.Count);
    }

    private byte[] Foreign([CallerMemberName] string name = "")
    {
        string other = library.Copy(library.Run("processes-i386"), $"{name}-other");
        using LogReader log = LogReader.Open(RunDirectory.Open(other).LogPath);
        Open(other, log);
        return File.ReadAllBytes(Path.Combine(other, "index", "blocks.idx"));
    }

    private static RunIndex Open(string run, LogReader log) => RunIndex.Open(RunDirectory.Open(run), log, TextWriter.Null, CancellationToken.None, leastBlocks: 1);
}
