using Sim.Engine.Log;
using Sim.Engine.Replay;

namespace Sim.Engine.Tests.Log;

/// <summary>
/// A three-segment log is damaged in every way that a disk, a copy or a person may think of. Verification always finds
/// it; a reader gives the true events or a typed error; recovery gives a prefix or refuses; nothing large is allocated.
/// </summary>
public class LogDamageTests
{
    private const int SectorBytes = 512, MostBytesAllocated = 1_000_000;

    private static readonly List<string> All = Events(SmallRun.Whole());

    [Theory]
    [InlineData(LogCodec.None)]
    [InlineData(LogCodec.Snappy)]
    public void EveryFlippedBit_IsFound_AndNeverRead(LogCodec codec)
    {
        MemoryStorage storage = SmallRun.Whole(codec);
        foreach (LogStructure structure in LogStructure.Of(storage))
        {
            byte[] bytes = storage[structure.Segment];
            for (long at = structure.Start; at < structure.End; at++)
            {
                for (int bit = 0; bit < 8; bit++)
                {
                    bytes[at] ^= (byte)(1 << bit);
                    storage[structure.Segment] = bytes;
                    string what = $"{codec}, bit {bit} of byte {at} in {structure}";
                    bool refused = AssertFound(storage, what);
                    // A footer says nothing that its blocks do not say: without the last one all events are still read.
                    Assert.True(refused || (structure.Block is null && structure.Start > 0), $"{what} was read");
                    bytes[at] ^= (byte)(1 << bit);
                }
            }
            storage[structure.Segment] = bytes;
        }
    }

    [Theory]
    [InlineData(LogCodec.None)]
    [InlineData(LogCodec.Snappy)]
    public void SectorsZeroedFilledOrSwapped_AreFound(LogCodec codec)
    {
        MemoryStorage storage = SmallRun.Whole(codec);
        foreach (string name in storage.Names.ToArray())
        {
            byte[] intact = storage[name];
            int sectors = (intact.Length + SectorBytes - 1) / SectorBytes;
            for (int i = 0; i < sectors; i++)
            {
                foreach (byte fill in (byte[])[0x00, 0xFF])
                {
                    byte[] bytes = [.. intact];
                    Sector(bytes, i).Fill(fill);
                    Try(storage, name, bytes, intact, $"{name}: sector {i} filled with {fill}");
                }
                for (int j = 0; j < i; j++)
                {
                    byte[] bytes = [.. intact];
                    int count = Math.Min(Sector(bytes, i).Length, Sector(bytes, j).Length);
                    Sector(intact, i)[..count].CopyTo(Sector(bytes, j));
                    Sector(intact, j)[..count].CopyTo(Sector(bytes, i));
                    Try(storage, name, bytes, intact, $"{name}: sectors {i} and {j} swapped");
                }
            }
        }

        static Span<byte> Sector(byte[] bytes, int number) =>
            bytes.AsSpan(number * SectorBytes, Math.Min(SectorBytes, bytes.Length - number * SectorBytes));
    }

    [Theory]
    [InlineData(LogCodec.None)]
    [InlineData(LogCodec.Snappy)]
    public void BlocksDuplicatedMovedDroppedOrFromAnotherRun_AreFound(LogCodec codec)
    {
        MemoryStorage storage = SmallRun.Whole(codec);
        MemoryStorage other = SampleLog.WriteSmall(codec, valueStep: 11);
        List<LogStructure> structures = LogStructure.Of(storage), others = LogStructure.Of(other);
        foreach (string name in storage.Names.ToArray())
        {
            byte[] intact = storage[name];
            List<byte[]> parts = [.. structures.Where(s => s.Segment == name).Select(s => intact[(int)s.Start..(int)s.End])];
            for (int i = 1; i < parts.Count - 1; i++)
            {
                Try([.. parts[..i], .. parts[(i + 1)..]], $"block {i - 1} dropped");
                for (int j = 1; j < parts.Count; j++)
                {
                    Try([.. parts[..j], parts[i], .. parts[j..]], $"block {i - 1} again before part {j}");
                }
                foreach (LogStructure foreign in others.Where(s => s.Block is not null))
                {
                    byte[] block = other[foreign.Segment][(int)foreign.Start..(int)foreign.End];
                    Try([.. parts[..i], block, .. parts[(i + 1)..]], $"block {i - 1} is {foreign} of another run");
                }
            }

            void Try(List<byte[]> changed, string what) =>
                LogDamageTests.Try(storage, name, [.. changed.SelectMany(p => p)], intact, $"{codec}, {name}: {what}");
        }
    }

