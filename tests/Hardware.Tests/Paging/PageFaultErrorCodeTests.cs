using Sim.Hardware.Cpu;
using Sim.Hardware.Paging;
using Sim.Hardware.Tests.Support;

namespace Sim.Hardware.Tests.Paging;

/// <summary>Error codes as figure 4-12 of the Intel SDM, volume 3A, defines their bits; numbers as a kernel's log shows them.</summary>
public sealed class PageFaultErrorCodeTests
{
    private const ulong Address = 0x1234_5000;

    [Theory]
    [InlineData("none", CpuMode.User, AccessKind.Load, 0x4)]
    [InlineData("none", CpuMode.User, AccessKind.Store, 0x6)]
    [InlineData("none", CpuMode.User, AccessKind.Modify, 0x6)]
    [InlineData("none", CpuMode.User, AccessKind.Fetch, 0x14)]
    [InlineData("none", CpuMode.Kernel, AccessKind.Load, 0x0)]
    [InlineData("none", CpuMode.Kernel, AccessKind.Store, 0x2)]
    [InlineData("none", CpuMode.Kernel, AccessKind.Fetch, 0x10)]
    [InlineData("read-only", CpuMode.User, AccessKind.Store, 0x7)]
    [InlineData("read-only", CpuMode.Kernel, AccessKind.Store, 0x3)]
    [InlineData("read-only", CpuMode.User, AccessKind.Load, -1)]
    [InlineData("kernel", CpuMode.User, AccessKind.Load, 0x5)]
    [InlineData("kernel", CpuMode.User, AccessKind.Store, 0x7)]
    [InlineData("kernel", CpuMode.User, AccessKind.Fetch, 0x15)]
    [InlineData("kernel", CpuMode.Kernel, AccessKind.Store, -1)]
    [InlineData("no-execute", CpuMode.User, AccessKind.Fetch, 0x15)]
    [InlineData("no-execute", CpuMode.Kernel, AccessKind.Fetch, 0x11)]
    [InlineData("no-execute", CpuMode.User, AccessKind.Store, -1)]
    [InlineData("reserved", CpuMode.User, AccessKind.Load, 0xD)]
    [InlineData("reserved", CpuMode.Kernel, AccessKind.Store, 0xB)]
    public void X86_64(string page, CpuMode mode, AccessKind kind, int expected) =>
        Assert.Equal(expected, Fault(PagingMode.X86_64FourLevel, page, mode, kind));

    [Theory]
    [InlineData("none", CpuMode.User, AccessKind.Fetch, 0x4)]
    [InlineData("none", CpuMode.Kernel, AccessKind.Fetch, 0x0)]
    [InlineData("none", CpuMode.User, AccessKind.Store, 0x6)]
    [InlineData("read-only", CpuMode.User, AccessKind.Store, 0x7)]
    [InlineData("read-only", CpuMode.Kernel, AccessKind.Store, 0x3)]
    [InlineData("read-only", CpuMode.User, AccessKind.Fetch, -1)]
    [InlineData("kernel", CpuMode.User, AccessKind.Load, 0x5)]
    public void I386(string page, CpuMode mode, AccessKind kind, int expected) =>
        Assert.Equal(expected, Fault(PagingMode.I386TwoLevel, page, mode, kind));

    [Theory]
    [InlineData(0x0000_8000_0000_0000UL)]
    [InlineData(0xFFFF_7FFF_FFFF_FFFFUL)]
    [InlineData(0x1234_0000_0000_0000UL)]
    public void ANonCanonicalAddressIsAGeneralProtectionFault(ulong address)
    {
        TestMachine machine = TestMachine.InUserMode();
        Assert.Equal(ExceptionVector.GeneralProtection, machine.Core.Access(new MemoryAccess(address, 1, AccessKind.Load)).Fault.Vector);
        var push = new MemoryAccess(address, 1, AccessKind.Store) { Segment = Hardware.Segmentation.SegmentRegister.Ss };
        Assert.Equal(ExceptionVector.StackFault, machine.Core.Access(in push).Fault.Vector);
    }

    [Fact]
    public void TheLastCanonicalAddressesAreTranslated()
    {
        TestMachine machine = TestMachine.InUserMode();
        foreach (ulong address in new[] { 0x0000_7FFF_FFFF_F000UL, 0xFFFF_8000_0000_0000UL, 0xFFFF_FFFF_FFFF_F000UL })
        {
            machine.Map(address, 0x777, TestMachine.UserPage);
            Assert.Equal(0x777_008UL, machine.Core.Access(new MemoryAccess(address + 8, 4, AccessKind.Store)).PhysicalAddress);
            Assert.Equal(0x777_008UL, machine.Core.Access(new MemoryAccess(address + 8, 4, AccessKind.Store)).PhysicalAddress);
        }
    }

    private static int Fault(PagingMode mode, string page, CpuMode cpu, AccessKind kind)
    {
        TestMachine machine = TestMachine.InUserMode(new HardwareOptions { Paging = mode });
        if (cpu == CpuMode.Kernel)
        {
            machine.Core.EnterKernel(EntryKind.Syscall, 1, 0, 0, -1);
        }
        PteFlags flags = page switch
        {
            "none" => PteFlags.None,
            "read-only" => TestMachine.UserPage & ~PteFlags.Write,
            "kernel" => TestMachine.UserPage & ~PteFlags.User,
            "no-execute" => TestMachine.UserPage | PteFlags.NoExecute,
            _ => TestMachine.UserPage,
        };
        machine.Map(Address, 0x123, flags);
        if (page == "reserved")
        {
            (long table, int index, ulong entry) = machine.Find(Address);
            machine.SetEntry(table, index, entry | 1UL << 50);
        }
        AccessResult result = machine.Core.Access(new MemoryAccess(Address + 0x10, 4, kind));
        Assert.Equal(result.Completed ? -1 : ExceptionVector.PageFault, result.Fault.Vector);
        Assert.Equal(result.Completed ? 0 : Address + 0x10, result.Fault.Address);
        return result.Completed ? -1 : result.Fault.ErrorCode;
    }
}
