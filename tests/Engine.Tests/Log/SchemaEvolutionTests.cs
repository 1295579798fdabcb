using System.Buffers;
using MessagePack;
using Sim.Engine.Events;
using Sim.Engine.Log;
using Sim.Engine.Replay;
using Sim.Engine.Tests.Events;

namespace Sim.Engine.Tests.Log;

/// <summary>Logs of earlier and later builds: written by hand, with catalogues of their own.</summary>
public class SchemaEvolutionTests
{
    private static readonly FieldDescriptor Pfn = new("Pfn", "pfn", FieldType.Int64, "pfn", 3, "First page.", []);
    private static readonly FieldDescriptor Extra = new("Extra", "extra", FieldType.Int64, "pfn", 3, "Later.", []);
    private static readonly EventDescriptor Give = TestGive.Descriptor;
    private static readonly EventDescriptor Take = TestTake.Descriptor;

    [Fact]
    public void MissingTrailingFields_AreDefault()
    {
        var state = Fold([Take with { Fields = [Take.Fields[0]] }], [40, 0, 0, 77]);
        Assert.Equal([new TestTake(77, 0, 0)], state.Takes);
    }

    [Fact]
    public void SurplusTrailingFields_AreSkipped_AndTheirDeltaContextsFollowed()
    {
        var state = Fold([Give with { Fields = [Pfn, Extra] }], [41, 0, 0, 100, 11], [41, 0, 0, 5, 3], [41, 0, 0, 1, 0]);
        Assert.Equal([new TestGive(100), new TestGive(116), new TestGive(120)], state.Gives);
    }

    [Fact]
    public void UnknownIgnorableKinds_AreSkipped_AndTheirDeltaContextsFollowed()
    {
        var unknown = new EventDescriptor(99, "later.note", true, "Later.", [Pfn, new FieldDescriptor("X", "x", FieldType.Int32, "", -1, "", [])]);
        var state = Fold([Give, unknown], [41, 0, 0, 100], [99, 0, 0, 20, 500], [41, 0, 0, 1]);
        Assert.Equal([new TestGive(100), new TestGive(121)], state.Gives);
    }

    [Fact]
    public void UnknownCriticalKinds_AreRefusedWhereTheyOccur_ButShown()
    {
        var unknown = new EventDescriptor(98, "later.move", false, "Later.", [Pfn]);
        Assert.Single(Fold([Give, unknown], [41, 0, 0, 100]).Gives);
        using LogReader reader = Open([Give, unknown], [41, 0, 0, 100], [98, 0, 1, 20]);
        var state = new State();
        var fold = new Fold(reader, SampleLog.Catalogue, [state]);
        var e = Assert.Throws<IncompatibleLogException>(fold.ToEnd);
        Assert.Contains("Event 1 ", e.Message, StringComparison.Ordinal);
        Assert.Contains("'later.move'", e.Message, StringComparison.Ordinal);
        var cursor = new EventCursor(reader);
        cursor.Only(["later"]);
        Assert.True(cursor.MoveNext());
        var text = new System.Text.StringBuilder();
        cursor.AppendText(text);
        Assert.Equal("1 0 later.move pfn=0x78 cause=0", text.ToString());
    }

    [Fact]
    public void AKindThatTheLogItselfDoesNotExplain_IsCorrupt()
    {
        using LogReader reader = Open([Give], [41, 0, 0, 1], [42, 0, 0, 1]);
        var e = Assert.Throws<CorruptLogException>(() => new Fold(reader, SampleLog.Catalogue, []).ToEnd());
        Assert.Equal((LogFormat.SegmentName(0), 0L), (e.Segment, e.Block));
        Assert.Contains("kind 42", e.What, StringComparison.Ordinal);
    }

    [Fact]
    public void ChangedMeanings_AreRefused()
    {
        EventDescriptor[] changed =
        [
            Give with { Name = "test.put" },
            Give with { Fields = [Pfn with { Name = "Page" }] },
            Give with { Fields = [Pfn with { Unit = "bytes" }] },
            Give with { Fields = [Pfn with { DeltaGroup = 4 }] },
            Give with { Fields = [Pfn with { Type = FieldType.Bool }] },
        ];
        foreach (EventDescriptor descriptor in changed)
        {
            Assert.Throws<IncompatibleLogException>(() => Fold([descriptor], [41, 0, 0, 1]));
        }
        FieldDescriptor place = TestEvery.Descriptor.Fields[4];
        EventDescriptor Every(params string[] names) =>
            TestEvery.Descriptor with { Fields = [.. TestEvery.Descriptor.Fields[..4], place with { EnumNames = names }] };
        Assert.Null(new LogSchema([Every("near")]).Refusal(42, SampleLog.Catalogue));
        Assert.Null(new LogSchema([Every("near", "far_away", "elsewhere")]).Refusal(42, SampleLog.Catalogue));
        Assert.NotNull(new LogSchema([Every("far_away", "near")]).Refusal(42, SampleLog.Catalogue));
    }

    [Fact]
    public void AnotherFormatVersion_IsRefusedByNumber()
    {
        MemoryStorage storage = SampleLog.WriteSmall();
        string name = LogFormat.SegmentName(0);
        byte[] bytes = storage[name];
        bytes[28] = 2;
        int header = System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(36));
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(header - 4), Crc32C.Compute(bytes.AsSpan(0, header - 4)));
        storage[name] = bytes;
        Assert.Contains("version 2", Assert.Throws<IncompatibleLogException>(() => LogReader.Open(storage)).Message, StringComparison.Ordinal);
        Assert.Throws<IncompatibleLogException>(() => LogVerifier.Verify(storage));
    }

    private static State Fold(EventDescriptor[] catalogue, params long[][] events)
    {
        using LogReader reader = Open(catalogue, events);
        var state = new State();
        new Fold(reader, SampleLog.Catalogue, [state]).ToEnd();
        return state;
    }

    // One block of events given as their MessagePack values, under a header with a catalogue of our own.
    private static LogReader Open(EventDescriptor[] catalogue, params long[][] events)
    {
        var payload = new ArrayBufferWriter<byte>();
        var writer = new MessagePackWriter(payload);
        foreach (long[] values in events)
        {
            writer.WriteArrayHeader(values.Length);
            foreach (long value in values)
            {
                writer.Write(value);
            }
        }
        writer.Flush();
        var storage = new MemoryStorage();
        using (var log = new LogWriter(storage, new LogOptions(), SampleLog.Identity, SampleLog.SmallCatalogue))
        {
            log.Submit(new RawBlock { Payload = payload.WrittenSpan.ToArray(), Length = payload.WrittenCount, Count = events.Length });
        }
        string name = LogFormat.SegmentName(0);
        byte[] bytes = storage[name];
        int headerBytes = System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(36));
        using LogReader reader = LogReader.Open(storage);
        storage[name] = [.. (reader.Header with { Catalogue = catalogue }).Encode(), .. bytes[headerBytes..]];
        return LogReader.Open(storage);
    }

    private sealed class State : IApply<TestTake>, IApply<TestGive>
    {
        public List<TestTake> Takes { get; } = [];

        public List<TestGive> Gives { get; } = [];

        public void Apply(in TestTake e, in EventHeader header) => Takes.Add(e);

        public void Apply(in TestGive e, in EventHeader header) => Gives.Add(e);
    }
}
