using System.Text;
using Sim.Engine.Events;
using Sim.Engine.Log;
using Sim.Engine.Replay;
using Sim.Engine.Tests.Events;

namespace Sim.Engine.Tests.Log;

/// <summary>A branch's log is read as one written in one go, wherever it begins and however its parent's ends.</summary>
public class BranchStorageTests
{
    private static readonly LogIdentity BranchIdentity = SampleLog.Identity with { RunId = "branch" };

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void ABranchAtAnyBlockIsTheLogOfItsEvents(bool provisional, bool cut)
    {
        MemoryStorage parent = SampleLog.WriteSmall(LogCodec.None, provisional);
        if (cut)
        {
            string last = parent.List()[^1];
            parent[last] = parent[last][..^300];
        }
        foreach (long start in Starts(parent))
        {
            var own = new MemoryStorage();
            MemoryStorage whole = Continue(parent, own, start);
            var joined = new BranchStorage(own, parent, start);
            Assert.Equal(Texts(whole), Texts(joined));
            LogReport expected = LogVerifier.Verify(whole), report = LogVerifier.Verify(joined);
            Assert.Empty(report.Damage);
            Assert.Equal((LogStatus.Complete, expected.Events, expected.ChainHash), (report.Status, report.Events, report.ChainHash));
            using LogReader a = LogReader.Open(whole), b = LogReader.Open(joined);
            Assert.Equal((a.Events, a.ChainHash, a.RunningMaxTimePs, a.End), (b.Events, b.ChainHash, b.RunningMaxTimePs, b.End));
            Assert.Equal(BranchIdentity, b.Header.Identity);
            Assert.All(Enumerable.Range(-1, (int)a.Events + 1), s => Assert.Equal(a.LinkAfter(s), b.LinkAfter(s)));
            for (long time = 0; time < a.RunningMaxTimePs; time += 333)
            {
                Assert.Equal(Sequence(a, a.FindTime(time)), Sequence(b, b.FindTime(time)));
            }
        }
    }

    [Fact]
    public void ABranchOfABranchHasBothPasts()
    {
        MemoryStorage grandparent = SampleLog.WriteSmall(LogCodec.None);
        long[] starts = [.. Starts(grandparent)];
        MemoryStorage first = new(), second = new();
        Continue(grandparent, first, starts[5], step: 11);
        var parent = new BranchStorage(first, grandparent, starts[5]);
        foreach (long start in Starts(parent))
        {
            second = new MemoryStorage();
            MemoryStorage whole = Continue(parent, second, start, step: 13);
            var joined = new BranchStorage(second, parent, start);
            Assert.Equal(Texts(whole), Texts(joined));
            Assert.Empty(LogVerifier.Verify(joined).Damage);
        }
    }

    [Fact]
    public void EveryByteOfTheParentThatIsSharedIsGuarded()
    {
        MemoryStorage parent = SampleLog.WriteSmall(LogCodec.None), own = new();
        long start = Starts(parent).ElementAt(7);
        Continue(parent, own, start);
        var joined = new BranchStorage(own, parent, start);
        foreach (string name in joined.List())
        {
            bool shared = joined.RunOf(name) == 1;
            MemoryStorage holder = shared ? parent : own;
            byte[] sound = holder[name];
            for (int i = 0; i < sound.Length; i++)
            {
                byte[] damaged = [.. sound];
                damaged[i] ^= 0x41;
                holder[name] = damaged;
                LogReport? report = null;
                try
                {
                    report = LogVerifier.Verify(new BranchStorage(own, parent, start));
                }
                catch (Exception e) when (e is CorruptLogException or IncompatibleLogException)
                {
                    // Damage where the branch is joined to its parent is found when it is opened.
                }
                // What comes after the branch's beginning in the parent's segment is not the branch's.
                bool used = !shared || i < joined.OpenRead(name).Length - Footer(joined, name).Length;
                Assert.True(!used || report is not { Ok: true }, $"byte {i} of {name}");
            }
            holder[name] = sound;
        }
        Assert.Empty(LogVerifier.Verify(new BranchStorage(own, parent, start)).Damage);
    }

    [Fact]
    public void APlaceThatTheParentDoesNotHaveIsRefused()
    {
        MemoryStorage parent = SampleLog.WriteSmall(LogCodec.None);
        long inside = Starts(parent).ElementAt(3) + 1;
        Assert.Contains("no block that ends before event", Assert.Throws<CorruptLogException>(() => new BranchStorage(new MemoryStorage(), parent, inside)).Message);
        Assert.Contains("no block that ends before event", Assert.Throws<CorruptLogException>(() => new BranchStorage(new MemoryStorage(), parent, 9_999)).Message);
        Assert.Contains("has no event", Assert.Throws<CorruptLogException>(() => new BranchStorage(new MemoryStorage(), new MemoryStorage(), 9)).Message);
    }

    [Fact]
    public void AParentOfAnotherRunIsNotMixedIn()
    {
        MemoryStorage parent = SampleLog.WriteSmall(LogCodec.None), own = new();
        long start = Starts(parent).ElementAt(9);
        Continue(parent, own, start);
        string first = parent.List()[0];
        MemoryStorage other = SampleLog.WriteSmall(LogCodec.None, valueStep: 11);
        other[first] = parent[first];
        LogReport report = LogVerifier.Verify(new BranchStorage(own, other, start));
        Assert.NotEmpty(report.Damage);
    }

