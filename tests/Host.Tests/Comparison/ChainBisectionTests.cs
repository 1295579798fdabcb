using FsCheck;
using FsCheck.Fluent;
using Sim.Engine.Events;
using Sim.Engine.Log;
using Sim.Host.Comparison;
using Sim.Host.Tests.Runs;

namespace Sim.Host.Tests.Comparison;

/// <summary>Logs that part at a known event: it is found exactly, whatever their blocks, segments and codecs.</summary>
public sealed class ChainBisectionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private int _logs;

    public void Dispose() => _folder.Dispose();

    /// <summary>A log of events 0, 1, 2 …, which from one on are others.</summary>
    private sealed record Shape(int Events, int DiffersFrom, int SegmentRawBytes, LogCodec Codec);

    [Fact]
    public void AnyPointOfDivergenceIsFoundExactly()
    {
        Gen<Shape> shapes =
            from events in Gen.Choose(0, 4_000)
            from differs in Gen.Choose(0, 4_400)
            from segment in Gen.Choose(1, 20_000)
            from codec in Gen.Elements(LogCodec.None, LogCodec.Snappy)
            select new Shape(events, differs, segment, codec);
        Prop.ForAll(Arb.From(shapes), Arb.From(shapes), Arb.From(Gen.Choose(64, 4_096)), (left, right, blockBytes) =>
        {
            // Logs whose events differ in the same way from the same one on are equal as far as both go.
            bool alike = left.DiffersFrom == right.DiffersFrom;
            int shorter = Math.Min(left.Events, right.Events);
            int parted = alike ? shorter : Math.Min(shorter, Math.Min(left.DiffersFrom, right.DiffersFrom));
            bool equal = parted == left.Events && parted == right.Events;
            RunDifference difference = RunComparer.Compare(Write(left, blockBytes, 1), Write(right, blockBytes, alike ? 1 : 2), 3, default);
            Assert.Equal((equal, equal ? null : (long?)parted), (difference.AreEqual, difference.Sequence));
            Assert.Equal((!equal && parted < left.Events, !equal && parted < right.Events), (difference.Left.Count > 0, difference.Right.Count > 0));
            Assert.Equal(equal ? 0 : Math.Min(3, parted), difference.Common.Count);
            Assert.All(difference.Common.Select((e, i) => e.Sequence == parted - difference.Common.Count + i), Assert.True);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(60));
    }

    [Fact]
    public void EqualEventsInOtherBlocksAreEqual()
    {
        var shape = new Shape(3_000, 5_000, 10_000, LogCodec.None);
        RunDifference difference = RunComparer.Compare(Write(shape, 300, 1), Write(shape, 400, 1), 5, default);
        Assert.True(difference.AreEqual);
        difference = RunComparer.Compare(Write(shape, 300, 1), Write(shape with { DiffersFrom = 1_234 }, 400, 1), 5, default);
        Assert.Equal(1_234, difference.Sequence);
    }

    [Fact]
    public void OnlyTheBlocksAtTheDifferenceAreRead()
    {
        var shape = new Shape(60_000, 59_000, 100_000, LogCodec.None);
        string left = Write(shape, 1_000, 1), right = Write(shape, 1_000, 2);
        // All but the blocks near the difference are overwritten: nobody may have looked at them.
        foreach (string segment in new[] { left, right }.SelectMany(d => Directory.GetFiles(Path.Combine(d, "log"))))
        {
            Spoil(segment, before: 58_000);
        }
        Assert.Equal(59_000, RunComparer.Compare(left, right, 5, default).Sequence);
        var e = Assert.Throws<CommandException>(() => RunComparer.Compare(left, right, 5_000, default));
        Assert.Equal(ExitCode.CorruptLog, e.ExitCode);
        Assert.Contains($"{left}: the log is damaged: ", e.Message);
    }

    private static void Spoil(string path, long before)
    {
        byte[] bytes = File.ReadAllBytes(path);
        using LogReader log = LogReader.Open(Path.GetDirectoryName(path)!);
        for (int segment = 0; segment < log.SegmentCount; segment++)
        {
            foreach (BlockIndexEntry block in log.Index(segment))
            {
                bool here = Path.GetFileName(path) == LogFormat.SegmentName(log.Index(segment)[0].FirstSequence);
                if (here && block.FirstSequence < before)
                {
                    bytes[block.Offset + BlockHeader.Size] ^= 0xFF;
                }
            }
        }
        File.WriteAllBytes(path, bytes);
    }

    private string Write(Shape shape, int blockBytes, int way)
    {
        string directory = _folder[$"run-{_logs++}"];
        var catalogue = new EventCatalogue();
        var options = new LogOptions { Codec = shape.Codec, SegmentRawBytes = shape.SegmentRawBytes, Durability = LogDurability.None };
        using (LogWriter log = LogWriter.Create(Path.Combine(directory, "log"), options, new LogIdentity("run", "1", "config", 1), catalogue))
        {
            var journal = new Journal(log, catalogue, null, blockBytes);
            for (int i = 0; i < shape.Events; i++)
            {
                journal.TimePs += 1_000;
                journal.Emit(new StateCheckpoint(i < shape.DiffersFrom ? i : -(long)i * way), i % 10 == 0 ? -1 : i - 1);
            }
            journal.Complete();
            log.Complete();
        }
        File.WriteAllText(Path.Combine(directory, "config.effective.json"), "{}");
        return directory;
    }
}
