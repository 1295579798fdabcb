using System.Buffers.Binary;
using System.Text;
using Sim.Engine.Log;
using Sim.Engine.Random;
using Sim.Engine.Replay;

namespace Sim.Engine.Tests.Log;

/// <summary>Bytes that want to do harm: only the documented exceptions come out, and nothing large is allocated.</summary>
public class HostileLogTests
{
    /// <summary>Mutations whose CRCs are made right again reach the code behind the checksums.</summary>
    [Theory]
    [InlineData(LogCodec.None, 1)]
    [InlineData(LogCodec.Snappy, 2)]
    public void MutatedLogsWithSoundChecksums_GiveOnlyTypedExceptions(LogCodec codec, ulong seed)
    {
        MemoryStorage sound = SampleLog.WriteSmall(codec);
        List<LogStructure> structures = LogStructure.Of(sound);
        var random = new RandomStream(seed, "hostile");
        for (int round = 0; round < 3000; round++)
        {
            LogStructure structure = structures[(int)random.NextBelow((ulong)structures.Count)];
            byte[] bytes = sound[structure.Segment];
            Mutate(bytes.AsSpan((int)structure.Start, (int)(structure.End - structure.Start)), structure, random);
            MemoryStorage storage = sound.Copy();
            storage[structure.Segment] = bytes;
            ReadEverything(storage, $"seed {seed}, round {round}, {structure}");
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
            ReadEverything(storage, $"round {round}");
            Assert.Throws<CorruptLogException>(() => LogReader.Open(storage));
        }
        byte[] deep = new byte[1_000_000];
        Array.Fill(deep, (byte)0x91);
        var nested = new MemoryStorage { [LogFormat.SegmentName(0)] = [.. header.AsSpan(0, 20), .. deep] };
        ReadEverything(nested, "nested arrays");
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

    private static void Mutate(Span<byte> bytes, LogStructure structure, RandomStream random)
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
        Seal(bytes, structure);
    }

    // Makes the checksums of a structure right for what it holds now.
    private static void Seal(Span<byte> bytes, LogStructure structure)
    {
        if (structure.Block is null)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes[^4..], Crc32C.Compute(bytes[..^4]));
            return;
        }
        BinaryPrimitives.WriteUInt32BigEndian(bytes[69..], Crc32C.Compute(bytes[112..]));
        BinaryPrimitives.WriteUInt32BigEndian(bytes[64..], Crc32C.Compute(bytes[68..112], Crc32C.Compute(bytes[..64])));
    }

    private static void ReadEverything(MemoryStorage storage, string what)
    {
        Try(() => LogVerifier.Verify(storage), what);
        Try(() => LogRecovery.Examine(storage), what);
        Try(() => LogRecovery.RepairInto(storage, new MemoryStorage()), what);
        Try(() =>
        {
            using LogReader reader = LogReader.Open(storage);
            new Fold(reader, SampleLog.SmallCatalogue, []).ToEnd();
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
