using System.Buffers.Binary;
using System.Text;
using Sim.Engine.Events;
using Sim.Engine.Log;
using Sim.Engine.Random;
using Sim.Engine.Replay;
using Sim.Engine.Tests.Replay;

namespace Sim.Engine.Tests.Log;

/// <summary>Bytes that want to do harm: only the documented exceptions come out, and nothing large is allocated.</summary>
public class HostileLogTests
{
    // How long each of the three seeds is tried; at least a fixed number of rounds, on however slow a machine.
    private static readonly TimeSpan Duration = Environment.GetEnvironmentVariable("SIM_LONG_TESTS") == "1" ? TimeSpan.FromMinutes(5) : TimeSpan.FromSeconds(10);

    // One round alone, to look into a failure.
    private static readonly string? OnlyRound = Environment.GetEnvironmentVariable("SIM_ROUND");

    /// <summary>Mutations whose CRCs are made right again reach the code behind the checksums.</summary>
    [Theory]
    [InlineData(LogCodec.None, 1)]
    [InlineData(LogCodec.Snappy, 2)]
    public void MutatedLogsWithSoundChecksums_GiveOnlyTypedExceptions(LogCodec codec, ulong seed)
    {
        MemoryStorage sound = SampleLog.WriteSmall(codec);
        List<LogStructure> structures = LogStructure.Of(sound);
        Fuzz(seed, 1000, (random, what) =>
        {
            LogStructure structure = structures[(int)random.NextBelow((ulong)structures.Count)];
            byte[] bytes = sound[structure.Segment];
            Mutate(bytes.AsSpan((int)structure.Start, (int)(structure.End - structure.Start)), random);
            Seal(bytes.AsSpan((int)structure.Start, (int)(structure.End - structure.Start)), structure);
            MemoryStorage storage = sound.Copy();
            storage[structure.Segment] = bytes;
            ReadEverything(storage, SampleLog.SmallCatalogue, $"{what}, {structure}");
        });
    }

    /// <summary>Events are mutated and the log written around them, so that every CRC and the chain hold: decoder and fold are reached.</summary>
    [Theory]
    [InlineData(3)]
    public void MutatedEventsInASoundLog_GiveOnlyTypedExceptions(ulong seed)
    {
        var recorder = new RecordingSink(new NullBlockSink());
        var journal = new Journal(recorder, SampleLog.Catalogue, blockBytes: 300);
        SampleLog.Emit(journal, 150);
        journal.Complete();
        Fuzz(seed, 1000, (random, what) =>
        {
            int block = (int)random.NextBelow((ulong)recorder.Blocks.Count);
            RawBlock mutated = SmallRun.Copy(recorder.Blocks[block]);
            switch (random.NextBelow(4))
            {
                case 0:
                    mutated.Count = Math.Max(1, mutated.Count + (int)random.NextBelow(5) - 2);
                    break;
                case 1:
                    mutated.Length = Math.Max(mutated.Count, mutated.Length - (int)random.NextBelow(20));
                    break;
                default:
                    Mutate(mutated.Payload.AsSpan(0, mutated.Length), random);
                    break;
            }
            var storage = new MemoryStorage();
            using (var segments = new SegmentWriter(storage, new LogOptions { SegmentRawBytes = 1500 }, Header))
            {
                segments.Start();
                for (int i = 0; i < recorder.Blocks.Count; i++)
                {
                    segments.Write(i == block ? mutated : recorder.Blocks[i]);
                }
                segments.Seal(SegmentEnd.Complete);
            }
            ReadEverything(storage, SampleLog.Catalogue, what);
        });
    }

    private static readonly SegmentHeader Header = SampleHeader();

    private static SegmentHeader SampleHeader()
    {
        var storage = new MemoryStorage();
        SampleLog.Write(storage, 1);
        using LogReader reader = LogReader.Open(storage);
        return reader.Header with { SegmentRawBytes = 1500 };
    }

