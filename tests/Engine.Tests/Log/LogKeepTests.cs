using Sim.Engine.Log;
using Sim.Engine.Random;
using Sim.Engine.Replay;

namespace Sim.Engine.Tests.Log;

/// <summary>Logs whose old segments are dropped as they grow: the hashes stay, and the segments can be made again.</summary>
public class LogKeepTests
{
    private static readonly MemoryStorage Whole = SmallRun.Whole();

    [Theory]
    [InlineData(null, 0)]
    [InlineData(0L, 2)]
    [InlineData(1L, 2)]
    [InlineData(45L, 1)]
    [InlineData(90L, 0)]
    [InlineData(5000L, 0)]
    public void TheTailStays_AndVerifies_WithTheChainOfTheWholeLog(long? tail, int dropped)
    {
        MemoryStorage kept = Write(new LogKeep(tail));
        Assert.Equal(dropped, kept.Names.Count(n => n.EndsWith(LogFormat.HashesExtension, StringComparison.Ordinal)));
        Assert.Equal(3, kept.Names.Count());
        LogReport report = LogVerifier.Verify(kept), whole = LogVerifier.Verify(Whole);
        Assert.Equal((LogStatus.Complete, whole.Events, whole.ChainHash), (report.Status, report.Events, report.ChainHash));
        Assert.Equal(Whole.Names.Take(dropped), report.Dropped);

        using LogReader reader = LogReader.Open(kept), full = LogReader.Open(Whole);
        var buffer = new BlockBuffer();
        for (int segment = 0; segment < full.SegmentCount; segment++)
        {
            Assert.True(full.Index(segment).SequenceEqual(reader.Index(segment)));
            if (segment < dropped)
            {
                var e = Assert.Throws<DroppedSegmentException>(() => reader.Read(new BlockAddress(segment, 0), buffer));
                Assert.Equal((LogFormat.SegmentName(full.Index(segment)[0].FirstSequence), full.Index(segment)[0].FirstSequence), (e.Segment, e.FirstSequence));
                Assert.True(tail is null || e.LastSequence < SmallRun.Events - tail);
            }
            else
            {
                reader.Read(new BlockAddress(segment, 0), buffer);
            }
        }
    }

    [Fact]
    public void ADroppedSegment_IsMadeAgain_AndReadAsBefore()
    {
        MemoryStorage kept = Write(LogKeep.Hashes);
        var cache = new MemoryStorage();
        using (LogReader reader = LogReader.Open(kept))
        {
            reader.Source = new RunAgain(cache);
            var cursor = new EventCursor(reader);
            for (int i = 0; i < SmallRun.Events; i++)
            {
                Assert.True(cursor.MoveNext());
                Assert.Equal(i, cursor.Header.Sequence);
            }
        }
        Assert.Equal(Whole.Names.SkipLast(1), cache.Names);
        Assert.All(cache.Names, name => Assert.Equal(Whole[name], cache[name]));
    }

    [Fact]
    public void ASegmentThatComesOutDifferent_IsRefused()
    {
        MemoryStorage kept = Write(LogKeep.Hashes);
        using SegmentFile left = SegmentFile.Open(kept, 0);
        SegmentHeader header = left.ReadHeader(out int headerBytes);
        SegmentFooter footer = DroppedSegment.ReadFooter(left, header, headerBytes);
        var cache = new MemoryStorage();
        using (var rebuilder = new SegmentRebuilder(cache, header, footer))
        {
            RawBlock block = SmallRun.Copy(SampleLog.SmallBlocks(SmallRun.Events)[0]);
            block.Payload[block.Length - 1] ^= 1;
            Assert.Throws<SegmentDivergedException>(() => rebuilder.Submit(in block));
            Assert.Throws<InvalidOperationException>(rebuilder.Finish);
        }
        Assert.DoesNotContain(LogFormat.SegmentName(0), cache.Names);
    }