    [Fact]
    public void AnInterruptedBranchIsResumed()
    {
        MemoryStorage parent = SampleLog.WriteSmall(LogCodec.None), full = new();
        long start = Starts(parent).ElementAt(6);
        Continue(parent, full, start);
        List<RawBlock> blocks = Blocks(parent, start, 7);
        for (int kept = 0; kept <= blocks.Count; kept++)
        {
            var own = new MemoryStorage();
            var options = new LogOptions { Codec = LogCodec.None, SegmentRawBytes = SampleLog.SmallSegmentBytes };
            using (LogWriter writer = LogWriter.Branch(new BranchStorage(own, parent, start), options, BranchIdentity, SampleLog.SmallCatalogue))
            {
                Submit(writer, blocks[..kept]);
                writer.Complete(provisional: true);
            }
            using (LogWriter writer = LogWriter.Resume(new BranchStorage(own, parent, start), options, BranchIdentity, SampleLog.SmallCatalogue))
            {
                Assert.Equal(kept < blocks.Count ? blocks[kept].FirstSequence : blocks[^1].FirstSequence + blocks[^1].Count, writer.Resumed!.End.NextSequence);
                Submit(writer, blocks[kept..]);
                writer.Complete();
            }
            Assert.Equal(full.List(), own.List());
            Assert.All(full.List(), name => Assert.Equal(full[name], own[name]));
        }
    }

    /// <summary>Sequences at which a block starts or the log ends.</summary>
    private static IEnumerable<long> Starts(ILogStorage storage)
    {
        using LogReader log = LogReader.Open(storage);
        var starts = new List<long>();
        for (int segment = 0; segment < log.SegmentCount; segment++)
        {
            starts.AddRange(log.Index(segment).ToArray().Select(b => b.FirstSequence));
        }
        return [.. starts, log.Events];
    }

    /// <summary>Writes a branch, and the same log in one go.</summary>
    private static MemoryStorage Continue(ILogStorage parent, MemoryStorage own, long start, int step = 7)
    {
        var whole = new MemoryStorage();
        var options = new LogOptions { Codec = LogCodec.None, SegmentRawBytes = SampleLog.SmallSegmentBytes };
        using LogWriter one = new(whole, options, SampleLog.Identity, SampleLog.SmallCatalogue);
        using LogWriter branch = LogWriter.Branch(new BranchStorage(own, parent, start), options, BranchIdentity, SampleLog.SmallCatalogue);
        using (LogReader log = LogReader.Open(parent))
        {
            var buffer = new BlockBuffer();
            for (BlockAddress? at = log.First; at is { } address; at = log.Next(address))
            {
                log.Read(address, buffer);
                BlockHeader header = buffer.Header;
                if (header.FirstSequence < start)
                {
                    Submit(one, [new RawBlock
                    {
                        Payload = buffer.Payload.ToArray(),
                        Length = header.RawLength,
                        FirstSequence = header.FirstSequence,
                        Count = header.Count,
                        MinTimePs = header.MinTimePs,
                        MaxTimePs = header.MaxTimePs,
                        RunningMaxTimePs = header.RunningMaxTimePs,
                    }]);
                }
            }
        }
        List<RawBlock> blocks = Blocks(parent, start, step);
        Submit(one, blocks);
        Submit(branch, blocks);
        one.Complete();
        branch.Complete();
        return whole;
    }

    /// <summary>Blocks of 90 events behind the first ones of a log.</summary>
    private static List<RawBlock> Blocks(ILogStorage parent, long start, int step)
    {
        var recorder = new RecordingSink(new NullBlockSink());
        var journal = new Journal(recorder, SampleLog.SmallCatalogue, blockBytes: 60);
        long time = new BranchStorage(new MemoryStorage(), parent, start).StartTimePs;
        for (int i = 0; i < 90; i++)
        {
            journal.TimePs = Math.Max(0, time + i * 40 - i % 3 * 50);
            journal.Emit(new TestRemark(i * step % 90), i % 3 == 0 ? -1 : i - 1);
        }
        journal.Complete();
        return [.. recorder.Blocks.Select(b => b with { FirstSequence = b.FirstSequence + start, RunningMaxTimePs = Math.Max(time, b.RunningMaxTimePs) })];
    }

    private static void Submit(LogWriter writer, IEnumerable<RawBlock> blocks)
    {
        foreach (RawBlock block in blocks)
        {
            byte[] buffer = new byte[Journal.BufferBytes];
            block.Payload.CopyTo(buffer, 0);
            writer.Submit(block with { Payload = buffer });
        }
    }

    private static List<string> Texts(ILogStorage storage)
    {
        using LogReader log = LogReader.Open(storage);
        var cursor = new EventCursor(log);
        var texts = new List<string>();
        while (cursor.MoveNext())
        {
            var text = new StringBuilder();
            cursor.AppendText(text);
            texts.Add(text.ToString());
        }
        return texts;
    }

    private static byte[] Footer(ILogStorage storage, string name)
    {
        using var file = new SegmentFile(storage, name);
        file.ReadFooter(out long offset, out _);
        return file.Read(offset, file.Length);
    }

    private static long? Sequence(LogReader log, BlockAddress? at) => at is { } a ? log.Index(a.Segment)[a.Block].FirstSequence : null;
}
