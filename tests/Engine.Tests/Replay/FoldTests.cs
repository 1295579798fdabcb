using Sim.Engine.Events;
using Sim.Engine.Log;
using Sim.Engine.Replay;
using Sim.Engine.Tests.Events;
using Sim.Engine.Tests.Log;

namespace Sim.Engine.Tests.Replay;

public class FoldTests
{
    private const int Events = 60_000;

    private static readonly Lazy<(MemoryStorage Storage, List<string> Live)> Run = new(() =>
    {
        var storage = new MemoryStorage();
        using var writer = new LogWriter(storage, new LogOptions { SegmentRawBytes = 200_000 }, SampleLog.Identity, SampleLog.Catalogue);
        var journal = new Journal(writer, SampleLog.Catalogue);
        var live = new List<string>();
        SampleLog.Emit(journal, Events, onEmit: (header, e) => live.Add($"{header} {e}"));
        journal.Complete();
        writer.Complete();
        return (storage, live);
    });

    [Fact]
    public void AFold_AppliesTheVeryEventsThatWereEmitted()
    {
        using LogReader reader = LogReader.Open(Run.Value.Storage);
        var folded = new Recorder();
        var fold = new Fold(reader, SampleLog.Catalogue, [folded]);
        fold.ToEnd();
        Assert.Equal(Run.Value.Live, folded.Lines);
        Assert.Equal(reader.Events, fold.NextSequence);
        Assert.Equal(reader.RunningMaxTimePs, fold.RunningMaxTimePs);
        Assert.Equal(51, fold.Symbols.Count);
        Assert.StartsWith("file-", fold.Symbols[50], StringComparison.Ordinal);
    }

    [Fact]
    public void ToSequence_StopsAfterThatEvent_InOneStepOrMany()
    {
        using LogReader reader = LogReader.Open(Run.Value.Storage);
        var folded = new Recorder();
        var fold = new Fold(reader, SampleLog.Catalogue, [folded]);
        foreach (long sequence in (long[])[0, 1, 2, 2, 5_000, 5_001, 9_731, 30_000, 59_998, 59_999])
        {
            fold.ToSequence(sequence);
            Assert.Equal(sequence + 1, fold.NextSequence);
            Assert.Equal(Run.Value.Live.Where(line => SequenceOf(line) <= sequence), folded.Lines);
        }
        Assert.Throws<InvalidOperationException>(() => fold.ToSequence(17));
        Assert.Throws<ArgumentOutOfRangeException>(() => fold.ToSequence(reader.Events));
    }

    [Fact]
    public void SteppingAcrossEveryBlockBoundary_LosesNothing()
    {
        using LogReader reader = LogReader.Open(SampleLog.WriteSmall());
        var folded = new Recorder();
        var fold = new Fold(reader, SampleLog.SmallCatalogue, [folded]);
        for (long sequence = 0; sequence < reader.Events; sequence++)
        {
            fold.ToSequence(sequence);
            fold.ToSequence(sequence);
            Assert.Equal(sequence + 1, folded.Lines.Count);
        }
        fold.ToEnd();
        Assert.Equal(reader.Events, folded.Lines.Count);
    }

    [Fact]
    public void ToTime_StopsBeforeTheFirstLaterEvent()
    {
        using LogReader reader = LogReader.Open(SampleLog.WriteSmall());
        var times = new List<long>();
        var all = new EventCursor(reader);
        while (all.MoveNext())
        {
            times.Add(all.Header.TimePs);
        }
        var stepped = new Fold(reader, SampleLog.SmallCatalogue, []);
        for (long time = 0; time <= reader.RunningMaxTimePs + 10; time += 10)
        {
            int expected = times.FindIndex(t => t > time);
            var fold = new Fold(reader, SampleLog.SmallCatalogue, []);
            fold.ToTime(time);
            stepped.ToTime(time);
            Assert.Equal(expected < 0 ? times.Count : expected, fold.NextSequence);
            Assert.Equal(fold.NextSequence, stepped.NextSequence);
        }
    }

    [Fact]
    public void SeveralHandlersOfOneEvent_AllGetIt()
    {
        using LogReader reader = LogReader.Open(Run.Value.Storage);
        var first = new Recorder();
        var second = new Recorder();
        new Fold(reader, SampleLog.Catalogue, [first, second]).ToSequence(999);
        Assert.Equal(first.Lines, second.Lines);
        Assert.NotEmpty(first.Lines);
    }

    [Fact]
    public void ACheckpointThatDoesNotHold_StopsTheFold()
    {
        var storage = new MemoryStorage();
        using (var writer = new LogWriter(storage, new LogOptions(), SampleLog.Identity, SampleLog.Catalogue))
        {
            var journal = new Journal(writer, SampleLog.Catalogue);
            for (int i = 0; i < 10; i++)
            {
                journal.Emit(new TestGive(i), -1);
                journal.Emit(new StateCheckpoint(i == 7 ? -3 : i), -1);
            }
            journal.Complete();
            writer.Complete();
        }
        using LogReader reader = LogReader.Open(storage);
        var state = new LastPfn();
        var check = new CheckpointCheck(() => (ulong)state.Pfn);
        var e = Assert.Throws<ReplayDivergedException>(() => new Fold(reader, SampleLog.Catalogue, [state, check]).ToEnd());
        Assert.Equal((15, unchecked((ulong)-3), 7UL), (e.Sequence, e.Logged, e.Folded));
        Assert.Equal(7, check.Checked);
    }

    [Fact]
    public void ADamagedBlockOnTheWay_IsNamed()
    {
        MemoryStorage storage = SampleLog.WriteSmall();
        using LogReader whole = LogReader.Open(storage);
        BlockIndexEntry entry = whole.Index(1)[1];
        string name = storage.Names.ElementAt(1);
        byte[] bytes = storage[name];
        bytes[entry.Offset + BlockHeader.Size] ^= 1;
        storage[name] = bytes;
        using LogReader reader = LogReader.Open(storage);
        var fold = new Fold(reader, SampleLog.SmallCatalogue, []);
        fold.ToSequence(entry.FirstSequence - 1);
        var e = Assert.Throws<CorruptLogException>(fold.ToEnd);
        Assert.Equal((name, 1L, entry.Offset), (e.Segment, e.Block, e.Offset));
    }

    private static long SequenceOf(string line) =>
        long.Parse(line.AsSpan(line.IndexOf('=') + 1, line.IndexOf(',') - line.IndexOf('=') - 1).Trim(), System.Globalization.CultureInfo.InvariantCulture);

    internal sealed class Recorder : IApply<TestTake>, IApply<TestGive>, IApply<TestEvery>, IApply<TestRemark>
    {
        public List<string> Lines { get; } = [];

        public void Apply(in TestTake e, in EventHeader header) => Lines.Add($"{header} {e}");

        public void Apply(in TestGive e, in EventHeader header) => Lines.Add($"{header} {e}");

        public void Apply(in TestEvery e, in EventHeader header) => Lines.Add($"{header} {e}");

        public void Apply(in TestRemark e, in EventHeader header) => Lines.Add($"{header} {e}");
    }

    private sealed class LastPfn : IApply<TestGive>
    {
        public long Pfn { get; private set; }

        public void Apply(in TestGive e, in EventHeader header) => Pfn = e.Pfn;
    }
}
