using Sim.Engine.Events;
using Sim.Engine.Log;

namespace Sim.Engine.Tests.Log;

public class LogRoundTripTests
{
    [Theory]
    [InlineData(LogCodec.None)]
    [InlineData(LogCodec.Snappy)]
    public void WhatWasSubmitted_IsReadBack(LogCodec codec)
    {
        var storage = new MemoryStorage();
        using var writer = new LogWriter(storage, new LogOptions { Codec = codec, SegmentRawBytes = 300_000 }, SampleLog.Identity, SampleLog.Catalogue);
        var recorder = new RecordingSink(writer);
        var journal = new Journal(recorder, SampleLog.Catalogue);
        SampleLog.Emit(journal, 100_000);
        journal.Complete();
        writer.Complete();

        using LogReader reader = LogReader.Open(storage);
        Assert.Equal(LogEnd.Complete, reader.End);
        Assert.Equal("", reader.Unread);
        Assert.Equal(journal.NextSequence, reader.Events);
        Assert.Equal(writer.ChainHash, reader.ChainHash);
        Assert.True(reader.SegmentCount > 2);
        Assert.Equal(storage.Names, Enumerable.Range(0, reader.SegmentCount).Select(s => LogFormat.SegmentName(reader.Index(s)[0].FirstSequence)));
        var buffer = new BlockBuffer();
        int i = 0;
        for (BlockAddress? at = reader.First; at is { } address; at = reader.Next(address))
        {
            reader.Read(address, buffer);
            RawBlock expected = recorder.Blocks[i++];
            Assert.Equal(expected.FirstSequence, buffer.Header.FirstSequence);
            Assert.Equal(expected.Count, buffer.Header.Count);
            Assert.Equal((expected.MinTimePs, expected.MaxTimePs, expected.RunningMaxTimePs), (buffer.Header.MinTimePs, buffer.Header.MaxTimePs, buffer.Header.RunningMaxTimePs));
            Assert.True(buffer.Payload.SequenceEqual(expected.Payload));
            Assert.Equal(address, reader.FindSequence(expected.FirstSequence));
            Assert.Equal(address, reader.FindSequence(expected.FirstSequence + expected.Count - 1));
        }
        Assert.Equal(recorder.Blocks.Count, i);
    }

    [Fact]
    public void FindTime_GivesTheFirstBlockWithALaterEvent()
    {
        using LogReader reader = LogReader.Open(SampleLog.WriteSmall());
        var entries = new List<(BlockAddress Address, long Max)>();
        for (BlockAddress? at = reader.First; at is { } address; at = reader.Next(address))
        {
            entries.Add((address, reader.Index(address.Segment)[address.Block].RunningMaxTimePs));
        }
        for (long time = 0; time < reader.RunningMaxTimePs + 5; time += 3)
        {
            BlockAddress? expected = entries.Where(e => e.Max > time).Select(e => (BlockAddress?)e.Address).FirstOrDefault();
            Assert.Equal(expected, reader.FindTime(time));
        }
    }

    [Fact]
    public void AnEmptyRun_IsACompleteLogWithoutEvents()
    {
        var storage = new MemoryStorage();
        SampleLog.Write(storage, 0);
        using LogReader reader = LogReader.Open(storage);
        Assert.Equal((0, -1, LogEnd.Complete), (reader.Events, reader.LastSequence, reader.End));
        Assert.Null(reader.First);
        Assert.Null(reader.FindSequence(0));
        Assert.Null(reader.FindTime(0));
    }

    [Fact]
    public void TheHeader_CarriesIdentityAndCatalogue()
    {
        var storage = new MemoryStorage();
        SampleLog.Write(storage, 10);
        using LogReader reader = LogReader.Open(storage);
        Assert.Equal(SampleLog.Identity, reader.Header.Identity);
        Assert.Equal(["other", "state", "symbol", "test"], reader.Header.Categories);
        EventDescriptor[] known = SampleLog.Catalogue.Descriptors;
        Assert.Equal(known.Select(k => (k.Kind, k.Name, k.Ignorable, k.Doc)), reader.Header.Catalogue.Select(k => (k.Kind, k.Name, k.Ignorable, k.Doc)));
        Assert.Equal(
            known.SelectMany(k => k.Fields).Select(f => f with { EnumNames = [] }),
            reader.Header.Catalogue.SelectMany(k => k.Fields).Select(f => f with { EnumNames = [] }));
        Assert.Equal(["near", "far_away"], reader.Header.Catalogue.Single(k => k.Name == "other.every").Fields[4].EnumNames);
    }

