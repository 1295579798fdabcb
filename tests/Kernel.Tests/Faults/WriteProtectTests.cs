using Sim.Kernel.Swap;
using Sim.Kernel.Tests.Support;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Faults;

/// <summary>
/// A write to a page that others had goes on in place only when nobody else refers to it: no entry, no other CPU's batch, no slot that is
/// being written or that others name.
/// </summary>
public sealed class WriteProtectTests
{
    private const ulong At = FaultingMachine.At;

    [Theory]
    [InlineData(0, false, false)]
    [InlineData(0, true, true)]
    [InlineData(1, false, true)]
    public void APageInAnotherCpusBatchIsCopied(int writesOn, bool drainedBefore, bool inPlace)
    {
        var machine = new FaultingMachine(SwapDevice.Ssd);
        long frame = machine.Write(machine.Parent, At, cpu: 1);
        machine.Exit(machine.Fork());
        Assert.Equal([(int)frame], machine.Reclaim.Lru.Batch(1).ToArray());
        if (drainedBefore)
        {
            machine.Test.Virtual.Reclaim!.Drain(machine.Cpu(1), -1);
        }
        Assert.Equal(inPlace, machine.Write(machine.Parent, At, writesOn) == frame);
        machine.AssertFolds();
    }

    /// <summary>A page that three more processes map is copied without a look at the batch, one that one more maps after.</summary>
    [Theory]
    [InlineData(1, true)]
    [InlineData(3, false)]
    public void TheBatchIsDrainedWhenThereIsHope(int children, bool drained)
    {
        var machine = new FaultingMachine(SwapDevice.Ssd);
        long frame = machine.Write(machine.Parent, At, cpu: 0);
        for (int child = 0; child < children; child++)
        {
            machine.Fork();
        }
        long copy = machine.Write(machine.Parent, At, cpu: 0);
        Assert.NotEqual(frame, copy);
        Assert.Equal(drained ? [(int)copy] : [(int)frame, (int)copy], machine.Reclaim.Lru.Batch(0).ToArray());
        machine.AssertFolds();
    }

    /// <summary>The page has a slot that the child's entry names: it is copied as long as the child has not gone.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void APageWhoseSlotOthersNameIsCopied(bool childGone)
    {
        var machine = new FaultingMachine(SwapDevice.Ssd);
        machine.Write(machine.Parent, At, cpu: 0);
        machine.PageOut();
        machine.FinishIo();
        int child = machine.Fork();
        long frame = machine.Read(machine.Parent, At, cpu: 0);
        Assert.True(machine.FrameOf(frame).Has(PageFlags.SwapCache));
        if (childGone)
        {
            machine.Exit(child);
        }
        Assert.Equal(childGone, machine.Write(machine.Parent, At, cpu: 0) == frame);
        // In place it gave its slot up; copied it keeps it for the child.
        Assert.Equal(!childGone, machine.FrameOf(frame).Has(PageFlags.SwapCache));
        machine.AssertFolds();
    }

    /// <summary>While a page is written to its slot it cannot give that up, unless it is marked as one process's alone: then it need not.</summary>
    [Theory]
    [InlineData(KernelProfile.X86_64, false, true)]
    [InlineData(KernelProfile.X86_64, true, false)]
    [InlineData(KernelProfile.I386Classic, false, false)]
    public void APageBeingWrittenIsCopied_UnlessItsEntrySaysThatItIsAlone(KernelProfile profile, bool wasForked, bool inPlace)
    {
        var machine = new FaultingMachine(SwapDevice.Hdd, profile);
        machine.Write(machine.Parent, At, cpu: 0);
        machine.PageOut();
        if (wasForked)
        {
            machine.Exit(machine.Fork());
        }
        long frame = machine.Read(machine.Parent, At, cpu: 0);
        Assert.True(machine.FrameOf(frame).Has(PageFlags.SwapCache) && machine.FrameOf(frame).Has(PageFlags.Writeback));
        Assert.Equal(inPlace, machine.Write(machine.Parent, At, cpu: 0) == frame);
        Assert.True(machine.FrameOf(frame).Has(PageFlags.SwapCache));
        machine.FinishIo();
        machine.AssertFolds();
    }
}
