using Sim.Engine.Log;
using Sim.Engine.Replay;

namespace Sim.Engine.Tests.Log;

/// <summary>A run of 120 events whose log is written, gone on with and read on any storage: what a host does, in small.</summary>
public static class SmallRun
{
    public const int Events = 120;

    private static readonly List<RawBlock> Blocks = SampleLog.SmallBlocks(Events);

    private static readonly List<string> All = ReadAll(SampleLog.WriteSmall());

    /// <summary>The log of an uninterrupted run.</summary>
    public static MemoryStorage Whole(LogCodec codec = LogCodec.Snappy) => SampleLog.WriteSmall(codec);

    public static LogOptions Options(LogCodec codec = LogCodec.Snappy, LogDurability durability = LogDurability.Seal) =>
        new() { Codec = codec, SegmentRawBytes = SampleLog.SmallSegmentBytes, Durability = durability };

    public static LogWriter Start(ILogStorage storage, LogDurability durability = LogDurability.Seal) =>
        new(storage, Options(durability: durability), SampleLog.Identity, SampleLog.SmallCatalogue);

    public static LogWriter Resume(ILogStorage storage, LogDurability durability = LogDurability.Seal, LogCodec codec = LogCodec.Snappy) =>
        LogWriter.Resume(storage, Options(codec, durability), SampleLog.Identity, SampleLog.SmallCatalogue);

    /// <summary>Hands over what the log lacks, and completes it.</summary>
    public static void Finish(LogWriter writer)
    {
        foreach (RawBlock block in Missing(writer.Resumed))
        {
            writer.Submit(Copy(block));
        }
        writer.Complete();
    }

    /// <summary>
    /// Starts or resumes the run and goes on until it is complete or the log fails. A writer that failed must go on failing.
    /// </summary>
    /// <param name="promised">What the last writer promised to keep; the writer's own promise when there was one.</param>
    /// <returns>The failure; null for a complete log.</returns>
    /// <exception cref="CorruptLogException">The log is damaged, and was not resumed.</exception>
    public static LogWriteException? TryFinish(ILogStorage storage, LogDurability durability, bool resume, ref long promised)
    {
        LogWriter writer;
        try
        {
            writer = resume ? Resume(storage, durability) : Start(storage, durability);
        }
        catch (LogWriteException e)
        {
            return e;
        }
        catch (LogCompleteException)
        {
            return null;
        }
        using (writer)
        {
            try
            {
                Finish(writer);
                promised = writer.DurableSequence;
                return null;
            }
            catch (LogWriteException e)
            {
                promised = e.LastDurableSequence;
                Assert.Equal(promised, writer.DurableSequence);
                Assert.Same(e, Assert.Throws<LogWriteException>(() => writer.Submit(Copy(Blocks[^1]))));
                Assert.Same(e, Assert.Throws<LogWriteException>(() => writer.Complete()));
                return e;
            }
        }
    }

    /// <summary>The blocks that a re-execution would hand over: those after the log's last whole one.</summary>
    public static IEnumerable<RawBlock> Missing(ResumePoint? point)
    {
        long end = point?.End.NextSequence ?? 0;
        bool isWhole = end == 0 || Blocks.Any(b => b.FirstSequence + b.Count == end);
        long from = isWhole ? end : point!.LastBlock!.Value.NextSequence;
        return Blocks.Where(b => b.FirstSequence >= from);
    }

    /// <summary>A copy of a block; the writer keeps the array it is given.</summary>
    public static RawBlock Copy(RawBlock block) => block with { Payload = [.. block.Payload] };

    /// <summary>Asserts that what a reader finds is a prefix of the run's events; returns how many.</summary>
    public static int AssertPrefix(ILogStorage storage, string what)
    {
        List<string> found = ReadAll(storage);
        Assert.True(found.Count <= All.Count && found.SequenceEqual(All[..found.Count]), $"{what}: not a prefix");
        return found.Count;
    }

    public static void AssertSame(MemoryStorage expected, MemoryStorage actual, string what)
    {
        Assert.True(expected.Names.SequenceEqual(actual.Names), $"{what}: {string.Join(' ', actual.Names)}");
        foreach (string name in expected.Names)
        {
            Assert.True(expected[name].AsSpan().SequenceEqual(actual[name]), $"{what}: {name} differs");
        }
    }

    private static List<string> ReadAll(ILogStorage storage)
    {
        using LogReader reader = LogReader.Open(storage);
        var cursor = new EventCursor(reader);
        var events = new List<string>();
        while (cursor.MoveNext())
        {
            events.Add($"{cursor.Header} {cursor.Values[0]}");
        }
        return events;
    }
}
