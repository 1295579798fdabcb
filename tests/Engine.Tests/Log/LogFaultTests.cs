using Sim.Engine.Events;
using Sim.Engine.Log;
using Sim.Engine.Tests.Events;

namespace Sim.Engine.Tests.Log;

/// <summary>Every storage operation fails once in its turn. The writer dies loudly, and what it promised is still there.</summary>
public class LogFaultTests
{
    [Theory]
    [InlineData(LogDurability.None)]
    [InlineData(LogDurability.Flush)]
    [InlineData(LogDurability.Block)]
    [InlineData(LogDurability.Seal)]
    public void WhenTheNthOperationFails_TheWriterStaysDead_AndThePromiseHolds(LogDurability durability)
    {
        foreach (bool transient in (bool[])[false, true])
        {
            int n = 1;
            while (FailsAt(n, transient, durability))
            {
                n++;
            }
            Assert.True(n > 5, $"only {n} operations were reached");
        }
    }

    [Theory]
    [InlineData(LogDurability.Flush)]
    [InlineData(LogDurability.Block)]
    public void WhenTheDiskIsFull_TheLastDurableEventIsNamed_AndReadBack(LogDurability durability)
    {
        var ample = new MemoryStorage();
        Assert.Null(Run(ample, durability));
        long whole = ample.Names.Sum(name => (long)ample[name].Length);
        for (long capacity = 0; capacity < whole; capacity += 97)
        {
            var storage = new MemoryStorage { Capacity = capacity };
            LogWriteException e = Run(storage, durability) ?? throw new InvalidOperationException($"no failure with room for {capacity} bytes");
            Assert.Contains("No space left", e.Message, StringComparison.Ordinal);
            AssertKept(storage, e.LastDurableSequence);
        }
    }

    [Fact]
    public void PowerCut_LosesNothingThatWasPromised()
    {
        foreach (LogDurability durability in (LogDurability[])[LogDurability.Block, LogDurability.Seal])
        {
            for (int n = 1; n < 200; n++)
            {
                var storage = new MemoryStorage { FailAt = n };
                if (Run(storage, durability) is not { } e)
                {
                    break;
                }
                // Of every file, only what was synced is still there.
                var after = new MemoryStorage();
                foreach (string name in storage.Names)
                {
                    after[name] = storage[name][..(int)storage.Synced.GetValueOrDefault(name)];
                }
                AssertKept(after, e.LastDurableSequence);
            }
        }
    }

    private static bool FailsAt(int n, bool transient, LogDurability durability)
    {
        var storage = new MemoryStorage { FailAt = n, Transient = transient };
        if (Run(storage, durability) is not { } e)
        {
            return false;
        }
        Assert.Contains("injected", e.Message, StringComparison.Ordinal);
        AssertKept(storage, e.LastDurableSequence);
        return true;
    }

    private static void AssertKept(MemoryStorage storage, long lastDurable)
    {
        Assert.Equal(0, storage.OpenAppenders);
        if (lastDurable < 0)
        {
            return;
        }
        using LogReader reader = LogReader.Open(storage);
        Assert.True(reader.LastSequence >= lastDurable, $"{lastDurable} was promised, {reader.LastSequence} is the last");
        Assert.NotEqual(LogStatus.Corrupt, LogVerifier.Verify(storage).Status);
    }

    // Writes until it is done or has failed; then everything must go on failing in the same way.
    private static LogWriteException? Run(MemoryStorage storage, LogDurability durability)
    {
        var options = new LogOptions { Durability = durability, SegmentRawBytes = 230 };
        LogWriter writer;
        try
        {
            writer = new LogWriter(storage, options, SampleLog.Identity, SampleLog.SmallCatalogue);
        }
        catch (LogWriteException e)
        {
            return e;
        }
        using (writer)
        {
            var journal = new Journal(writer, SampleLog.SmallCatalogue, blockBytes: 60);
            try
            {
                for (int i = 0; i < 120; i++)
                {
                    journal.Emit(new TestRemark(i * 7 % 90), i - 1);
                }
                journal.Complete();
                writer.Complete();
                return null;
            }
            catch (LogWriteException first)
            {
                Assert.Same(first, Assert.Throws<LogWriteException>(() => writer.Submit(new RawBlock { Payload = new byte[Journal.BufferBytes], Length = 5, Count = 1 })));
                Assert.Same(first, Assert.Throws<LogWriteException>(() => writer.Complete()));
                Assert.Equal(first.LastDurableSequence, writer.DurableSequence);
                return first;
            }
        }
    }
}
