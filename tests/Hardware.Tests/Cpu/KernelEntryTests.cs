using Sim.Hardware.Cpu;
using Sim.Hardware.Segmentation;
using Sim.Hardware.Tests.Support;

namespace Sim.Hardware.Tests.Cpu;

/// <summary>Ways into the kernel and back: privilege, segments, nesting, cost, causes and times.</summary>
public sealed class KernelEntryTests
{
    private readonly TestMachine _machine = TestMachine.InUserMode();

    private Hardware.Cpu.Cpu Core => _machine.Core;

    [Fact]
    public void EveryWayInChangesPrivilegeAndSegmentsAndCostsItsCycles()
    {
        CpuOptions costs = _machine.Options.Cpu;
        foreach ((EntryKind kind, int entry, int back) in new[]
        {
            (EntryKind.Syscall, costs.SyscallEntryCycles, costs.SyscallReturnCycles),
            (EntryKind.Exception, costs.ExceptionEntryCycles, costs.InterruptReturnCycles),
            (EntryKind.Interrupt, costs.InterruptEntryCycles, costs.InterruptReturnCycles),
        })
        {
            long cycle = Core.Cycle;
            long sequence = Core.EnterKernel(kind, 9, 0, 0, -1).Sequence;
            Assert.Equal(cycle + entry, Core.Cycle);
            Assert.Equal(CpuMode.Kernel, Core.Mode);
            Assert.Equal(_machine.State.Gdt.KernelCode, _machine.State.Cpus.Selector(0, SegmentRegister.Cs));
            Assert.Equal(sequence, Core.Cause);
            Core.ReturnToUser(sequence);
            Assert.Equal(cycle + entry + back, Core.Cycle);
            Assert.Equal(CpuMode.User, Core.Mode);
            Assert.Equal(_machine.State.Gdt.UserData, _machine.State.Cpus.Selector(0, SegmentRegister.Ss));
        }
    }

    [Fact]
    public void EntriesNest()
    {
        Core.EnterKernel(EntryKind.Syscall, 0, 0, 0, -1);
        Assert.Throws<InvalidOperationException>(() => Core.ReturnToKernel(-1));
        Core.EnterKernel(EntryKind.Exception, 14, 2, 0x1000, -1);
        Core.EnterKernel(EntryKind.Interrupt, 32, 0, 0, -1);
        Assert.Equal(3, _machine.State.Cpus.Depth(0));
        Core.ReturnToKernel(-1);
        Assert.Equal(EntryKind.Exception, _machine.State.Cpus.LastEntry(0));
        Core.ReturnToKernel(-1);
        Assert.Equal((CpuMode.Kernel, EntryKind.Syscall), (Core.Mode, _machine.State.Cpus.LastEntry(0)));
        Core.ReturnToUser(-1);
        Assert.Equal((CpuMode.User, 0), (Core.Mode, _machine.State.Cpus.Depth(0)));
    }

    [Fact]
    public void EventsSayWhatHappened()
    {
        Core.EnterKernel(EntryKind.Exception, 14, 6, 0x7fff_1234, -1);
        Core.ReturnToUser(-1);
        Assert.Contains("cpu.enter cpu=0 entry=exception vector=14 error_code=6 address=0x7fff1234", _machine.Events());
    }

    [Fact]
    public void TimeIsTheCoresAndNeverGoesBack()
    {
        Assert.Equal(Core.TimePs, _machine.Journal.TimePs);
        Core.BeginDispatch(1_000_001);
        Assert.Equal(1_000_400, Core.TimePs);
        Core.Charge(1);
        Assert.Equal(1_000_800, Core.TimePs);
        Core.Charge(0);
        Core.BeginDispatch(5);
        Assert.Equal(1_000_800, Core.TimePs);
        Core.ChargeCycles(3);
        Assert.Equal(1_002_000, Core.TimePs);
        Assert.Equal(1_002_000, _machine.Journal.TimePs);
        Assert.Throws<ArgumentOutOfRangeException>(() => Core.Charge(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Core.ChargeCycles(-1));
    }

    [Fact]
    public void AnAccessBeforeAnAddressSpaceIsLoadedIsRefused()
    {
        var machine = new TestMachine();
        var error = Assert.Throws<InvalidOperationException>(() => machine.Core.Access(new MemoryAccess(0x1000, 1, AccessKind.Load)));
        Assert.Contains("0x1000", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnAccessOfAnUnknownKindIsRefused()
    {
        var access = new MemoryAccess(0x1000, 1, (AccessKind)7);
        Assert.Throws<ArgumentException>(() => Core.Access(in access));
        Assert.Throws<ArgumentException>(() => Core.Run([access], long.MaxValue, out _));
    }
}