    [Fact]
    public void EqualRuns_GiveEqualBytes_AndDurabilityChangesNone()
    {
        var expected = new MemoryStorage();
        SampleLog.Write(expected, 60_000, new LogOptions { SegmentRawBytes = 200_000, Durability = LogDurability.None });
        foreach (LogDurability durability in Enum.GetValues<LogDurability>())
        {
            var twin = new MemoryStorage();
            SampleLog.Write(twin, 60_000, new LogOptions { SegmentRawBytes = 200_000, Durability = durability });
            Assert.Equal(expected.Names, twin.Names);
            Assert.All(expected.Names, name => Assert.Equal(expected[name], twin[name]));
        }
        var other = new MemoryStorage();
        SampleLog.Write(other, 60_000, new LogOptions { SegmentRawBytes = 200_000 }, seed: 2);
        Assert.NotEqual(expected[LogFormat.SegmentName(0)], other[LogFormat.SegmentName(0)]);
    }

    [Fact]
    public void TheChain_IsTheDocumentedOne_WhateverTheCodec()
    {
        byte[] link = new byte[32];
        var recorder = new RecordingSink(new NullBlockSink());
        var journal = new Journal(recorder, SampleLog.Catalogue);
        SampleLog.Emit(journal, 30_000);
        journal.Complete();
        foreach (RawBlock block in recorder.Blocks)
        {
            link = System.Security.Cryptography.SHA256.HashData([.. link, .. block.Payload]);
        }
        foreach (LogCodec codec in Enum.GetValues<LogCodec>())
        {
            var storage = new MemoryStorage();
            SampleLog.Write(storage, 30_000, new LogOptions { Codec = codec });
            using LogReader reader = LogReader.Open(storage);
            Assert.Equal(Convert.ToHexStringLower(link), reader.ChainHash.ToString());
        }
    }

    [Fact]
    public void OnDisk_ASecondWriterIsRefused_AndAnExistingLogIsNotOverwritten()
    {
        string directory = Path.Combine(Path.GetTempPath(), "sim-log-" + Guid.NewGuid().ToString("n"));
        try
        {
            using (LogWriter writer = LogWriter.Create(directory, new LogOptions(), SampleLog.Identity, SampleLog.Catalogue))
            {
                Assert.Contains("lock", Assert.Throws<LogWriteException>(() =>
                    LogWriter.Create(directory, new LogOptions(), SampleLog.Identity, SampleLog.Catalogue)).Message, StringComparison.Ordinal);
                var journal = new Journal(writer, SampleLog.Catalogue);
                SampleLog.Emit(journal, 20_000);
                journal.Complete();
                writer.Complete();
                Assert.Equal(journal.NextSequence - 1, writer.DurableSequence);
            }
            Assert.Equal([LogFormat.SegmentName(0)], Directory.GetFiles(directory).Select(Path.GetFileName));
            Assert.Throws<LogWriteException>(() => LogWriter.Create(directory, new LogOptions(), SampleLog.Identity, SampleLog.Catalogue));
            var memory = new MemoryStorage();
            SampleLog.Write(memory, 20_000);
            Assert.Equal(memory[LogFormat.SegmentName(0)], File.ReadAllBytes(Path.Combine(directory, LogFormat.SegmentName(0))));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public void AReaderOfAnOpenLog_SeesWholeBlocksOnly()
    {
        var storage = new MemoryStorage();
        using var writer = new LogWriter(storage, new LogOptions { Durability = LogDurability.Flush }, SampleLog.Identity, SampleLog.Catalogue);
        var journal = new Journal(writer, SampleLog.Catalogue);
        SampleLog.Emit(journal, 50_000);
        writer.Dispose();
        using LogReader reader = LogReader.Open(storage);
        Assert.Equal(LogEnd.Open, reader.End);
        Assert.InRange(reader.Events, 1, journal.NextSequence - 1);
        Assert.Equal(writer.DurableSequence, reader.LastSequence);
    }
}
