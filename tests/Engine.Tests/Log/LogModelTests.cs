using FsCheck;
using FsCheck.Fluent;
using Sim.Engine.Events;
using Sim.Engine.Log;
using Sim.Engine.Random;
using Sim.Engine.Replay;

namespace Sim.Engine.Tests.Log;

/// <summary>
/// A run is started, interrupted, killed, cut off from power, resumed and read from anywhere, in any order. The model is
/// the plain list of its events: the log holds the first so many of them, never fewer than it promised.
/// </summary>
public class LogModelTests
{
    private const int TotalEvents = 900, BlockBytes = 300;

    private static readonly List<string> Model = [];

    private static readonly List<RawBlock> AllBlocks = Blocks(TotalEvents, Model);

    private static readonly int Cases = Environment.GetEnvironmentVariable("SIM_LONG_TESTS") == "1" ? 10_000 : 150;

    [Fact]
    public void AnyCourseOfEvents_KeepsAPrefix_AndEndsAsTheSameLog() => Prop.ForAll(
        ArbMap.Default.ArbFor<int[]>(),
        operations => Holds(operations))
        .Check(Config.QuickThrowOnFailure.WithMaxTest(Cases));

    private enum Ending { Provisional, Killed, PowerCut, CrashAtAnOperation }

    private static bool Holds(int[] operations)
    {
        var options = new LogOptions
        {
            Codec = operations.Length % 2 == 0 ? LogCodec.None : LogCodec.Snappy,
            Durability = (LogDurability)(operations.Length / 2 % 4),
            SegmentRawBytes = 200 + operations.Length * 97 % 3000,
        };
        var disk = new SimulatedDisk();
        long promised = -1;
        foreach (int operation in operations)
        {
            var random = new RandomStream((ulong)operation, "model");
            if (random.NextBelow(4) == 0)
            {
                AssertReadsFrom(disk, (long)random.NextBelow(TotalEvents), promised, options.Durability != LogDurability.Block);
                continue;
            }
            int more = (int)random.NextBelow(250);
            var ending = (Ending)random.NextBelow(4);
            disk.Fault = ending == Ending.CrashAtAnOperation ? new DiskFault(DiskFailure.Crash, 1 + (int)random.NextBelow(40)) : null;
            if (!GoOn(ref disk, options, more, ending, ref promised))
            {
                return true;
            }
            if (ending == Ending.Provisional)
            {
                Assert.Equal(promised + 1, AssertReadsFrom(disk, 0, promised, mayBeRefused: false));
                continue;
            }
            bool powerCut = ending == Ending.PowerCut || (ending == Ending.CrashAtAnOperation && random.NextBelow(2) == 0);
            disk = powerCut ? disk.AfterPowerCut(random) : disk.AfterKill();
            promised = powerCut && options.Durability is LogDurability.None or LogDurability.Flush ? -1 : promised;
        }
        if (!GoOn(ref disk, options, Model.Count, null, ref promised))
        {
            return true;
        }
        var expected = new MemoryStorage();
        using (var writer = new LogWriter(expected, options, SampleLog.Identity, SampleLog.Catalogue))
        {
            Submit(writer, AllBlocks, 0);
            writer.Complete();
        }
        SmallRun.AssertSame(expected, disk.Files(), "the finished log");
        return true;
    }

    // False when damage was found that only a power cut and weak durability explain; the course ends there.
    private static bool GoOn(ref SimulatedDisk disk, LogOptions options, int more, Ending? ending, ref long promised)
    {
        try
        {
            using LogWriter writer = LogWriter.Resume(disk, options, SampleLog.Identity, SampleLog.Catalogue);
            Assert.True(writer.Resumed!.End.NextSequence > promised, $"{promised} was promised, the log ends before {writer.Resumed.End.NextSequence}");
            int end = (int)Math.Min(TotalEvents, writer.Resumed.End.NextSequence + more);
            List<RawBlock> blocks = ending is null ? AllBlocks : ending == Ending.Provisional ? Blocks(end, model: null) : [.. AllBlocks.Where(b => b.FirstSequence + b.Count <= end)];
            try
            {
                Submit(writer, blocks, FirstMissing(writer.Resumed));
                if (ending is null or Ending.Provisional)
                {
                    writer.Complete(provisional: ending is not null);
                }
            }
            finally
            {
                writer.Dispose();
                promised = writer.DurableSequence;
            }
            return true;
        }
        catch (LogWriteException) when (ending == Ending.CrashAtAnOperation)
        {
            return true;
        }
        catch (CorruptLogException) when (options.Durability != LogDurability.Block)
        {
            disk.Fault = null;
            var repaired = new SimulatedDisk();
            try
            {
                Assert.True(LogRecovery.RepairInto(disk, repaired).Events > promised);
            }
            catch (CorruptLogException)
            {
                Assert.True(promised < 0);
                return false;
            }
            disk = repaired;
            return GoOn(ref disk, options, more, ending is Ending.CrashAtAnOperation ? Ending.Killed : ending, ref promised);
        }
    }

    private static long FirstMissing(ResumePoint point) =>
        point.End.NextSequence == 0 || AllBlocks.Any(b => b.FirstSequence + b.Count == point.End.NextSequence)
            ? point.End.NextSequence
            : point.LastBlock!.Value.NextSequence;

    private static void Submit(LogWriter writer, List<RawBlock> blocks, long from)
    {
        foreach (RawBlock block in blocks.Where(b => b.FirstSequence >= from))
        {
            writer.Submit(SmallRun.Copy(block));
        }
    }

    private static int AssertReadsFrom(SimulatedDisk disk, long first, long promised, bool mayBeRefused)
    {
        LogReader reader;
        try
        {
            reader = LogReader.Open(disk);
        }
        catch (FileNotFoundException)
        {
            Assert.True(promised < 0, $"{promised} was promised, there is no log");
            return 0;
        }
        catch (CorruptLogException e)
        {
            Assert.True(mayBeRefused, e.Message);
            Assert.True(promised < 0 || LogRecovery.Examine(disk).Events > promised);
            return 0;
        }
        using (reader)
        {
            Assert.True(reader.LastSequence >= promised);
            var cursor = new EventCursor(reader);
            cursor.Seek(first);
            var expected = Model.Skip((int)first).Take((int)(reader.Events - first)).ToList();
            var found = new List<string>();
            while (cursor.MoveNext())
            {
                found.Add($"{cursor.Header} {string.Join(' ', cursor.Values.ToArray())} {cursor.SymbolName}");
            }
            Assert.Equal(expected, found);
            return (int)reader.Events;
        }
    }

    private static List<RawBlock> Blocks(int events, List<string>? model)
    {
        var recorder = new RecordingSink(new NullBlockSink());
        var journal = new Journal(recorder, SampleLog.Catalogue, blockBytes: BlockBytes);
        SampleLog.Emit(journal, events);
        journal.Complete();
        List<RawBlock> blocks = recorder.Blocks;
        if (model is not null)
        {
            var storage = new MemoryStorage();
            using (var writer = new LogWriter(storage, new LogOptions(), SampleLog.Identity, SampleLog.Catalogue))
            {
                Submit(writer, blocks, 0);
                writer.Complete();
            }
            using LogReader reader = LogReader.Open(storage);
            var cursor = new EventCursor(reader);
            while (cursor.MoveNext())
            {
                model.Add($"{cursor.Header} {string.Join(' ', cursor.Values.ToArray())} {cursor.SymbolName}");
            }
        }
        return blocks;
    }
}
