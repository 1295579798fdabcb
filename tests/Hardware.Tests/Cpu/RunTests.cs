using Sim.Engine.Random;
using Sim.Hardware.Cpu;
using Sim.Hardware.Paging;
using Sim.Hardware.Tests.Support;

namespace Sim.Hardware.Tests.Cpu;

/// <summary>The batch form does what single accesses do, whatever loop it takes, and allocates nothing.</summary>
public sealed class RunTests
{
    public static TheoryData<string, bool> Machines => new()
    {
        { "x86_64", false },
        { "x86_64", true },
        { "i386", false },
    };

    [Theory]
    [MemberData(nameof(Machines))]
    public void BatchesOfAnySizeEqualSingleAccesses(string mode, bool pcid)
    {
        PagingMode paging = Paging(mode);
        MemoryAccess[] accesses = RandomProgram.Accesses(paging, 7, 30_000);
        TestMachine single = RandomProgram.Machine(paging, pcid: pcid), batched = RandomProgram.Machine(paging, pcid: pcid),
            detailed = RandomProgram.Machine(paging, LogDetail.Full, pcid);
        List<PageFault> singleFaults = OneByOne(single, accesses);
        List<PageFault> batchedFaults = InBatches(batched, accesses), detailedFaults = InBatches(detailed, accesses);

        Assert.Equal(singleFaults, batchedFaults);
        Assert.Equal(singleFaults, detailedFaults);
        Assert.NotEmpty(singleFaults);
        Assert.Equal(single.Core.TimePs, batched.Core.TimePs);
        Assert.Equal(single.Core.TimePs, detailed.Core.TimePs);
        Assert.Equal(single.Core.Counters, batched.Core.Counters);
        Assert.Equal(single.Core.Counters, detailed.Core.Counters);
        Assert.Equal(single.Board.Dram.Counters, batched.Board.Dram.Counters);
        Assert.Equal(single.Hash(), batched.Hash());
        Assert.Equal(single.Hash(), detailed.Hash());
        Assert.Equal(single.Events(), batched.Events());
        Assert.Equal(single.Events(), detailed.Events().Where(e => !e.StartsWith("tlb.hit", StringComparison.Ordinal)
            && !e.StartsWith("dram.hit", StringComparison.Ordinal)));
    }

    [Fact]
    public void StopsBeforeTheFirstAccessAtOrAfterTheGivenTime()
    {
        MemoryAccess[] accesses = RandomProgram.Accesses(PagingMode.X86_64FourLevel, 3, 4000);
        TestMachine machine = RandomProgram.Machine(PagingMode.X86_64FourLevel), twin = RandomProgram.Machine(PagingMode.X86_64FourLevel);
        machine.Core.Run(accesses, long.MaxValue, out PageFault first);
        int total = twin.Core.Run(accesses, long.MaxValue, out _);
        Assert.True(first.Raised && total > 100);

        TestMachine stopped = RandomProgram.Machine(PagingMode.X86_64FourLevel);
        long until = stopped.Core.TimePs + (machine.Core.TimePs - stopped.Core.TimePs) / 2;
        int done = stopped.Core.Run(accesses, until, out PageFault none);
        Assert.False(none.Raised);
        Assert.InRange(done, 1, total - 1);
        Assert.True(stopped.Core.TimePs >= until);
        Assert.Equal(0, stopped.Core.Run(accesses.AsSpan(done), until, out _));
        Assert.Equal(total - done, stopped.Core.Run(accesses.AsSpan(done), long.MaxValue, out PageFault same));
        Assert.Equal(first, same);
    }

    [Fact]
    public void AllocatesNothing()
    {
        TestMachine machine = RandomProgram.Machine(PagingMode.X86_64FourLevel, LogDetail.Normal, pcid: false, cpus: 1, "tlb", "dram");
        MemoryAccess[] accesses = RandomProgram.Accesses(PagingMode.X86_64FourLevel, 11, 20_000);
        InBatches(machine, accesses);
        long before = GC.GetAllocatedBytesForCurrentThread();
        int i = 0;
        while (i < accesses.Length)
        {
            i += machine.Core.Run(accesses.AsSpan(i), long.MaxValue, out PageFault fault) + (fault.Raised ? 1 : 0);
        }
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static List<PageFault> OneByOne(TestMachine machine, MemoryAccess[] accesses)
    {
        var faults = new List<PageFault>();
        foreach (MemoryAccess access in accesses)
        {
            AccessResult result = machine.Core.Access(in access);
            if (!result.Completed)
            {
                faults.Add(result.Fault);
            }
        }
        return faults;
    }

    private static List<PageFault> InBatches(TestMachine machine, MemoryAccess[] accesses)
    {
        var random = new RandomStream(5, "batches");
        var faults = new List<PageFault>();
        int i = 0;
        while (i < accesses.Length)
        {
            int length = Math.Min(accesses.Length - i, (int)random.NextBelow(500));
            i += machine.Core.Run(accesses.AsSpan(i, length), long.MaxValue, out PageFault fault);
            if (fault.Raised)
            {
                faults.Add(fault);
                i++;
            }
        }
        return faults;
    }

    private static PagingMode Paging(string name) => name == "i386" ? PagingMode.I386TwoLevel : PagingMode.X86_64FourLevel;
}