    [Fact]
    public void SegmentsMissingRenamedOrOfTwoLogsInterleaved_AreFound()
    {
        MemoryStorage whole = SmallRun.Whole();
        MemoryStorage twin = SampleLog.WriteSmall(valueStep: 11);
        string[] names = [.. whole.Names];
        for (int mask = 1; mask < (1 << names.Length) - 1; mask++)
        {
            MemoryStorage mixed = whole.Copy(), sparse = whole.Copy();
            for (int i = 0; i < names.Length; i++)
            {
                if ((mask >> i & 1) != 0)
                {
                    mixed[names[i]] = twin[names[i]];
                    sparse.Remove(names[i]);
                }
            }
            Assert.Equal(LogStatus.Corrupt, LogVerifier.Verify(mixed).Status);
            AssertTyped(mixed, $"segments {mask:b} of another run", events => IsPrefixOfEither(events, twin));
            Assert.NotEqual(LogStatus.Complete, LogVerifier.Verify(sparse).Status);
            AssertTyped(sparse, $"segments {mask:b} missing", IsPrefix);
        }
        foreach (string name in names)
        {
            foreach (long sequence in (long[])[1, 39, 41, 79, 81, 119, 120, 121, long.MaxValue])
            {
                MemoryStorage renamed = whole.Copy();
                renamed.Rename(name, LogFormat.SegmentName(sequence));
                Assert.True(LogVerifier.Verify(renamed).Status == LogStatus.Corrupt, $"{name} renamed to {sequence}");
                AssertTyped(renamed, $"{name} renamed to {sequence}", IsPrefix);
            }
        }
    }

    [Fact]
    public void TwoLogsBlockByBlock_AreFound()
    {
        foreach (LogCodec codec in Enum.GetValues<LogCodec>())
        {
            MemoryStorage whole = SmallRun.Whole(codec), twin = SampleLog.WriteSmall(codec, valueStep: 11);
            foreach (string name in whole.Names)
            {
                List<byte[]> ours = Parts(whole, name), theirs = Parts(twin, name);
                var mixed = new List<byte[]>();
                for (int i = 0; i < ours.Count; i++)
                {
                    mixed.Add(i % 2 == 0 ? ours[i] : theirs[i]);
                }
                MemoryStorage alternating = whole.Copy();
                alternating[name] = [.. mixed.SelectMany(p => p)];
                Assert.Equal(LogStatus.Corrupt, LogVerifier.Verify(alternating).Status);
                List<string> theirEvents = Events(twin);
                AssertTyped(alternating, $"{codec}, {name} alternating", events => events.Select((e, i) => e == All[i] || e == theirEvents[i]).All(e => e));
                Try(whole.Copy(), name, [.. ours.Concat(theirs).SelectMany(p => p)], whole[name], $"{codec}, {name} twice");
            }
        }

        static List<byte[]> Parts(MemoryStorage storage, string name) =>
            [.. LogStructure.Of(storage).Where(s => s.Segment == name).Select(s => storage[name][(int)s.Start..(int)s.End])];
    }

    private static void Try(MemoryStorage storage, string name, byte[] changed, byte[] intact, string what)
    {
        if (changed.AsSpan().SequenceEqual(intact))
        {
            return;
        }
        storage[name] = changed;
        AssertFound(storage, what);
        storage[name] = intact;
    }

    // Returns whether reading was refused.
    private static bool AssertFound(MemoryStorage storage, string what)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        LogReport report = LogVerifier.Verify(storage);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < MostBytesAllocated, what);
        Assert.True(report.Status == LogStatus.Corrupt, $"{what}: {report.Status} {report.Unfinished}");
        return AssertTyped(storage, what, IsPrefix);
    }

    private static bool AssertTyped(MemoryStorage storage, string what, Func<List<string>, bool> isSound)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        RecoveryPlan? plan = null;
        try
        {
            plan = LogRecovery.Examine(storage);
        }
        catch (CorruptLogException)
        {
        }
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < MostBytesAllocated, what);
        bool refused = false;
        var events = new List<string>();
        try
        {
            Read(storage, events);
        }
        catch (CorruptLogException)
        {
            refused = true;
        }
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 2 * MostBytesAllocated, what);
        Assert.True(isSound(events), $"{what}: events that were never logged, or a hole");
        Assert.True(plan is null || plan.Events <= All.Count, what);
        // A tail may be cut off unasked only where a reader ignores it, too.
        Assert.True(plan is not { IsTornTail: true } || !refused || events.Count >= plan.Events, what);
        return refused;
    }

    private static bool IsPrefix(List<string> events) => events.Count <= All.Count && events.SequenceEqual(All[..events.Count]);

    private static bool IsPrefixOfEither(List<string> events, MemoryStorage twin) =>
        IsPrefix(events) || (Events(twin) is { } theirs && events.SequenceEqual(theirs[..events.Count]));

    private static List<string> Events(MemoryStorage storage)
    {
        var events = new List<string>();
        Read(storage, events);
        return events;
    }

    private static void Read(MemoryStorage storage, List<string> events)
    {
        using LogReader reader = LogReader.Open(storage);
        var cursor = new EventCursor(reader);
        while (cursor.MoveNext())
        {
            events.Add($"{cursor.Header} {cursor.Values[0]}");
        }
    }
}
