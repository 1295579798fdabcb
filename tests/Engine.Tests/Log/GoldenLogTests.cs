using System.Text;
using Sim.Engine.Events;
using Sim.Engine.Log;
using Sim.Engine.Replay;
using Sim.Engine.Tests.Events;
using Sim.Shims.Tests;

namespace Sim.Engine.Tests.Log;

/// <summary>
/// Committed logs of format version 1. They are never written anew: a build that cannot read them, or would write other
/// blocks, needs another format version and keeps these tests.
/// </summary>
public class GoldenLogTests
{
    public static string Folder { get; } = Path.Combine(OutsideTools.RepositoryRoot, "tests", "Engine.Tests", "Log", "Golden");

    [Theory]
    [InlineData("v1-none")]
    [InlineData("v1-snappy")]
    public void AGoldenLog_IsReadAsTheApprovedText(string name)
    {
        string directory = Path.Combine(Folder, name);
        LogReport report = LogVerifier.Verify(directory);
        Assert.Equal((LogStatus.Complete, "3442"), (report.Status, report.ChainHash.ToString()[..4]));
        using LogReader reader = LogReader.Open(directory);
        var cursor = new EventCursor(reader);
        var text = new StringBuilder();
        while (cursor.MoveNext())
        {
            cursor.AppendText(text);
            text.Append('\n');
        }
        Assert.Equal(File.ReadAllText(Path.Combine(Folder, "v1.txt")), text.ToString());
    }

    [Theory]
    [InlineData("v1-none", LogCodec.None)]
    [InlineData("v1-snappy", LogCodec.Snappy)]
    public void TheSameEvents_GiveTheSameBlocks(string name, LogCodec codec)
    {
        MemoryStorage now = Write(codec);
        MemoryStorage golden = Load(name);
        Assert.Equal(golden.Names, now.Names);
        Assert.Equal(Blocks(golden), Blocks(now));
    }

    [Theory]
    [InlineData("v1-none")]
    [InlineData("v1-snappy")]
    public void HeadersAndFooters_AreEncodedAsTheyWereRead(string name)
    {
        MemoryStorage golden = Load(name);
        foreach (LogStructure structure in LogStructure.Of(golden).Where(s => s.Block is null))
        {
            byte[] bytes = golden[structure.Segment][(int)structure.Start..(int)structure.End];
            Assert.Equal(bytes, structure.Start == 0 ? SegmentHeader.Decode(bytes).Encode() : SegmentFooter.Decode(bytes).Encode());
        }
    }

    internal static MemoryStorage Load(string name)
    {
        var storage = new MemoryStorage();
        foreach (string file in Directory.GetFiles(Path.Combine(Folder, name)))
        {
            storage[Path.GetFileName(file)] = File.ReadAllBytes(file);
        }
        return storage;
    }

    private static MemoryStorage Write(LogCodec codec)
    {
        var storage = new MemoryStorage();
        using var writer = new LogWriter(storage, new LogOptions { Codec = codec, SegmentRawBytes = 100 }, SampleLog.Identity, SampleLog.Catalogue);
        var journal = new Journal(writer, SampleLog.Catalogue, blockBytes: 60);
        int name = journal.Intern("libc.so.6");
        for (int i = 0; i < 5; i++)
        {
            journal.TimePs = (i * 1_000_000) - (i == 3 ? 2_000_000 : 0);
            EventHeader take = journal.Emit(new TestTake(0x1000 + (i * 8), 3, 42), -1);
            journal.Emit(new TestRemark(-i), take.Sequence);
            journal.Emit(new TestGive(0x1000 + (i * 8)), take.Sequence);
        }
        journal.Emit(new TestEvery(long.MinValue, -32768, 65535, true, TestPlace.FarAway, 0x7FFF_FFFF_F000, name), 3);
        journal.Emit(new StateCheckpoint(0x0123_4567_89AB_CDEF), -1);
        journal.Complete();
        writer.Complete();
        return storage;
    }

    private static List<byte[]> Blocks(MemoryStorage storage) =>
        [.. LogStructure.Of(storage).Where(s => s.Block is not null).Select(s => storage[s.Segment][(int)s.Start..(int)s.End])];
}