    [Fact]
    public void EveryBitOfWhatIsLeft_IsChecked()
    {
        MemoryStorage kept = Write(LogKeep.Hashes);
        foreach (string name in kept.Names.Take(2).ToArray())
        {
            byte[] bytes = kept[name];
            for (int at = 0; at < bytes.Length; at++)
            {
                for (int bit = 0; bit < 8; bit++)
                {
                    bytes[at] ^= (byte)(1 << bit);
                    kept[name] = bytes;
                    LogReport report = LogVerifier.Verify(kept);
                    Assert.True(report.Status == LogStatus.Corrupt && report.Damage[0].Segment == name, $"bit {bit} of byte {at} of {name}: {report.Status}");
                    bytes[at] ^= (byte)(1 << bit);
                }
            }
            kept[name] = bytes[..^1];
            Assert.Equal(LogStatus.Corrupt, LogVerifier.Verify(kept).Status);
            kept[name] = bytes;
        }
        kept.Remove(kept.Names.First());
        Assert.Equal(LogStatus.Corrupt, LogVerifier.Verify(kept).Status);
    }

    /// <summary>At every operation the process is killed or the power goes: nothing but what was to be dropped is missing, ever.</summary>
    [Theory]
    [InlineData(false, 45, LogDurability.Block)]
    [InlineData(true, 45, LogDurability.Block)]
    [InlineData(false, 0, LogDurability.Flush)]
    [InlineData(true, 0, LogDurability.Block)]
    [InlineData(true, 0, LogDurability.Seal)]
    public void CrashAtEveryOperation_NoEventIsLostThatWasToBeKept_AndTheResumedLogIsTheSame(bool powerCut, long tail, LogDurability durability)
    {
        LogOptions options = Options(LogKeep.Tail(tail)) with { Durability = durability };
        MemoryStorage expected = Write(options.Keep);
        for (int n = 1; ; n++)
        {
            var disk = new SimulatedDisk { Fault = new DiskFault(DiskFailure.Crash, n) };
            if (TryRun(disk, options, resume: false))
            {
                Assert.True(n > 20);
                break;
            }
            for (int seed = 0; seed < (powerCut ? 4 : 1); seed++)
            {
                SimulatedDisk after = powerCut ? disk.AfterPowerCut(new RandomStream((ulong)(n * 10 + seed), "keep")) : disk.AfterKill();
                try
                {
                    Assert.True(TryRun(after, options, resume: true));
                }
                catch (CorruptLogException) when (durability == LogDurability.Seal)
                {
                    // A power cut may leave a hole in the open segment, which is to be repaired first.
                    continue;
                }
                MemoryStorage files = after.Files();
                // What was being written when it crashed may be left beside the log.
                foreach (string temporary in files.Names.Where(f => f.EndsWith(".tmp", StringComparison.Ordinal)).ToArray())
                {
                    files.Remove(temporary);
                }
                LogReport report = LogVerifier.Verify(files);
                Assert.Equal((LogStatus.Complete, 120L), (report.Status, report.Events));
                using LogReader reader = LogReader.Open(files);
                var cursor = new EventCursor(reader);
                cursor.Seek(SmallRun.Events - Math.Max(1, tail));
                Assert.True(cursor.MoveNext());
                foreach (string name in expected.Names)
                {
                    Assert.Equal(expected[name], files[name]);
                }
            }
        }
    }

    [Fact]
    public void RepairAndRecovery_CarryWhatIsLeftOfDroppedSegments()
    {
        MemoryStorage kept = Write(LogKeep.Tail(45));
        string last = kept.Names.Last();
        kept[last] = kept[last][..^100];
        var repaired = new MemoryStorage();
        RecoveryPlan plan = LogRecovery.RepairInto(kept, repaired);
        Assert.Equal(kept.Names, repaired.Names);
        LogReport report = LogVerifier.Verify(repaired);
        Assert.Equal((LogStatus.Incomplete, plan.Events, plan.ChainHash, 1), (report.Status, report.Events, report.ChainHash, report.Dropped.Count));
    }

