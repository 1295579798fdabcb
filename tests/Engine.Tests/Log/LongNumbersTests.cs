using Sim.Engine.Log;
using Sim.Engine.Replay;

namespace Sim.Engine.Tests.Log;

/// <summary>Sequences and offsets that do not fit in 31 or 32 bits.</summary>
public class LongNumbersTests
{
    public static TheoryData<long> Bases { get; } = [(1L << 31) - 7, (1L << 32) - 7, 1L << 40];

    /// <summary>A first segment that claims so many events, and the sample's blocks behind it.</summary>
    [Theory]
    [MemberData(nameof(Bases))]
    public void SequencesAreFoundReadAndShown(long first)
    {
        MemoryStorage storage = SmallRun.Whole();
        using LogReader sample = LogReader.Open(storage);
        string zero = LogFormat.SegmentName(0);
        byte[] firstSegment = Claiming(storage, zero, first);
        var huge = new MemoryStorage { [zero] = firstSegment };
        using (var writer = new SegmentWriter(huge, SmallRun.Options(), sample.Header with { Segment = 1, FirstSequence = first, ChainHash = FirstChain(huge) }))
        {
            writer.Start();
            foreach (RawBlock block in SampleLog.SmallBlocks(SmallRun.Events))
            {
                writer.Write(block with { FirstSequence = first + block.FirstSequence });
            }
            writer.Seal(SegmentEnd.Complete);
            Assert.Equal(first + SmallRun.Events - 1, writer.DurableSequence);
        }
        using LogReader reader = LogReader.Open(huge);
        Assert.Equal(first + SmallRun.Events, reader.Events);
        var cursor = new EventCursor(reader);
        for (int i = 0; i < SmallRun.Events; i += 11)
        {
            cursor.Seek(first + i);
            Assert.True(cursor.MoveNext());
            Assert.Equal(first + i, cursor.Header.Sequence);
            Assert.Equal(i % 3 == 0 ? -1 : first + i - 1, cursor.Header.Cause);
        }
        Assert.Contains(LogFormat.SegmentName(first), huge.Names);
    }

    [Theory]
    [MemberData(nameof(Bases))]
    public void BlocksAreReadAtAnyOffset(long offset)
    {
        MemoryStorage storage = SmallRun.Whole(LogCodec.None);
        string zero = LogFormat.SegmentName(0), last = storage.Names.Last();
        List<LogStructure> structures = [.. LogStructure.Of(storage).Where(s => s.Segment == last)];
        byte[] bytes = storage[last];
        storage.Remove(last);
        SegmentFooter footer = SegmentFooter.Decode(bytes[(int)structures[^1].Start..]);
        var index = footer.Index.ToArray();
        var sparse = new SparseStorage(last) { Others = storage };
        sparse.Put(0, bytes.AsSpan(0, (int)structures[2].Start));
        for (int block = 1; block < index.Length; block++)
        {
            long moved = offset + structures[1 + block].Start;
            sparse.Put(moved, bytes.AsSpan((int)structures[1 + block].Start, (int)(structures[1 + block].End - structures[1 + block].Start)));
            index[block] = index[block] with { Offset = moved };
        }
        sparse.Put(sparse.Length, (footer with { Index = index }).Encode());
        Assert.Equal(SmallRun.Events, SmallRun.AssertPrefix(sparse, $"blocks from byte {offset} on"));
    }

    /// <summary>What follows a hole of two gigabytes is still found, so that the hole is damage and not the log's end.</summary>
    [Fact]
    public void ABlockBehindALongHole_MakesTheTailDamaged()
    {
        MemoryStorage storage = SmallRun.Whole(LogCodec.None);
        string zero = LogFormat.SegmentName(0);
        List<LogStructure> structures = LogStructure.Of(storage);
        byte[] bytes = storage[zero];
        var sparse = new SparseStorage(zero);
        sparse.Put(0, bytes.AsSpan(0, (int)structures[2].Start));
        long behind = (1L << 31) + 12_345;
        sparse.Put(behind, bytes.AsSpan((int)structures[2].Start, (int)(structures[2].End - structures[2].Start)));
        Assert.False(LogRecovery.Examine(sparse).IsTornTail);
        LogReport report = LogVerifier.Verify(sparse);
        Assert.Equal((LogStatus.Corrupt, structures[1].End), (report.Status, report.Damage[0].Offset));
    }

    /// <summary>A segment of more than four gigabytes is written, and its last blocks are read back.</summary>
    [Fact]
    public void ASegmentOfMoreThanFourGigabytes_IsWritten()
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("SIM_LONG_TESTS") == "1", "takes half a minute: set SIM_LONG_TESTS=1");
        const long Bytes = (1L << 32) + (1L << 20);
        using LogReader sample = LogReader.Open(SmallRun.Whole());
        // Events of the sample, as many as fit.
        var recorder = new RecordingSink(new NullBlockSink());
        SampleLog.Emit(new Sim.Engine.Events.Journal(recorder, SampleLog.Catalogue), 60_000);
        RawBlock block = recorder.Blocks[0];
        var storage = new SparseStorage(LogFormat.SegmentName(0)) { Keeps = offset => offset is < (1 << 20) or > Bytes - (2 << 20) };
        var options = new LogOptions { Codec = LogCodec.None, SegmentRawBytes = long.MaxValue };
        long next = 0;
        using (var writer = new SegmentWriter(storage, options, sample.Header with { SegmentRawBytes = long.MaxValue, Codec = LogCodec.None }))
        {
            writer.Start();
            for (; writer.BytesOnDisk < Bytes; next += block.Count)
            {
                writer.Write(block with { FirstSequence = next });
            }
            writer.Seal(SegmentEnd.Complete);
        }
        Assert.True(storage.Length > Bytes);
        using LogReader reader = LogReader.Open(storage);
        Assert.Equal(next, reader.Events);
        var buffer = new BlockBuffer();
        reader.Read(reader.FindSequence(next - 1)!.Value, buffer);
        Assert.True(buffer.Payload.SequenceEqual(block.Payload.AsSpan(0, block.Length)));
        Assert.True(reader.Index(0)[^1].Offset > 1L << 32);
    }

    private static byte[] Claiming(MemoryStorage storage, string name, long events)
    {
        byte[] bytes = storage[name];
        LogStructure footerAt = LogStructure.Of(storage).Last(s => s.Segment == name);
        SegmentFooter footer = SegmentFooter.Decode(bytes[(int)footerAt.Start..]);
        return [.. bytes[..(int)footerAt.Start], .. (footer with { Events = events, LastSequence = events - 1 }).Encode()];
    }

    private static ChainHash FirstChain(MemoryStorage storage)
    {
        string name = storage.Names.First();
        return SegmentFooter.Decode(storage[name][(int)LogStructure.Of(storage)[^1].Start..]).ChainHash;
    }
}
