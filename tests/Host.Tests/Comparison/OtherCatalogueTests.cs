using System.Text;
using Sim.Engine.Events;
using Sim.Engine.Log;
using Sim.Host.Comparison;
using Sim.Host.Tests.Runs;

namespace Sim.Host.Tests.Comparison;

/// <summary>Logs of builds whose catalogues differ: by a kind that only one has, by a field, by a number. They are compared over what both have.</summary>
public sealed class OtherCatalogueTests : IDisposable
{
    private const int Notes = 5_000;

    private readonly TemporaryFolder _folder = new();
    private int _logs;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(7)]
    [InlineData(1)]
    [InlineData(int.MaxValue)]
    public void AKindThatOnlyOneHas_IsPassedOver(int every)
    {
        string plain = Write<Note>(), more = Write<Note, Remark>(every);
        foreach ((string left, string right) in ((string, string)[])[(plain, more), (more, plain)])
        {
            RunDifference difference = RunComparer.Compare(left, right, 3, default);
            Assert.True(difference.AreEqual);
            // Without an event of that kind the chains are equal, and with them all events.
            Assert.Equal(every < Notes, difference.OverSharedKinds);
            Assert.Equal(every < Notes ? ["the logs' catalogues of events differ: compared event by event over the kinds and fields that both logs have"] : [], difference.Notes);
            Assert.Equal(Notes, difference.CommonEvents);
        }
    }

    [Fact]
    public void TheFirstDifferenceAmongSharedKindsIsFound_AndNumberedAsEitherLogHasIt()
    {
        string plain = Write<Note>(), other = Write<Note, Remark>(every: 7, differsAt: 3_333);
        RunDifference difference = RunComparer.Compare(plain, other, 3, default);
        Assert.Equal((3_333, 3_333L, 3_333L + (3_333 / 7) + 1), (difference.CommonEvents, difference.Left[0].Sequence, difference.Right[0].Sequence));
        Assert.Equal([3_330L, 3_331, 3_332], difference.Common.Select(e => e.Sequence));
        difference = RunComparer.Compare(other, plain, 0, default);
        Assert.Equal(3_333L + (3_333 / 7) + 1, difference.Sequence);
        Assert.Empty(difference.Common);
        // One that ends earlier is the beginning of the other.
        difference = RunComparer.Compare(plain, Write<Note, Remark>(every: 7, notes: 4_000), 3, default);
        Assert.Equal((4_000, 1, 0), (difference.CommonEvents, difference.Left.Count, difference.Right.Count));
    }

    [Fact]
    public void AFieldThatOnlyOneHas_IsNotCompared()
    {
        string plain = Write<Note>();
        Assert.True(RunComparer.Compare(plain, Write<LongNote>(), 3, default).AreEqual);
        Assert.Equal(1_234, RunComparer.Compare(plain, Write<LongNote>(differsAt: 1_234), 3, default).Sequence);
    }

    /// <summary>Kinds are matched by name: a number that another build uses for something else is another kind.</summary>
    [Fact]
    public void ANumberThatMeansAnotherKind_IsAnotherKind()
    {
        string plain = Write<Note>();
        Assert.True(RunComparer.Compare(plain, Write<MovedNote>(), 3, default).AreEqual);
        RunDifference difference = RunComparer.Compare(plain, Write<Remark>(), 3, default);
        Assert.True(difference.OverSharedKinds);
        Assert.True(difference.AreEqual);
        Assert.Equal(0, difference.CommonEvents);
    }

    private string Write<T>(int notes = Notes, int differsAt = int.MaxValue) where T : unmanaged, INote<T> =>
        Write(c => c.Add<T>(), (journal, i) => journal.Emit(T.Of(i >= differsAt ? -i : i), i % 10 == 0 ? -1 : journal.NextSequence - 1), notes);

    /// <summary>The same with an event of another kind before every so many.</summary>
    private string Write<T, TMore>(int every, int notes = Notes, int differsAt = int.MaxValue) where T : unmanaged, INote<T> where TMore : unmanaged, INote<TMore>
    {
        long last = -1;
        return Write(c => { c.Add<T>(); c.Add<TMore>(); }, (journal, i) =>
        {
            if (i % every == 0 && every < Notes)
            {
                journal.Emit(TMore.Of(i), last);
            }
            last = journal.Emit(T.Of(i >= differsAt ? -i : i), i % 10 == 0 ? -1 : last).Sequence;
        }, notes);
    }

    private string Write(Action<EventCatalogue> add, Action<Journal, int> emit, int notes)
    {
        string directory = _folder[$"run-{_logs++}"];
        var catalogue = new EventCatalogue();
        add(catalogue);
        var options = new LogOptions { SegmentRawBytes = 5_000, Durability = LogDurability.None };
        using (LogWriter log = LogWriter.Create(Path.Combine(directory, "log"), options, new LogIdentity("run", "1", "config", 1), catalogue))
        {
            var journal = new Journal(log, catalogue, null, 1_000);
            for (int i = 0; i < notes; i++)
            {
                journal.TimePs = i * 1_000;
                emit(journal, i);
            }
            journal.Complete();
            log.Complete();
        }
        File.WriteAllText(Path.Combine(directory, "config.effective.json"), "{}");
        return directory;
    }

    /// <summary>An event of a build that never was, written without the generator, which numbers kinds once for all builds.</summary>
    private interface INote<TSelf> : IEvent<TSelf> where TSelf : unmanaged, INote<TSelf>
    {
        static abstract TSelf Of(long value);

        static EventDescriptor Describe(int kind, string name, int fields) =>
            new(kind, name, true, "A note.", [.. Enumerable.Range(0, fields).Select(i => new FieldDescriptor($"Value{i}", $"value_{i}", FieldType.Int64, "", -1, "A number.", []))]);
    }

    private readonly record struct Note(long Value) : INote<Note>
    {
        public static int Kind => 120;

        public static int FieldCount => 1;

        public static EventDescriptor Descriptor { get; } = INote<Note>.Describe(Kind, "note.first", FieldCount);

        public static Note Of(long value) => new(value);

        public static void Encode(ref EventEncoder encoder, in Note e) => encoder.Write(e.Value);

        public static void Decode(ref EventDecoder decoder, int fieldCount, out Note e) => e = new(decoder.ReadInt64());

        public static void ToColumns(in Note e, EventColumns columns) => throw new NotSupportedException();

        public static void Format(in Note e, StringBuilder text, SymbolTable symbols) => throw new NotSupportedException();
    }

    private readonly record struct MovedNote(long Value) : INote<MovedNote>
    {
        public static int Kind => 121;

        public static int FieldCount => 1;

        public static EventDescriptor Descriptor { get; } = INote<MovedNote>.Describe(Kind, "note.first", FieldCount);

        public static MovedNote Of(long value) => new(value);

        public static void Encode(ref EventEncoder encoder, in MovedNote e) => encoder.Write(e.Value);

        public static void Decode(ref EventDecoder decoder, int fieldCount, out MovedNote e) => e = new(decoder.ReadInt64());

        public static void ToColumns(in MovedNote e, EventColumns columns) => throw new NotSupportedException();

        public static void Format(in MovedNote e, StringBuilder text, SymbolTable symbols) => throw new NotSupportedException();
    }

    private readonly record struct LongNote(long Value) : INote<LongNote>
    {
        public static int Kind => 120;

        public static int FieldCount => 2;

        public static EventDescriptor Descriptor { get; } = INote<LongNote>.Describe(Kind, "note.first", FieldCount);

        public static LongNote Of(long value) => new(value);

        public static void Encode(ref EventEncoder encoder, in LongNote e)
        {
            encoder.Write(e.Value);
            encoder.Write(e.Value * 3);
        }

        public static void Decode(ref EventDecoder decoder, int fieldCount, out LongNote e) => e = new(decoder.ReadInt64());

        public static void ToColumns(in LongNote e, EventColumns columns) => throw new NotSupportedException();

        public static void Format(in LongNote e, StringBuilder text, SymbolTable symbols) => throw new NotSupportedException();
    }

    private readonly record struct Remark(long Value) : INote<Remark>
    {
        public static int Kind => 122;

        public static int FieldCount => 1;

        public static EventDescriptor Descriptor { get; } = INote<Remark>.Describe(Kind, "note.remark", FieldCount);

        public static Remark Of(long value) => new(value);

        public static void Encode(ref EventEncoder encoder, in Remark e) => encoder.Write(e.Value);

        public static void Decode(ref EventDecoder decoder, int fieldCount, out Remark e) => e = new(decoder.ReadInt64());

        public static void ToColumns(in Remark e, EventColumns columns) => throw new NotSupportedException();

        public static void Format(in Remark e, StringBuilder text, SymbolTable symbols) => throw new NotSupportedException();
    }
}
