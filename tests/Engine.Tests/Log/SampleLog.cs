using Sim.Engine.Events;
using Sim.Engine.Log;
using Sim.Engine.Random;
using Sim.Engine.Tests.Events;

namespace Sim.Engine.Tests.Log;

/// <summary>Logs of made-up events: seeded, so that equal arguments give equal logs.</summary>
public static class SampleLog
{
    public static LogIdentity Identity { get; } = new("run-0123", "1", "config-4567", 42);

    public static EventCatalogue Catalogue { get; } = NewCatalogue();

    /// <summary>Emits events of all test kinds, with causes, symbols and times that go back a little.</summary>
    public static void Emit(Journal journal, int events, ulong seed = 1, Action<EventHeader, object>? onEmit = null)
    {
        var random = new RandomStream(seed, "sample");
        int Below(int bound) => (int)random.NextBelow((ulong)bound);
        long time = 0;
        void Log<T>(in T e, long cause) where T : unmanaged, IEvent<T>
        {
            EventHeader header = journal.Emit(in e, cause);
            onEmit?.Invoke(header, e);
        }

        while (journal.NextSequence < events)
        {
            long sequence = journal.NextSequence;
            time += Below(5000);
            journal.TimePs = Math.Max(0, time - Below(2000));
            long cause = sequence == 0 || Below(4) == 0 ? -1 : sequence - 1 - Below((int)Math.Min(sequence, 300));
            switch (Below(6))
            {
                case 0 or 1:
                    Log(new TestTake(Below(1 << 20), (byte)Below(11), Below(300)), cause);
                    break;
                case 2 or 3:
                    Log(new TestGive(Below(1 << 20)), cause);
                    break;
                case 4:
                    int name = journal.Intern("file-" + Below(50));
                    Log(new TestEvery((long)random.NextUInt64(), (short)Below(65536), (ushort)Below(65536),
                        Below(2) == 0, (TestPlace)Below(2), (long)(random.NextUInt64() >> 16), name), cause);
                    break;
                default:
                    Log(new TestRemark(-Below(1000)), cause);
                    break;
            }
        }
    }

    /// <summary>Writes a whole log.</summary>
    public static void Write(ILogStorage storage, int events, LogOptions? options = null, ulong seed = 1, bool provisional = false)
    {
        using var writer = new LogWriter(storage, options ?? new LogOptions(), Identity, Catalogue);
        var journal = new Journal(writer, Catalogue);
        Emit(journal, events, seed);
        journal.Complete();
        writer.Complete(provisional);
    }

    /// <summary>A log of three segments with several blocks each, in a few kilobytes.</summary>
    public static MemoryStorage WriteSmall(
        LogCodec codec = LogCodec.Snappy, bool provisional = false, int events = 120, int valueStep = 7, MemoryStorage? storage = null)
    {
        storage ??= new MemoryStorage();
        var options = new LogOptions { Codec = codec, SegmentRawBytes = SmallSegmentBytes };
        using var writer = new LogWriter(storage, options, Identity, SmallCatalogue);
        EmitSmall(writer, events, valueStep);
        writer.Complete(provisional);
        return storage;
    }

    /// <summary>The blocks of <see cref="WriteSmall"/>.</summary>
    public static List<RawBlock> SmallBlocks(int events)
    {
        var recorder = new RecordingSink(new NullBlockSink());
        EmitSmall(recorder, events, 7);
        return recorder.Blocks;
    }

    /// <summary>Raw bytes after which a segment of <see cref="WriteSmall"/> ends.</summary>
    public const int SmallSegmentBytes = 230;

    private static void EmitSmall(IBlockSink sink, int events, int valueStep)
    {
        var journal = new Journal(sink, SmallCatalogue, blockBytes: 60);
        for (int i = 0; i < events; i++)
        {
            journal.TimePs = i * 40 - i % 3 * 50 + 100;
            journal.Emit(new TestRemark(i * valueStep % 90), i % 3 == 0 ? -1 : i - 1);
        }
        journal.Complete();
    }

    /// <summary>A catalogue of few kinds, for small headers.</summary>
    public static EventCatalogue SmallCatalogue { get; } = NewSmallCatalogue();

    private static EventCatalogue NewSmallCatalogue()
    {
        var catalogue = new EventCatalogue();
        catalogue.Add<TestRemark>();
        return catalogue;
    }

    private static EventCatalogue NewCatalogue()
    {
        var catalogue = new EventCatalogue();
        TestsEvents.AddTo(catalogue);
        return catalogue;
    }
}
