using Sim.Engine.Log;
using Sim.Engine.Replay;

namespace Sim.Engine.Tests.Log;

public class LogRecoveryTests
{
    private static readonly List<string> All = Events(SampleLog.WriteSmall());

    /// <summary>The process dies at any byte of the log: what is left is a prefix, and is neither called damaged nor complete.</summary>
    [Theory]
    [InlineData(LogCodec.None)]
    [InlineData(LogCodec.Snappy)]
    public void CutAnywhere_APrefixRemains(LogCodec codec)
    {
        MemoryStorage whole = SampleLog.WriteSmall(codec);
        string[] names = [.. whole.Names];
        List<LogStructure> structures = LogStructure.Of(whole);
        for (int segment = 0; segment < names.Length; segment++)
        {
            byte[] bytes = whole[names[segment]];
            for (int length = 0; length < bytes.Length; length++)
            {
                var cut = new MemoryStorage();
                for (int i = 0; i < segment; i++)
                {
                    cut[names[i]] = whole[names[i]];
                }
                cut[names[segment]] = bytes[..length];
                LogReport report = LogVerifier.Verify(cut);
                string where = $"segment {segment} cut to {length} bytes: {report.Status} {string.Join("; ", report.Damage)}";
                Assert.True(report.Status == LogStatus.Incomplete && report.Unfinished.Length > 0, where);
                long blocks = structures.Count(s => s.Segment == names[segment] && s.Block is not null && s.End <= length);
                Assert.True(report.Events == ExpectedEvents(whole, segment, blocks), where);
                if (segment == 0 && length < structures[0].End)
                {
                    Assert.Throws<CorruptLogException>(() => LogReader.Open(cut));
                    continue;
                }
                Assert.Equal(All[..(int)report.Events], Events(cut));
                RecoveryPlan plan = LogRecovery.Examine(cut);
                Assert.True(plan.IsTornTail && plan.What.Length > 0, where);
                Assert.Equal((report.Events, report.ChainHash), (plan.Events, plan.ChainHash));
            }
        }
    }

    [Fact]
    public void AMiddleSegmentCutAnywhere_IsDamage_AndRepairKeepsThePrefix()
    {
        MemoryStorage whole = SampleLog.WriteSmall();
        string name = whole.Names.ElementAt(1);
        byte[] bytes = whole[name];
        for (int length = 0; length < bytes.Length; length += 7)
        {
            MemoryStorage cut = whole.Copy();
            cut[name] = bytes[..length];
            LogReport report = LogVerifier.Verify(cut);
            Assert.Equal(LogStatus.Corrupt, report.Status);
            Assert.Equal(name, report.Damage[0].Segment);
            RecoveryPlan plan = LogRecovery.Examine(cut);
            Assert.False(plan.IsTornTail);
            AssertRepairs(cut, plan);
        }
    }

    [Fact]
    public void RepairedLogs_AreSoundPrefixes()
    {
        MemoryStorage whole = SampleLog.WriteSmall();
        foreach (LogStructure structure in LogStructure.Of(whole).Skip(1))
        {
            MemoryStorage damaged = whole.Copy();
            byte[] bytes = damaged[structure.Segment];
            bytes[structure.Start + 9] ^= 4;
            damaged[structure.Segment] = bytes;
            AssertRepairs(damaged, LogRecovery.Examine(damaged));
        }
        var same = new MemoryStorage();
        LogRecovery.RepairInto(whole, same);
        Assert.All(whole.Names, name => Assert.Equal(whole[name], same[name]));
        Assert.Throws<IOException>(() => LogRecovery.RepairInto(whole, same));
    }

    [Fact]
    public void ATornTail_MayBeCutOff_OnlyIfNothingSoundFollows()
    {
        MemoryStorage whole = SampleLog.WriteSmall();
        string name = whole.Names.Last();
        List<LogStructure> structures = [.. LogStructure.Of(whole).Where(s => s.Segment == name)];
        byte[] unsealed = whole[name][..(int)structures[^1].Start];

        byte[] torn = [.. unsealed];
        torn[structures[^2].Start + 120] ^= 1;
        MemoryStorage storage = whole.Copy();
        storage[name] = torn;
        Assert.True(LogRecovery.Examine(storage).IsTornTail);
        Assert.Equal(LogStatus.Corrupt, LogVerifier.Verify(storage).Status);
        using (LogReader reader = LogReader.Open(storage))
        {
            Assert.Equal(LogEnd.Open, reader.End);
            Assert.Contains("CRC", reader.Unread, StringComparison.Ordinal);
        }

        byte[] inside = [.. unsealed];
        inside[structures[^3].Start + 120] ^= 1;
        storage[name] = inside;
        Assert.False(LogRecovery.Examine(storage).IsTornTail);
        var e = Assert.Throws<CorruptLogException>(() => LogReader.Open(storage));
        Assert.Equal((name, structures[^3].Block, structures[^3].Start), (e.Segment, e.Block, e.Offset));

        byte[] zeroes = [.. unsealed, .. new byte[4096]];
        storage[name] = zeroes;
        Assert.True(LogRecovery.Examine(storage).IsTornTail);
        using LogReader prefix = LogReader.Open(storage);
        Assert.Equal(120, prefix.Events);
    }

    private static void AssertRepairs(MemoryStorage damaged, RecoveryPlan plan)
    {
        var repaired = new MemoryStorage();
        Assert.Equal(plan.Events, LogRecovery.RepairInto(damaged, repaired).Events);
        LogReport report = LogVerifier.Verify(repaired);
        Assert.Equal((LogStatus.Incomplete, "the run was interrupted"), (report.Status, report.Unfinished));
        Assert.Equal((plan.Events, plan.ChainHash), (report.Events, report.ChainHash));
        Assert.Equal(All[..(int)plan.Events], Events(repaired));
        Assert.All(repaired.Names, name => Assert.EndsWith(LogFormat.Extension, name, StringComparison.Ordinal));
    }

    private static long ExpectedEvents(MemoryStorage whole, int segment, long blocks)
    {
        using LogReader reader = LogReader.Open(whole);
        ReadOnlySpan<BlockIndexEntry> index = reader.Index(segment);
        return blocks < index.Length ? index[(int)blocks].FirstSequence
            : segment + 1 < reader.SegmentCount ? reader.Index(segment + 1)[0].FirstSequence
            : reader.Events;
    }

    private static List<string> Events(MemoryStorage storage)
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
