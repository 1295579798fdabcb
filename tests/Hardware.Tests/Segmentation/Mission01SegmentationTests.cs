using Sim.Hardware.Cpu;
using Sim.Hardware.Paging;
using Sim.Hardware.Segmentation;
using Sim.Hardware.Tests.Support;

namespace Sim.Hardware.Tests.Segmentation;

/// <summary>
/// Mission row 1, segmentation: logical addresses become linear ones; the kernel's flat segments leave them as they are, others do not.
/// Selectors and descriptors are those that Linux loads (arch/x86/include/asm/segment.h, gdt_page), faults those of the Intel SDM,
/// volume 3A, sections 3.4 and 5.3 to 5.6.
/// </summary>
public sealed class Mission01SegmentationTests
{
    private const int StackFault = 12, GeneralProtection = 13, NotPresent = 11;

    public static TheoryData<string> Machines => ["i386", "i386-pae", "x86_64"];

    /// <summary>Every register that Linux loads has base 0 and reaches all of the linear addresses.</summary>
    [Theory]
    [InlineData("i386", 0x60, 0x68, 0x73, 0x7b)]
    [InlineData("i386-pae", 0x60, 0x68, 0x73, 0x7b)]
    [InlineData("x86_64", 0x10, 0x18, 0x33, 0x2b)]
    public void TheKernelsSegmentsAreFlatFrom0To4GiB(string machine, int kernelCode, int kernelData, int userCode, int userData)
    {
        GlobalDescriptorTable gdt = GlobalDescriptorTable.ForLinux(Mode(machine));
        Assert.Equal((kernelCode, kernelData, userCode, userData), (gdt.KernelCode, gdt.KernelData, gdt.UserCode, gdt.UserData));
        Assert.All((int[])[kernelCode, kernelData, userCode, userData], s =>
        {
            SegmentDescriptor d = gdt[s >> 3];
            Assert.Equal((0U, uint.MaxValue, s & 3, true), (d.Base, d.Limit, d.Dpl, d.Present));
        });
    }

    /// <summary>A page mapped at a linear address is reached by the same number as an offset, through every flat register, and the log shows it.</summary>
    [Theory]
    [MemberData(nameof(Machines))]
    public void LogicalIsLinear(string machine)
    {
        PagingMode mode = Mode(machine);
        TestMachine m = TestMachine.InUserMode(new HardwareOptions { Paging = mode });
        m.Map(0x1234_5000, 0x321, TestMachine.UserPage);
        foreach (SegmentRegister register in (SegmentRegister[])[SegmentRegister.Default, SegmentRegister.Ds, SegmentRegister.Es, SegmentRegister.Ss])
        {
            AccessResult result = m.Core.Access(new MemoryAccess(0x1234_5678, 4, AccessKind.Load) { Segment = register });
            Assert.Equal((-1, 0x32_1678UL), (result.Fault.Vector, result.PhysicalAddress));
        }
        Assert.Contains(m.Events(), e => e.StartsWith("tlb.fill ", StringComparison.Ordinal) && e.Contains("vpn=0x12345", StringComparison.Ordinal) && e.Contains("pfn=0x321", StringComparison.Ordinal));
    }

    /// <summary>Beyond 4 GiB there is nothing in a 32-bit machine, with PAE neither: the limit stops the access, #GP(0), or #SS(0) by way of the stack.</summary>
    [Theory]
    [InlineData("i386")]
    [InlineData("i386-pae")]
    public void TheLimitIsChecked(string machine)
    {
        TestMachine m = TestMachine.InUserMode(new HardwareOptions { Paging = Mode(machine) });
        m.Map(0xffff_f000, 0x321, TestMachine.UserPage);
        Assert.Equal(-1, Access(m, SegmentRegister.Ds, 0xffff_fffc, 4).Vector);
        Assert.Equal((GeneralProtection, 0L), Fault(Access(m, SegmentRegister.Ds, 0xffff_fffd, 4)));
        Assert.Equal((GeneralProtection, 0L), Fault(Access(m, SegmentRegister.Ds, 0x1_0000_0000, 1)));
        Assert.Equal((StackFault, 0L), Fault(Access(m, SegmentRegister.Ss, 0xffff_fffd, 4)));
    }

