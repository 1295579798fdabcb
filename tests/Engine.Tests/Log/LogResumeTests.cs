using Sim.Engine.Events;
using Sim.Engine.Log;

namespace Sim.Engine.Tests.Log;

/// <summary>A log that was cut short anywhere, and is gone on with, ends as the very bytes of one that was never cut.</summary>
public class LogResumeTests
{
    private const int Events = SmallRun.Events;

    public static TheoryData<LogCodec> Codecs { get; } = [LogCodec.None, LogCodec.Snappy];

    [Theory]
    [MemberData(nameof(Codecs))]
    public void CutAtEveryByte_AndResumed_TheBytesAreThoseOfAnUninterruptedLog(LogCodec codec)
    {
        MemoryStorage whole = SampleLog.WriteSmall(codec);
        string[] names = [.. whole.Names];
        for (int segment = 0; segment < names.Length; segment++)
        {
            for (int length = 0; length < whole[names[segment]].Length; length++)
            {
                MemoryStorage cut = CutTo(whole, segment, length);
                MemoryStorage untouched = cut.Copy();
                using (LogWriter writer = Resume(cut, codec))
                {
                    SmallRun.AssertSame(untouched, cut, $"before the first write, segment {segment} cut to {length}");
                    Finish(writer);
                    Assert.Equal(cut.Names.Sum(n => (long)cut[n].Length), writer.BytesOnDisk);
                }
                SmallRun.AssertSame(whole, cut, $"segment {segment} cut to {length}");
            }
        }
        MemoryStorage nothing = new();
        using (LogWriter writer = Resume(nothing, codec))
        {
            Assert.Equal((default(LogBoundary), null), (writer.Resumed!.End, writer.Resumed.LastBlock));
            Finish(writer);
        }
        SmallRun.AssertSame(whole, nothing, "no log at all");
    }

    [Theory]
    [MemberData(nameof(Codecs))]
    public void InterruptedAfterEveryEvent_AndCutInTheTail_AndResumed_TheBytesAreTheSame(LogCodec codec)
    {
        MemoryStorage whole = SampleLog.WriteSmall(codec);
        for (int events = 0; events <= Events; events++)
        {
            MemoryStorage interrupted = SampleLog.WriteSmall(codec, provisional: true, events: events);
            string last = interrupted.Names.Last();
            LogStructure footer = LogStructure.Of(interrupted)[^1];
            for (long length = footer.Start; length <= footer.End; length += length == footer.Start ? 7 : Math.Max(1, Math.Min(31, footer.End - length)))
            {
                MemoryStorage cut = interrupted.Copy();
                cut[last] = interrupted[last][..(int)length];
                using (LogWriter writer = Resume(cut, codec))
                {
                    Assert.Equal(events, writer.Resumed!.End.NextSequence);
                    Assert.Equal(length == footer.End ? SegmentEnd.Provisional : null, writer.Resumed.SealedAs);
                    Finish(writer);
                    Assert.Equal(cut.Names.Sum(n => (long)cut[n].Length), writer.BytesOnDisk);
                }
                SmallRun.AssertSame(whole, cut, $"interrupted after {events} events, cut to {length} of {footer.End} bytes");
            }
        }
    }

    [Fact]
    public void ACompleteLog_IsRefused()
    {
        MemoryStorage whole = SampleLog.WriteSmall();
        LogCompleteException e = Assert.Throws<LogCompleteException>(() => Resume(whole, LogCodec.Snappy));
        Assert.Contains("complete", e.Message, StringComparison.Ordinal);
        using IDisposable free = whole.Lock();
    }

    [Fact]
    public void DamageBeforeTheTail_IsRefused_AndNothingChanges()
    {
        MemoryStorage interrupted = SampleLog.WriteSmall(provisional: true);
        foreach (LogStructure structure in LogStructure.Of(interrupted).SkipLast(1))
        {
            MemoryStorage damaged = interrupted.Copy();
            byte[] bytes = damaged[structure.Segment];
            bytes[structure.Start + 20] ^= 1;
            damaged[structure.Segment] = bytes;
            MemoryStorage untouched = damaged.Copy();
            CorruptLogException e = Assert.Throws<CorruptLogException>(() => Resume(damaged, LogCodec.Snappy));
            Assert.Equal(structure.Segment, e.Segment);
            SmallRun.AssertSame(untouched, damaged, structure.ToString());
        }
    }

