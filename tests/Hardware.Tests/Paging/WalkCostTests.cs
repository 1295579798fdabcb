using Sim.Hardware.Cpu;
using Sim.Hardware.Paging;
using Sim.Hardware.Tests.Support;

namespace Sim.Hardware.Tests.Paging;

/// <summary>A walk reads one entry a level, through memory; the paging-structure cache leaves one.</summary>
public sealed class WalkCostTests
{
    [Theory]
    [InlineData("x86_64", 32, 4, 1), InlineData("x86_64", 0, 4, 4), InlineData("i386", 32, 2, 1), InlineData("i386", 0, 2, 2)]
    public void EntriesRead(string mode, int pdeCacheEntries, int first, int second)
    {
        TestMachine machine = TestMachine.InUserMode(new HardwareOptions
        {
            Paging = mode == "i386" ? PagingMode.I386TwoLevel : PagingMode.X86_64FourLevel,
            Tlb = new() { PdeCacheEntries = pdeCacheEntries },
        });
        machine.Map(0x40_0000, 0x1000, TestMachine.UserPage);
        machine.Map(0x40_1000, 0x1001, TestMachine.UserPage);
        Assert.Equal(first, ReadsOf(machine, 0x40_0000));
        Assert.Equal(second, ReadsOf(machine, 0x40_1000));
        Assert.Equal(0, ReadsOf(machine, 0x40_0000));
        machine.Core.InvalidatePage(0x40_1000, -1);
        Assert.Equal(first, ReadsOf(machine, 0x40_1000));
    }

    [Fact]
    public void AWalkTakesTheTimeOfItsReads()
    {
        TestMachine machine = TestMachine.InUserMode();
        machine.Map(0x40_0000, 0x1000, TestMachine.UserPage | PteFlags.Accessed | PteFlags.Dirty);
        var load = new MemoryAccess(0x40_0000, 8, AccessKind.Load);
        machine.Core.Access(in load);
        machine.Core.InvalidatePage(0x40_0000, -1);
        long start = machine.Core.Cycle;
        machine.Core.Access(in load);
        long missed = machine.Core.Cycle - start;
        start = machine.Core.Cycle;
        machine.Core.Access(in load);
        long hit = machine.Core.Cycle - start;
        // A row hit is 21 memory cycles: 43.75 core cycles and what is lost to clock edges.
        Assert.InRange(hit, 44, 47);
        Assert.True(missed >= 5 * 44, $"four table reads and the data took {missed} cycles");
    }

    private static long ReadsOf(TestMachine machine, ulong address)
    {
        (long reads, long requests) = (machine.Core.Counters.PageTableReads, machine.Board.Dram.Counters.Requests);
        machine.Core.Access(new MemoryAccess(address, 4, AccessKind.Load));
        reads = machine.Core.Counters.PageTableReads - reads;
        long bitWrites = machine.Board.Dram.Counters.Requests - requests - reads - 1;
        Assert.True(bitWrites >= 0, "every entry read is a request, and so is the data");
        return reads;
    }
}
