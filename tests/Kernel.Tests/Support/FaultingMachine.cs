using Sim.Hardware.Cpu;
using Sim.Hardware.Paging;
using Sim.Kernel.Faults;
using Sim.Kernel.Mm;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Swap;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Support;

/// <summary>A machine of two CPUs with a swap area, and a process with pages, whose faults are made one by one on the CPU of one's choice.</summary>
internal sealed class FaultingMachine
{
    /// <summary>Where the process has its pages.</summary>
    public const ulong At = 0x1000_0000;

    private readonly MemoryLog _log = new();
    private readonly int _pages;

    public FaultingMachine(
        SwapDevice device, KernelProfile profile = KernelProfile.X86_64, int pageCluster = 3, long swapBytes = 64L << 20, int pages = 16)
    {
        _pages = pages;
        Test = new TestMachine(
            profile, cpus: 2, bytes: 96L << 20, sink: _log, swap: new SwapOptions { Device = device, Size = swapBytes, PageCluster = pageCluster });
        Parent = Test.Virtual.Processes.Create("parent", Cpu(0), -1);
        Assert.Equal((long)At, Test.Virtual.Mapping.Mmap(
            Parent, At, Bytes(pages), ProtFlags.Read | ProtFlags.Write, MapFlags.Anonymous | MapFlags.Private | MapFlags.Fixed, default, 0, Cpu(0), -1));
    }

    public TestMachine Test { get; }

    /// <summary>The process.</summary>
    public int Parent { get; }

    public ReclaimState Reclaim => Test.Machine.State.Memory.Reclaim!;

    public static ulong Bytes(int pages) => (ulong)pages << 12;

    public CpuClock Cpu(int cpu) => Test.Machine.Cpus[cpu];

    public Frame FrameOf(long pfn) => Test.Machine.State.Memory.Pages.Frames[pfn];

    /// <summary>A fault by a write, with the device's answer waited for; the frame that is mapped then, writable.</summary>
    public long Write(int pid, ulong address, int cpu)
    {
        long pfn = Fault(pid, address, PageFaultErrorCode.User | PageFaultErrorCode.Write, cpu);
        Assert.True((Test.Options.Hardware.Paging.FlagsOf(Test.Spaces.Tables.ReadPte(Test.Spaces[pid].Root, address)) & PteFlags.Write) != 0);
        return pfn;
    }

    /// <summary>A fault by a read, with the device's answer waited for; the frame that is mapped then.</summary>
    public long Read(int pid, ulong address, int cpu) => Fault(pid, address, PageFaultErrorCode.User, cpu);

    public int Fork() => (int)Test.Virtual.Processes.Fork(Parent, "child", Cpu(0), -1);

    public void Exit(int pid) => Test.Virtual.Processes.Exit(pid, 0, 0, Cpu(0), -1);

    /// <summary>Sends the process's pages to the swap area; the device is still writing them.</summary>
    public void PageOut() => Assert.Equal(0, Test.Virtual.Mapping.Madvise(Parent, At, Bytes(_pages), MemoryAdvice.PageOut, Cpu(0), -1));

    /// <summary>Has the device write all that it was given.</summary>
    public void FinishIo()
    {
        while (Reclaim.Writeback > 0)
        {
            Assert.True(Test.Machine.Scheduler.Step(long.MaxValue));
        }
    }

    /// <summary>Nothing contradicts itself, and the log alone leads to the same state.</summary>
    public void AssertFolds()
    {
        Test.AssertInvariants();
        Test.Journal.Complete();
        var folded = new MachineState(Test.Options);
        _log.Fold(Test.Catalogue, folded.Appliers);
        Assert.Equal(Test.Machine.State.Hash(_ => true), folded.Hash(_ => true));
    }

    private long Fault(int pid, ulong address, PageFaultErrorCode code, int cpu)
    {
        while (true)
        {
            FaultResult result = Test.Virtual.Faults.Handle(pid, address, code, Cpu(cpu), -1, out _);
            if (result != FaultResult.Blocked)
            {
                Assert.Equal(FaultResult.Resolved, result);
                return Test.FrameAt(pid, address);
            }
            Assert.True(Test.Machine.Scheduler.Step(long.MaxValue));
        }
    }
}
