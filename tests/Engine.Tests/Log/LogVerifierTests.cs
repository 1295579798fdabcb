using Sim.Engine.Log;

namespace Sim.Engine.Tests.Log;

public class LogVerifierTests
{
    [Theory]
    [InlineData(LogCodec.None)]
    [InlineData(LogCodec.Snappy)]
    public void AnIntactLog_IsComplete(LogCodec codec)
    {
        MemoryStorage storage = SampleLog.WriteSmall(codec);
        Assert.Equal(3, storage.Names.Count());
        LogReport report = LogVerifier.Verify(storage);
        using LogReader reader = LogReader.Open(storage);
        Assert.Equal((LogStatus.Complete, true, 120L, reader.ChainHash, ""), (report.Status, report.Ok, report.Events, report.ChainHash, report.Unfinished));
        Assert.Empty(report.Damage);
    }

    [Fact]
    public void ALargeLog_IsComplete()
    {
        var storage = new MemoryStorage();
        SampleLog.Write(storage, 80_000, new LogOptions { SegmentRawBytes = 300_000 });
        LogReport report = LogVerifier.Verify(storage);
        Assert.Equal((LogStatus.Complete, 0), (report.Status, report.Damage.Count));
        Assert.InRange(report.Events, 80_000, 80_001);
    }

    [Fact]
    public void EveryBitFlip_IsFound_AndItsStructureNamed()
    {
        MemoryStorage storage = SampleLog.WriteSmall();
        foreach (LogStructure structure in LogStructure.Of(storage))
        {
            byte[] bytes = storage[structure.Segment];
            for (long at = structure.Start; at < structure.End; at++)
            {
                for (int bit = 0; bit < 8; bit++)
                {
                    bytes[at] ^= (byte)(1 << bit);
                    storage[structure.Segment] = bytes;
                    Expect(storage, structure, $"bit {bit} of byte {at}");
                    bytes[at] ^= (byte)(1 << bit);
                }
            }
            storage[structure.Segment] = bytes;
        }
    }

    [Theory]
    [InlineData(0x00)]
    [InlineData(0xFF)]
    public void EveryByteOverwritten_IsFound(byte value)
    {
        MemoryStorage storage = SampleLog.WriteSmall(LogCodec.None);
        foreach (LogStructure structure in LogStructure.Of(storage))
        {
            byte[] bytes = storage[structure.Segment];
            for (long at = structure.Start; at < structure.End; at++)
            {
                (byte old, bytes[at]) = (bytes[at], value);
                storage[structure.Segment] = bytes;
                if (old != value)
                {
                    Expect(storage, structure, $"byte {at} set to {value}");
                }
                bytes[at] = old;
            }
            storage[structure.Segment] = bytes;
        }
    }

    [Fact]
    public void ZeroedRanges_AreFound()
    {
        MemoryStorage storage = SampleLog.WriteSmall();
        foreach (string name in storage.Names.ToArray())
        {
            byte[] intact = storage[name];
            for (int start = 0; start < intact.Length; start += 61)
            {
                byte[] bytes = [.. intact];
                bytes.AsSpan(start, Math.Min(512, bytes.Length - start)).Clear();
                storage[name] = bytes;
                Assert.Equal(LogStatus.Corrupt, LogVerifier.Verify(storage).Status);
            }
            storage[name] = intact;
        }
    }

    [Fact]
    public void BlocksSwappedDuplicatedDroppedOrFromAnotherRun_AreFound()
    {
        MemoryStorage storage = SampleLog.WriteSmall(LogCodec.None);
        MemoryStorage other = SampleLog.WriteSmall(LogCodec.None, valueStep: 11);
        List<LogStructure> structures = [.. LogStructure.Of(storage).Where(s => s.Segment == storage.Names.ElementAt(1))];
        byte[] bytes = storage[structures[0].Segment];
        byte[] Part(LogStructure s, byte[] of) => of[(int)s.Start..(int)s.End];
        byte[] Join(IEnumerable<byte[]> parts) => [.. parts.SelectMany(p => p)];
        List<byte[]> parts = [.. structures.Select(s => Part(s, bytes))];

        Assert.Equal(0, Broken([parts[0], parts[2], parts[1], .. parts[3..]]).Block);
        Assert.Equal(1, Broken([parts[0], parts[1], parts[1], .. parts[2..]]).Block);
        Assert.Equal(1, Broken([parts[0], parts[1], .. parts[3..]]).Block);
        byte[] foreign = Part(structures[2], other[structures[0].Segment]);
        Assert.Equal(parts[2].Length, foreign.Length);
        Assert.Equal(1, Broken([parts[0], parts[1], foreign, .. parts[3..]]).Block);

        LogDamage Broken(IEnumerable<byte[]> changed)
        {
            storage[structures[0].Segment] = Join(changed);
            LogReport report = LogVerifier.Verify(storage);
            storage[structures[0].Segment] = bytes;
            Assert.Equal(LogStatus.Corrupt, report.Status);
            Assert.Equal(structures[0].Segment, report.Damage[0].Segment);
            return report.Damage[0];
        }
    }

