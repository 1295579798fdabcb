using Sim.Engine.Events;
using Sim.Engine.Log;
using Sim.Engine.Tests.Log;

namespace Sim.Engine.Tests.Events;

public class JournalTests
{
    [Fact]
    public void ABlock_ClosesBeforeTheEventThatWouldPushItPast128KiB()
    {
        var blocks = new Blocks();
        var journal = new Journal(blocks, SampleLog.Catalogue);
        // 13 bytes each but for the first, whose time and pfn are longer: Δpfn of nine bytes and nothing else.
        for (int i = 0; i < 40_000; i++)
        {
            journal.Emit(new TestGive(i % 2 == 0 ? long.MaxValue / 2 : 0), -1);
        }
        journal.Complete();
        Assert.All(blocks.Taken, b => Assert.InRange(b.Length, 1, Journal.BlockBytes));
        Assert.All(blocks.Taken.SkipLast(1), b => Assert.True(b.Length + 13 > Journal.BlockBytes));
        Assert.True(blocks.Taken.Count > 3);
        Assert.Equal(40_000, blocks.Taken.Sum(b => b.Count));
    }

    [Fact]
    public void AnEventThatFillsABlockExactly_StaysInIt()
    {
        var blocks = new Blocks();
        var journal = new Journal(blocks, SampleLog.Catalogue, blockBytes: 50);
        for (int i = 0; i < 25; i++)
        {
            journal.Emit(new TestGive(0), -1);
        }
        journal.Complete();
        Assert.Equal([50, 50, 25], blocks.Taken.Select(b => b.Length));
        Assert.Equal([0L, 10, 20], blocks.Taken.Select(b => b.FirstSequence));
    }

    [Fact]
    public void BlockTimes_AreLeastGreatestAndRunningMaximum()
    {
        var blocks = new Blocks();
        var journal = new Journal(blocks, SampleLog.Catalogue, blockBytes: 15);
        foreach (long time in (long[])[100, 40, 90, 60, 70, 80])
        {
            journal.TimePs = time;
            journal.Emit(new TestGive(0), -1);
        }
        journal.Complete();
        Assert.Equal([(40L, 100L, 100L), (60, 90, 100), (70, 80, 100)], blocks.Taken.Select(b => (b.MinTimePs, b.MaxTimePs, b.RunningMaxTimePs)));
    }

    [Fact]
    public void ACategoryLeftOut_IsNotLogged_AndHandsItsCauseOn()
    {
        var blocks = new Blocks();
        var journal = new Journal(blocks, SampleLog.Catalogue, leftOut: ["other"]);
        EventHeader first = journal.Emit(new TestGive(1), -1);
        EventHeader remark = journal.Emit(new TestRemark(5), first.Sequence);
        EventHeader second = journal.Emit(new TestGive(2), remark.Sequence);
        Assert.Equal((0, 0, 1, 0), (first.Sequence, remark.Sequence, second.Sequence, second.Cause));
        Assert.False(journal.IsLogged<TestRemark>());
        journal.Complete();
        Assert.Equal(2, Assert.Single(blocks.Taken).Count);
    }

    [Fact]
    public void Symbols_AreLoggedOnce_AndTooLongOnesRefused()
    {
        var journal = new Journal(new NullBlockSink(), SampleLog.Catalogue);
        Assert.Equal(1, journal.Intern("a"));
        Assert.Equal(2, journal.Intern("b"));
        Assert.Equal(1, journal.Intern("a"));
        Assert.Equal(0, journal.Intern(""));
        Assert.Equal(2, journal.NextSequence);
        Assert.Throws<ArgumentException>(() => journal.Intern(new string('x', 4097)));
        Assert.Equal(2, journal.NextSequence);
    }

    [Fact]
    public void EmittingAllocatesNothing()
    {
        var journal = new Journal(new NullBlockSink(), SampleLog.Catalogue);
        Emit(journal, 50_000);
        // A collection that another test causes ends this thread's allocation context, whose rest then counts as allocated.
        Assert.Contains(0L, Enumerable.Range(0, 4).Select(_ => Allocated(journal)).ToArray());

        static long Allocated(Journal journal)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            Emit(journal, 200_000);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        static void Emit(Journal journal, int events)
        {
            for (int i = 0; i < events; i++)
            {
                journal.TimePs += 3;
                journal.Emit(new TestTake(i, 3, 7), i > 0 ? i - 1 : -1);
            }
        }
    }

    private sealed class Blocks : IBlockSink
    {
        public List<RawBlock> Taken { get; } = [];

        public byte[] Submit(in RawBlock block)
        {
            Taken.Add(block);
            return new byte[Journal.BufferBytes];
        }
    }
}