    private static void Fuzz(ulong seed, int rounds, Action<RandomStream, string> run)
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        int first = OnlyRound is null ? 0 : int.Parse(OnlyRound, System.Globalization.CultureInfo.InvariantCulture);
        int end = OnlyRound is null ? rounds : first + 1;
        for (int round = first; round < end || (OnlyRound is null && clock.Elapsed < Duration); round++)
        {
            run(new RandomStream(((ulong)round << 8) + seed, "hostile"), $"seed {seed}, SIM_ROUND={round}");
        }
    }

    [Fact]
    public void RandomAndEmptyAndHugeFiles_GiveOnlyTypedExceptions()
    {
        var random = new RandomStream(3, "hostile");
        byte[] header = SampleLog.WriteSmall()[LogFormat.SegmentName(0)];
        for (int round = 0; round < 300; round++)
        {
            byte[] bytes = new byte[(int)random.NextBelow(5000)];
            for (int i = 0; i < bytes.Length; i++)
            {
                bytes[i] = (byte)random.NextUInt64();
            }
            header.AsSpan(0, Math.Min(bytes.Length, (int)random.NextBelow(60))).CopyTo(bytes);
            var storage = new MemoryStorage { [LogFormat.SegmentName(0)] = bytes };
            ReadEverything(storage, SampleLog.SmallCatalogue, $"round {round}");
            Assert.Throws<CorruptLogException>(() => LogReader.Open(storage));
        }
        byte[] deep = new byte[1_000_000];
        Array.Fill(deep, (byte)0x91);
        var nested = new MemoryStorage { [LogFormat.SegmentName(0)] = [.. header.AsSpan(0, 20), .. deep] };
        ReadEverything(nested, SampleLog.SmallCatalogue, "nested arrays");
    }

    [Fact]
    public void LengthsNearTheirLimits_AllocateNothingLarge()
    {
        MemoryStorage sound = SampleLog.WriteSmall();
        LogStructure block = LogStructure.Of(sound)[1];
        foreach (uint length in (uint[])[0, 256 * 1024 + 1, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF])
        {
            foreach (int field in (int[])[26, 59, 108])
            {
                byte[] bytes = sound[block.Segment];
                BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan((int)block.Start + field), length);
                Seal(bytes.AsSpan((int)block.Start, (int)(block.End - block.Start)), block);
                MemoryStorage storage = sound.Copy();
                storage[block.Segment] = bytes;
                long before = GC.GetAllocatedBytesForCurrentThread();
                LogReport report = LogVerifier.Verify(storage);
                Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 4_000_000);
                Assert.Equal((LogStatus.Corrupt, block.Block, block.Start), (report.Status, report.Damage[0].Block, report.Damage[0].Offset));
            }
        }
    }

    private static void Mutate(Span<byte> bytes, RandomStream random)
    {
        for (int i = (int)random.NextBelow(3); i >= 0; i--)
        {
            int at = (int)random.NextBelow((ulong)bytes.Length);
            bytes[at] = random.NextBelow(3) switch
            {
                0 => (byte)random.NextUInt64(),
                1 => (byte)(bytes[at] ^ (1 << (int)random.NextBelow(8))),
                _ => ((ReadOnlySpan<byte>)[0x00, 0x7F, 0x80, 0xC0, 0xC1, 0xDD, 0xDF, 0xFF])[(int)random.NextBelow(8)],
            };
        }
    }

    // Makes the checksums of a structure right for what it holds now.
    internal static void Seal(Span<byte> bytes, LogStructure structure)
    {
        if (structure.Block is null)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes[^4..], Crc32C.Compute(bytes[..^4]));
            return;
        }
        BinaryPrimitives.WriteUInt32BigEndian(bytes[69..], Crc32C.Compute(bytes[112..]));
        BinaryPrimitives.WriteUInt32BigEndian(bytes[64..], Crc32C.Compute(bytes[68..112], Crc32C.Compute(bytes[..64])));
    }

    private static void ReadEverything(MemoryStorage storage, EventCatalogue catalogue, string what)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        Try(() => LogVerifier.Verify(storage), what);
        Try(() => LogRecovery.Examine(storage), what);
        Try(() => LogRecovery.RepairInto(storage, new MemoryStorage()), what);
        Try(() =>
        {
            using LogReader reader = LogReader.Open(storage);
            new Fold(reader, catalogue, [new FoldTests.Recorder()]).ToEnd();
        }, what);
        Try(() =>
        {
            using LogReader reader = LogReader.Open(storage);
            var cursor = new EventCursor(reader);
            var text = new StringBuilder();
            while (cursor.MoveNext())
            {
                cursor.AppendText(text);
            }
            cursor.Seek(reader.Events / 2);
            cursor.MoveNext();
            reader.FindTime(reader.RunningMaxTimePs / 2);
        }, what);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 16_000_000, $"{what}: too much was allocated");
    }

    private static void Try(Action action, string what)
    {
        try
        {
            action();
        }
        catch (Exception e) when (e is CorruptLogException or IOException or IncompatibleLogException)
        {
            Assert.NotEmpty(e.Message);
        }
        catch (Exception e)
        {
            Assert.Fail($"{what}: {e}");
        }
    }
}