    [Fact]
    public void AnotherRunsOrAnotherKindOfLog_IsRefused()
    {
        MemoryStorage interrupted = SampleLog.WriteSmall(provisional: true);
        AssertRefused("codec", new LogOptions { Codec = LogCodec.None, SegmentRawBytes = SampleLog.SmallSegmentBytes }, SampleLog.Identity, SampleLog.SmallCatalogue);
        AssertRefused("231", new LogOptions { SegmentRawBytes = SampleLog.SmallSegmentBytes + 1 }, SampleLog.Identity, SampleLog.SmallCatalogue);
        AssertRefused("another run", SmallRun.Options(LogCodec.Snappy), SampleLog.Identity with { Seed = 43 }, SampleLog.SmallCatalogue);
        AssertRefused("categories", SmallRun.Options(LogCodec.Snappy), SampleLog.Identity, SampleLog.Catalogue);

        void AssertRefused(string why, LogOptions options, LogIdentity identity, EventCatalogue catalogue) => Assert.Contains(
            why, Assert.Throws<IncompatibleLogException>(() => LogWriter.Resume(interrupted, options, identity, catalogue)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ABlockThatDoesNotFollow_IsRefused()
    {
        MemoryStorage interrupted = SampleLog.WriteSmall(provisional: true, events: 47);
        List<RawBlock> blocks = SampleLog.SmallBlocks(Events);
        using LogWriter writer = Resume(interrupted, LogCodec.Snappy);
        LogBoundary last = writer.Resumed!.LastBlock!.Value;
        Assert.Throws<ArgumentException>(() => writer.Submit(blocks.First(b => b.FirstSequence > last.NextSequence)));
        Assert.Throws<ArgumentException>(() => writer.Submit(blocks.Last(b => b.FirstSequence < last.NextSequence)));
        writer.Submit(blocks.Single(b => b.FirstSequence == last.NextSequence));
        Assert.Throws<ArgumentException>(() => writer.Submit(blocks.Single(b => b.FirstSequence == last.NextSequence)));
    }

    [Fact]
    public void ASecondWriterIsRefused_WhileOneResumes()
    {
        MemoryStorage interrupted = SampleLog.WriteSmall(provisional: true, events: 50);
        using (Resume(interrupted, LogCodec.Snappy))
        {
            Assert.Throws<LogWriteException>(() => Resume(interrupted, LogCodec.Snappy));
        }
        using LogWriter again = Resume(interrupted, LogCodec.Snappy);
    }

    [Fact]
    public void OnDisk_ALogIsResumed()
    {
        MemoryStorage whole = SampleLog.WriteSmall();
        List<RawBlock> blocks = SampleLog.SmallBlocks(Events);
        using var directory = new TemporaryDirectory();
        foreach (int events in (int[])[0, 33, 77, 119])
        {
            MemoryStorage interrupted = SampleLog.WriteSmall(provisional: true, events: events);
            foreach (string name in interrupted.Names)
            {
                File.WriteAllBytes(Path.Combine(directory.Path, name), interrupted[name]);
            }
            using (LogWriter writer = Resume(new DirectoryStorage(directory.Path), LogCodec.Snappy))
            {
                Finish(writer);
            }
            Assert.Equal(whole.Names, Directory.GetFiles(directory.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
            foreach (string name in whole.Names)
            {
                Assert.Equal(whole[name], File.ReadAllBytes(Path.Combine(directory.Path, name)));
                File.Delete(Path.Combine(directory.Path, name));
            }
        }
    }

    [Fact]
    public async Task BoundariesAreThoseOfTheFinishedLog_AskedBeforeOrAfter_InANewLogAndAResumedOne()
    {
        MemoryStorage whole = SampleLog.WriteSmall();
        List<RawBlock> blocks = SampleLog.SmallBlocks(Events);
        using LogReader reader = LogReader.Open(whole);
        for (int resumeAt = 0; resumeAt < Events; resumeAt += 13)
        {
            MemoryStorage storage = SampleLog.WriteSmall(provisional: true, events: resumeAt);
            using LogWriter writer = Resume(storage, LogCodec.Snappy);
            var asked = new List<Task<LogBoundary>>();
            foreach (RawBlock block in SmallRun.Missing(writer.Resumed))
            {
                asked.Add(writer.BoundaryBefore(block.FirstSequence));
                writer.Submit(SmallRun.Copy(block));
            }
            Task<LogBoundary> never = writer.BoundaryBefore(Events + 1);
            asked.Add(writer.BoundaryBefore(Events));
            writer.Complete();
            foreach (Task<LogBoundary> task in asked)
            {
                LogBoundary boundary = await task;
                ChainHash before = ChainHash.Zero;
                BlockAddress? next = reader.First;
                while (next is { } at && reader.Index(at.Segment)[at.Block].FirstSequence < boundary.NextSequence)
                {
                    before = reader.Index(at.Segment)[at.Block].ChainHash;
                    next = reader.Next(at);
                }
                Assert.Equal(before, boundary.ChainHash);
                Assert.Equal(next ?? boundary.Next, boundary.Next);
            }
            await Assert.ThrowsAsync<InvalidOperationException>(() => never);
            Assert.Throws<ArgumentException>(() => { _ = writer.BoundaryBefore(Events - 1 - blocks[^1].Count); });
        }
    }

    [Fact]
    public async Task WhoWaitsForABoundary_IsToldThatTheWriterDied()
    {
        var storage = new MemoryStorage { FailAt = 5 };
        using var writer = new LogWriter(storage, SmallRun.Options(LogCodec.Snappy), SampleLog.Identity, SampleLog.SmallCatalogue);
        Task<LogBoundary> asked = writer.BoundaryBefore(Events);
        LogWriteException failure = Assert.Throws<LogWriteException>(() =>
        {
            foreach (RawBlock block in SampleLog.SmallBlocks(Events))
            {
                writer.Submit(SmallRun.Copy(block));
            }
            writer.Complete();
        });
        Assert.Same(failure, await Assert.ThrowsAsync<LogWriteException>(() => asked));
        Assert.Same(failure, await Assert.ThrowsAsync<LogWriteException>(() => writer.BoundaryBefore(Events)));
    }

    private static LogWriter Resume(ILogStorage storage, LogCodec codec) => SmallRun.Resume(storage, codec: codec);

    private static void Finish(LogWriter writer)
    {
        SmallRun.Finish(writer);
        Assert.Equal((Events, Events), (writer.Events, (int)writer.DurableSequence + 1));
        Assert.Equal(SampleLog.SmallBlocks(Events).Sum(b => (long)b.Length), writer.RawBytes);
    }

    private static MemoryStorage CutTo(MemoryStorage whole, int segment, int length)
    {
        string[] names = [.. whole.Names];
        var cut = new MemoryStorage();
        for (int i = 0; i < segment; i++)
        {
            cut[names[i]] = whole[names[i]];
        }
        cut[names[segment]] = whole[names[segment]][..length];
        return cut;
    }
}