    /// <summary>User code may load its own segments and null, not the kernel's (#GP with the selector), no code into SS, and none beyond the table.</summary>
    [Theory]
    [InlineData(SegmentRegister.Ds, 0x7b, -1, 0)]
    [InlineData(SegmentRegister.Es, 0x73, -1, 0)]
    [InlineData(SegmentRegister.Fs, 0, -1, 0)]
    [InlineData(SegmentRegister.Ds, 0x68, GeneralProtection, 0x68)]
    [InlineData(SegmentRegister.Gs, 0x60, GeneralProtection, 0x60)]
    [InlineData(SegmentRegister.Ss, 0x73, GeneralProtection, 0x70)]
    [InlineData(SegmentRegister.Ss, 0, GeneralProtection, 0)]
    [InlineData(SegmentRegister.Ds, 0x103, GeneralProtection, 0x100)]
    [InlineData(SegmentRegister.Ds, 0x7f, GeneralProtection, 0x7c)]
    public void PrivilegeAndTypeAreChecked(SegmentRegister register, int selector, int vector, int errorCode)
    {
        TestMachine m = TestMachine.InUserMode(new HardwareOptions { Paging = PagingMode.I386TwoLevel });
        SegmentFault fault = m.Core.LoadSegment(register, (ushort)selector, -1);
        Assert.Equal((vector, errorCode), (fault.Vector, fault.ErrorCode));
    }

    /// <summary>Access through a register that holds null, and writes to what may only be executed.</summary>
    [Fact]
    public void AccessesAreCheckedAgainstTheSegmentsType()
    {
        TestMachine m = TestMachine.InUserMode(new HardwareOptions { Paging = PagingMode.I386TwoLevel });
        m.Map(0x5000, 0x321, TestMachine.UserPage);
        Assert.Equal(-1, m.Core.LoadSegment(SegmentRegister.Es, 0x73, -1).Vector);
        Assert.Equal(-1, Access(m, SegmentRegister.Es, 0x5000, 4).Vector);
        Assert.Equal(GeneralProtection, m.Core.Access(new MemoryAccess(0x5000, 4, AccessKind.Store) { Segment = SegmentRegister.Es }).Fault.Vector);
        Assert.Equal(-1, m.Core.LoadSegment(SegmentRegister.Es, 0, -1).Vector);
        Assert.Equal((GeneralProtection, 0L), Fault(Access(m, SegmentRegister.Es, 0x5000, 4)));
    }

    /// <summary>A descriptor that is not present: #NP with the selector for data, #SS for the stack.</summary>
    [Theory]
    [InlineData(SegmentRegister.Ds, NotPresent)]
    [InlineData(SegmentRegister.Ss, StackFault)]
    public void AbsentSegmentsFault(SegmentRegister register, int vector)
    {
        var gdt = new GlobalDescriptorTable([default, SegmentDescriptor.Make(0, 0xF_FFFF, 0x73, 0xC)], 0, 0, 0, 0, 0, longMode: false);
        Assert.Equal(new SegmentFault(vector, 8), new SegmentationUnit(gdt).Check(register, (1 << 3) | 3, 3));
    }

    /// <summary>A segment that is not flat, such as one of thread-local storage: offsets begin at its base, and end at its limit.</summary>
    [Fact]
    public void OtherSegmentsMoveAndBoundAddresses()
    {
        var gdt = new GlobalDescriptorTable([default, SegmentDescriptor.Make(0xb7fc_3740, 0xff, 0xF3, 0x4)], 0, 0, 0, 0, 0, longMode: false);
        var unit = new SegmentationUnit(gdt);
        unit.Load(SegmentRegister.Gs, (1 << 3) | 3);
        Assert.Equal(SegmentFault.None, unit.Translate(SegmentRegister.Gs, 0x14, 4, AccessKind.Load, out ulong linear));
        Assert.Equal(0xb7fc_3754UL, linear);
        Assert.Equal(new SegmentFault(GeneralProtection, 0), unit.Translate(SegmentRegister.Gs, 0xfd, 4, AccessKind.Load, out _));
    }

    private static PageFault Access(TestMachine m, SegmentRegister register, ulong offset, int size) =>
        m.Core.Access(new MemoryAccess(offset, size, AccessKind.Load) { Segment = register }).Fault;

    private static (int Vector, long ErrorCode) Fault(PageFault fault) => (fault.Vector, fault.ErrorCode);

    private static PagingMode Mode(string machine) =>
        machine switch { "i386" => PagingMode.I386TwoLevel, "i386-pae" => PagingMode.I386Pae, _ => PagingMode.X86_64FourLevel };
}