    /// <summary>An event that was changed and whose CRCs were made right again: only the chain tells.</summary>
    [Fact]
    public void AnEventChangedUnderSoundChecksums_BreaksTheChain()
    {
        MemoryStorage storage = SampleLog.WriteSmall(LogCodec.None);
        foreach (LogStructure block in LogStructure.Of(storage).Where(s => s.Block is not null))
        {
            MemoryStorage changed = storage.Copy();
            byte[] bytes = changed[block.Segment];
            // The last byte of a payload is the value of its last event.
            bytes[block.End - 1] ^= 1;
            HostileLogTests.Seal(bytes.AsSpan((int)block.Start, (int)(block.End - block.Start)), block);
            changed[block.Segment] = bytes;
            LogDamage damage = LogVerifier.Verify(changed).Damage[0];
            Assert.Equal((block.Segment, block.Block, block.Start), (damage.Segment, damage.Block, damage.Offset));
            Assert.Contains("chain", damage.What, StringComparison.Ordinal);
            Assert.True(LogRecovery.Examine(changed).Events < SmallRun.Events);
        }
    }

    [Fact]
    public void SegmentsMissingRenamedSwappedOrExtended_AreFound()
    {
        string[] names = [.. SampleLog.WriteSmall().Names];
        Assert.Equal(LogStatus.Corrupt, After(s => s.Remove(names[0])).Status);
        Assert.Equal(LogStatus.Corrupt, After(s => s.Remove(names[1])).Status);
        LogReport noLast = After(s => s.Remove(names[2]));
        Assert.Equal((LogStatus.Incomplete, "the next segment is missing"), (noLast.Status, noLast.Unfinished));
        Assert.Equal(LogStatus.Corrupt, After(s => s.Rename(names[1], LogFormat.SegmentName(41))).Status);
        Assert.Equal(LogStatus.Corrupt, After(s => (s[names[1]], s[names[2]]) = (s[names[2]], s[names[1]])).Status);
        Assert.Equal(LogStatus.Corrupt, After(s => s[names[1]] = [.. s[names[1]], 0]).Status);
        Assert.Equal(LogStatus.Corrupt, After(s => s[names[2]] = [.. s[names[2]], 0]).Status);
        Assert.Equal(LogStatus.Corrupt, After(s => s[names[2]] = SampleLog.WriteSmall(valueStep: 11)[names[2]]).Status);
        Assert.Throws<FileNotFoundException>(() => LogVerifier.Verify(new MemoryStorage()));

        static LogReport After(Action<MemoryStorage> change)
        {
            MemoryStorage storage = SampleLog.WriteSmall();
            change(storage);
            return LogVerifier.Verify(storage);
        }
    }

    [Fact]
    public void SeveralDamages_AreAllReported()
    {
        MemoryStorage storage = SampleLog.WriteSmall();
        List<LogStructure> structures = LogStructure.Of(storage);
        LogStructure[] hit = [structures[2], .. structures.Where(s => s.Segment != structures[0].Segment && s.Block is 0 or 2)];
        foreach (LogStructure structure in hit)
        {
            byte[] bytes = storage[structure.Segment];
            bytes[structure.End - 1] ^= 0x10;
            storage[structure.Segment] = bytes;
        }
        LogReport report = LogVerifier.Verify(storage);
        Assert.Equal(hit.Select(h => (h.Segment, h.Block, h.Start)), report.Damage.Select(d => (d.Segment, d.Block, d.Offset)));
    }

    [Fact]
    public void AnInterruptedRun_IsIncomplete()
    {
        LogReport report = LogVerifier.Verify(SampleLog.WriteSmall(provisional: true));
        Assert.Equal((LogStatus.Incomplete, true, 120L, "the run was interrupted"), (report.Status, report.Ok, report.Events, report.Unfinished));
    }

    private static void Expect(MemoryStorage storage, LogStructure structure, string change)
    {
        LogReport report = LogVerifier.Verify(storage);
        LogDamage? first = report.Damage.FirstOrDefault();
        if (report.Status != LogStatus.Corrupt || report.Damage.Count != 1
            || (first!.Segment, first.Block, first.Offset) != (structure.Segment, structure.Block, structure.Start))
        {
            Assert.Fail($"{change} in {structure}: {report.Status}, {string.Join("; ", report.Damage)} {report.Unfinished}");
        }
        if ((report.Events, report.ChainHash) != Kept(storage))
        {
            Assert.Fail($"{change} in {structure}: {report.Events} events are said to be whole, and recovery keeps {Kept(storage).Events}");
        }
    }

    // What repair would keep: block by block, up to the damage.
    private static (long Events, ChainHash ChainHash) Kept(MemoryStorage storage)
    {
        try
        {
            RecoveryPlan plan = LogRecovery.Examine(storage);
            return (plan.Events, plan.ChainHash);
        }
        catch (CorruptLogException)
        {
            return (0, ChainHash.Zero);
        }
    }
}
