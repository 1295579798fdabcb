using Sim.Kernel.Mm;
using Sim.Kernel.Swap;
using Sim.Kernel.Tests.Support;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Faults;

/// <summary>Which pages leave the swap cache when they are mapped again, and which a write has to copy in the same fault.</summary>
public sealed class SwapInTests
{
    private const ulong At = FaultingMachine.At;

    [Fact]
    public void AWriteToAPageThatTheChildMapsCopiesIt_InOneFault()
    {
        var machine = new FaultingMachine(SwapDevice.Ssd);
        machine.Write(machine.Parent, At, cpu: 0);
        machine.PageOut();
        machine.FinishIo();
        int child = machine.Fork();
        long frame = machine.Read(child, At, cpu: 0);
        FaultCounts before = machine.Test.Spaces.Faults(machine.Parent);
        long copy = machine.Write(machine.Parent, At, cpu: 0);
        Assert.NotEqual(frame, copy);
        Assert.Equal(before with { Minor = before.Minor + 1 }, machine.Test.Spaces.Faults(machine.Parent));
        Assert.Equal((1L, 0L), (machine.Test.Spaces[machine.Parent].AnonRss, machine.Test.Spaces[machine.Parent].SwapEntries));
        // Nobody names the slot any more, but the page was not alone when it was asked: it keeps it until the child writes.
        Assert.True(machine.FrameOf(frame).Has(PageFlags.SwapCache));
        Assert.Equal(frame, machine.Write(child, At, cpu: 0));
        Assert.False(machine.FrameOf(frame).Has(PageFlags.SwapCache));
        machine.AssertFolds();
    }

    /// <summary>The child's entry names the slot too: the page that was read for the write stays in the swap cache, and the copy counts as the major fault.</summary>
    [Fact]
    public void AWriteThatReadsASharedSlotCopiesThePage_InOneMajorFault()
    {
        var machine = new FaultingMachine(SwapDevice.Zram, pageCluster: 0);
        machine.Write(machine.Parent, At, cpu: 0);
        machine.PageOut();
        machine.FinishIo();
        machine.Fork();
        Assert.Equal(0, machine.Reclaim.Swap.Cache.Count);
        FaultCounts before = machine.Test.Spaces.Faults(machine.Parent);
        long copy = machine.Write(machine.Parent, At, cpu: 0);
        Assert.Equal(before with { Major = before.Major + 1 }, machine.Test.Spaces.Faults(machine.Parent));
        (int _, long slot, int cached) = machine.Reclaim.Swap.Cache.Entries.Single();
        Assert.NotEqual(copy, cached);
        Assert.Equal((1, 0), (machine.Reclaim.Swap.Area.CountOf((int)slot), machine.FrameOf(cached).MapCount));
        machine.AssertFolds();
    }

    /// <summary>A page read by another CPU waits in its batch, which refers to it.</summary>
    [Theory]
    [InlineData(0, false)]
    [InlineData(1, true)]
    public void APageInAnotherCpusBatchIsCopied(int writesOn, bool inPlace)
    {
        var machine = new FaultingMachine(SwapDevice.Zram, pageCluster: 0);
        machine.Write(machine.Parent, At, cpu: 0);
        machine.PageOut();
        machine.FinishIo();
        int child = machine.Fork();
        long frame = machine.Read(child, At, cpu: 1);
        Assert.Equal([(int)frame], machine.Reclaim.Lru.Batch(1).ToArray());
        machine.Exit(child);
        Assert.Equal(inPlace, machine.Write(machine.Parent, At, writesOn) == frame);
        machine.AssertFolds();
    }

    /// <summary>A window of readahead ends with its pages on the lists; a page read alone stays in the batch.</summary>
    [Theory]
    [InlineData(3, 0)]
    [InlineData(0, 1)]
    public void AfterReadaheadTheBatchIsDrained(int pageCluster, int batched)
    {
        var machine = new FaultingMachine(SwapDevice.Zram, pageCluster: pageCluster);
        machine.Write(machine.Parent, At, cpu: 0);
        machine.PageOut();
        machine.FinishIo();
        machine.Fork();
        machine.Read(machine.Parent, At, cpu: 1);
        Assert.Equal(batched, machine.Reclaim.Lru.Batch(1).Length);
        machine.AssertFolds();
    }

    /// <summary>A read leaves the page its slot, unless the area is locked or slots are scarce; a write takes it.</summary>
    [Theory]
    [InlineData(false, false, 1, true)]
    [InlineData(true, false, 1, false)]
    [InlineData(false, true, 1, false)]
    [InlineData(false, false, 900, false)]
    public void ThePageKeepsItsSlot(bool write, bool locked, int pages, bool keeps)
    {
        var machine = new FaultingMachine(SwapDevice.Ssd, swapBytes: 4L << 20, pages: 1_000);
        for (int page = 0; page < pages; page++)
        {
            machine.Write(machine.Parent, At + ((ulong)page << 12), cpu: 0);
        }
        machine.PageOut();
        machine.FinishIo();
        Assert.Equal(pages > 512, machine.Reclaim.Swap.Area.IsFull);
        if (locked)
        {
            Assert.Equal(0, machine.Test.Virtual.Mapping.Mprotect(machine.Parent, At, FaultingMachine.Bytes(1_000), ProtFlags.Read, machine.Cpu(0), -1));
            // Locked when it is touched (MLOCK_ONFAULT).
            Assert.Equal(0, machine.Test.Virtual.Mapping.Mlock(machine.Parent, At, 4096, 1, machine.Cpu(0), -1));
        }
        long frame = write ? machine.Write(machine.Parent, At, cpu: 0) : machine.Read(machine.Parent, At, cpu: 0);
        Assert.Equal(keeps, machine.FrameOf(frame).Has(PageFlags.SwapCache));
        machine.AssertFolds();
    }
}