    /// <summary>Damage of one file behind dropped segments: what precedes it is copied, the dropped ones as their hashes.</summary>
    [Theory]
    [InlineData(45)]
    [InlineData(0)]
    public void Repair_OfALogWithDroppedSegments_KeepsWhatPrecedesTheDamage(long tail)
    {
        MemoryStorage kept = Write(LogKeep.Tail(tail));
        string[] names = [.. kept.Names];
        using LogReader whole = LogReader.Open(Whole);
        for (int damaged = 0; damaged < names.Length; damaged++)
        {
            for (int at = 5; at < kept[names[damaged]].Length; at += 97)
            {
                MemoryStorage flipped = kept.Copy();
                byte[] bytes = flipped[names[damaged]];
                bytes[at] ^= 0x10;
                flipped[names[damaged]] = bytes;
                string what = $"byte {at} of {names[damaged]}";
                var repaired = new MemoryStorage();
                RecoveryPlan plan;
                try
                {
                    plan = LogRecovery.RepairInto(flipped, repaired);
                }
                catch (CorruptLogException)
                {
                    Assert.True(damaged == 0, what);
                    continue;
                }
                Assert.Equal(names.Take(damaged), repaired.Names.Take(damaged));
                // The last one that is copied may end with a footer of its own.
                Assert.All(names.Take(damaged - 1), n => Assert.Equal(kept[n], repaired[n]));
                Assert.Equal(names[damaged], plan.Lost!.Segment);
                LogReport report = LogVerifier.Verify(repaired);
                Assert.Equal((LogStatus.Incomplete, plan.Events, plan.ChainHash), (report.Status, report.Events, report.ChainHash));
                Assert.Equal(whole.LinkAfter(plan.Events - 1), plan.ChainHash);
                using (LogWriter writer = LogWriter.Resume(repaired, Options(LogKeep.Tail(tail)), SampleLog.Identity, SampleLog.SmallCatalogue))
                {
                    SmallRun.Finish(writer);
                }
                SmallRun.AssertSame(kept, repaired, what);
            }
        }
    }

    [Fact]
    public void WhereOnlyHashesAreLeft_TheLogIsGoneOnWith()
    {
        MemoryStorage kept = Write(LogKeep.Hashes), cut = kept.Copy();
        cut.Remove(cut.Names.Last());
        using (LogWriter writer = LogWriter.Resume(cut, Options(LogKeep.Hashes), SampleLog.Identity, SampleLog.SmallCatalogue))
        {
            SmallRun.Finish(writer);
            Assert.Equal(cut.Names.Sum(n => (long)cut[n].Length), writer.BytesOnDisk);
        }
        SmallRun.AssertSame(kept, cut, "resumed behind dropped segments");
    }

    private static bool IsOfLog(string name) => name.EndsWith(LogFormat.Extension, StringComparison.Ordinal) || name.EndsWith(LogFormat.HashesExtension, StringComparison.Ordinal);

    private static LogOptions Options(LogKeep keep) => SmallRun.Options(durability: LogDurability.Block) with { Keep = keep };

    private static MemoryStorage Write(LogKeep keep)
    {
        var storage = new MemoryStorage();
        using var writer = new LogWriter(storage, Options(keep), SampleLog.Identity, SampleLog.SmallCatalogue);
        SmallRun.Finish(writer);
        return storage;
    }

    private static bool TryRun(SimulatedDisk disk, LogOptions options, bool resume)
    {
        try
        {
            using LogWriter writer = resume
                ? LogWriter.Resume(disk, options, SampleLog.Identity, SampleLog.SmallCatalogue)
                : new LogWriter(disk, options, SampleLog.Identity, SampleLog.SmallCatalogue);
            SmallRun.Finish(writer);
            Assert.Equal(disk.Files().Names.Where(IsOfLog).Sum(n => (long)disk.Files()[n].Length), writer.BytesOnDisk);
            return true;
        }
        catch (LogWriteException)
        {
            return false;
        }
        catch (LogCompleteException)
        {
            // It crashed behind the last byte of the log.
            return true;
        }
    }

    /// <summary>Makes segments again as a host does: it runs the run again, from its start, into a rebuilder.</summary>
    private sealed class RunAgain(MemoryStorage cache) : ISegmentSource
    {
        public ILogData Open(SegmentHeader header, SegmentFooter footer)
        {
            using (var rebuilder = new SegmentRebuilder(cache, header, footer))
            {
                foreach (RawBlock block in SampleLog.SmallBlocks(SmallRun.Events))
                {
                    rebuilder.Submit(in block);
                }
                Assert.True(rebuilder.IsComplete);
                rebuilder.Finish();
            }
            return cache.OpenRead(LogFormat.SegmentName(header.FirstSequence));
        }
    }
}
