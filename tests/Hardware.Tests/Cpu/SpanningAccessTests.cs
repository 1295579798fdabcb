using Sim.Hardware.Cpu;
using Sim.Hardware.Tests.Support;

namespace Sim.Hardware.Tests.Cpu;

/// <summary>Accesses that cross lines and pages: a request per line, a translation per page, all or nothing.</summary>
public sealed class SpanningAccessTests
{
    private const ulong Address = 0x40_0000;

    private readonly TestMachine _machine = TestMachine.InUserMode();

    [Theory]
    [InlineData(0, 1, 1), InlineData(0, 0, 1), InlineData(63, 1, 1), InlineData(63, 2, 2), InlineData(0, 64, 1), InlineData(0, 65, 2)]
    [InlineData(60, 200, 5), InlineData(4095, 2, 2), InlineData(0, 8192, 128), InlineData(1, 65535, 1024)]
    public void OneRequestForEachLine(int offset, int size, int lines)
    {
        for (ulong page = 0; page < 17; page++)
        {
            _machine.Map(Address + page * 4096, 0x2000 + (long)page * 3, TestMachine.UserPage);
        }
        foreach (AccessKind kind in Enum.GetValues<AccessKind>())
        {
            var access = new MemoryAccess(Address + (ulong)offset, size, kind);
            _machine.Core.Access(in access);
            long before = _machine.Board.Dram.Counters.Requests;
            Assert.Equal(1, _machine.Core.Run([access], long.MaxValue, out _));
            Assert.Equal(kind == AccessKind.Modify ? 2 * lines : lines, _machine.Board.Dram.Counters.Requests - before);
        }
    }

    [Fact]
    public void AFaultOnTheSecondPageStopsTheWholeAccess()
    {
        _machine.Map(Address, 0x2000, TestMachine.UserPage);
        _machine.Map(Address + 4096, 0x2001, TestMachine.UserPage & ~Hardware.Paging.PteFlags.Present);
        var access = new MemoryAccess(Address + 4092, 8, AccessKind.Store);
        _machine.Core.Access(in access);
        long requests = _machine.Board.Dram.Counters.Requests, walks = _machine.Core.Counters.PageTableReads;
        Assert.Equal(0, _machine.Core.Run([access], long.MaxValue, out PageFault fault));
        Assert.Equal((14, 6, Address + 4096), (fault.Vector, fault.ErrorCode, fault.Address));
        // Only the walk of the second page reached memory.
        Assert.Equal(_machine.Core.Counters.PageTableReads - walks, _machine.Board.Dram.Counters.Requests - requests);

        _machine.Map(Address + 4096, 0x2001, TestMachine.UserPage);
        Assert.Equal(1, _machine.Core.Run([access], long.MaxValue, out _));
        Assert.Equal(2, _machine.Core.Counters.Faults);
        Assert.Equal(1, _machine.Core.Counters.Accesses);
    }
}
