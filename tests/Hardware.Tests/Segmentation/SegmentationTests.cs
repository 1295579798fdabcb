using Sim.Hardware.Cpu;
using Sim.Hardware.Paging;
using Sim.Hardware.Segmentation;
using Sim.Hardware.Tests.Support;

namespace Sim.Hardware.Tests.Segmentation;

/// <summary>Descriptor checks of the Intel SDM, volume 3A, chapter 5, on a table with one descriptor of each kind.</summary>
public sealed class SegmentationTests
{
    private const byte Byte32 = 0x4, Page32 = 0xC;

    // Selectors: index << 3 | RPL.
    private const ushort Null = 0, KernelCode = 1 << 3, KernelData = 2 << 3, UserCode = 3 << 3 | 3, UserData = 4 << 3 | 3,
        ReadOnly = 5 << 3 | 3, ExecuteOnly = 6 << 3 | 3, Absent = 7 << 3 | 3, Small = 8 << 3 | 3, Down = 9 << 3 | 3,
        Offset = 10 << 3 | 3, Tss = 11 << 3, AbsentCode = 12 << 3 | 3, Beyond = 13 << 3 | 3, Local = 4 << 3 | 4 | 3;

    private readonly GlobalDescriptorTable _gdt = new(
        [
            default,
            SegmentDescriptor.Make(0, 0xF_FFFF, 0x9B, Page32),
            SegmentDescriptor.Make(0, 0xF_FFFF, 0x93, Page32),
            SegmentDescriptor.Make(0, 0xF_FFFF, 0xFB, Page32),
            SegmentDescriptor.Make(0, 0xF_FFFF, 0xF3, Page32),
            SegmentDescriptor.Make(0, 0xF_FFFF, 0xF1, Page32),
            SegmentDescriptor.Make(0, 0xF_FFFF, 0xF9, Page32),
            SegmentDescriptor.Make(0, 0xF_FFFF, 0x73, Page32),
            SegmentDescriptor.Make(0, 0xFFF, 0xF3, Byte32),
            SegmentDescriptor.Make(0, 0xFFF, 0xF7, Byte32),
            SegmentDescriptor.Make(0x1234_5000, 0xFFFF, 0xF3, Byte32),
            SegmentDescriptor.Make(0, 0x67, 0x89, 0),
            SegmentDescriptor.Make(0, 0xF_FFFF, 0x7B, Page32),
        ],
        KernelCode, KernelData, UserCode, UserData, UserData, longMode: false);

    [Theory]
    [InlineData(SegmentRegister.Ds, UserData, 3, -1, 0)]
    [InlineData(SegmentRegister.Ds, UserData, 0, -1, 0)]
    [InlineData(SegmentRegister.Ds, Null, 3, -1, 0)]
    [InlineData(SegmentRegister.Ds, KernelData, 3, 13, 0x10)]
    [InlineData(SegmentRegister.Ds, KernelData, 0, -1, 0)]
    [InlineData(SegmentRegister.Ds, KernelData | 3, 0, 13, 0x10)]
    [InlineData(SegmentRegister.Ds, UserCode, 3, -1, 0)]
    [InlineData(SegmentRegister.Ds, ExecuteOnly, 3, 13, 0x30)]
    [InlineData(SegmentRegister.Ds, ReadOnly, 3, -1, 0)]
    [InlineData(SegmentRegister.Ds, Absent, 3, 11, 0x38)]
    [InlineData(SegmentRegister.Es, Tss, 0, 13, 0x58)]
    [InlineData(SegmentRegister.Es, Beyond, 3, 13, 0x68)]
    [InlineData(SegmentRegister.Es, Local, 3, 13, 0x24)]
    [InlineData(SegmentRegister.Ss, UserData, 3, -1, 0)]
    [InlineData(SegmentRegister.Ss, Null, 3, 13, 0)]
    [InlineData(SegmentRegister.Ss, Null, 0, 13, 0)]
    [InlineData(SegmentRegister.Ss, ReadOnly, 3, 13, 0x28)]
    [InlineData(SegmentRegister.Ss, UserCode, 3, 13, 0x18)]
    [InlineData(SegmentRegister.Ss, UserData, 0, 13, 0x20)]
    [InlineData(SegmentRegister.Ss, KernelData, 0, -1, 0)]
    [InlineData(SegmentRegister.Ss, Absent, 3, 12, 0x38)]
    [InlineData(SegmentRegister.Cs, UserCode, 3, -1, 0)]
    [InlineData(SegmentRegister.Cs, KernelCode, 3, 13, 8)]
    [InlineData(SegmentRegister.Cs, UserData, 3, 13, 0x20)]
    [InlineData(SegmentRegister.Cs, Null, 3, 13, 0)]
    [InlineData(SegmentRegister.Cs, AbsentCode, 3, 11, 0x60)]
    public void Loads(SegmentRegister register, int selector, int cpl, int vector, int errorCode) =>
        Assert.Equal(new SegmentFault(vector, errorCode), new SegmentationUnit(_gdt).Check(register, (ushort)selector, cpl));

    [Theory]
    [InlineData(UserData, 0UL, 1, AccessKind.Store, -1, 0UL)]
    [InlineData(UserData, 0xFFFF_FFFFUL, 1, AccessKind.Load, -1, 0xFFFF_FFFFUL)]
    [InlineData(UserData, 0xFFFF_FFFFUL, 2, AccessKind.Load, 13, 0UL)]
    [InlineData(UserData, 0x1_0000_0000UL, 1, AccessKind.Load, 13, 0UL)]
    [InlineData(UserData, ulong.MaxValue, 2, AccessKind.Load, 13, 0UL)]
    [InlineData(Null, 0UL, 1, AccessKind.Load, 13, 0UL)]
    [InlineData(ReadOnly, 0UL, 1, AccessKind.Load, -1, 0UL)]
    [InlineData(ReadOnly, 0UL, 1, AccessKind.Store, 13, 0UL)]
    [InlineData(ReadOnly, 0UL, 1, AccessKind.Modify, 13, 0UL)]
    [InlineData(UserCode, 8UL, 4, AccessKind.Load, -1, 8UL)]
    [InlineData(UserCode, 8UL, 4, AccessKind.Store, 13, 0UL)]
    [InlineData(Small, 0xFFCUL, 4, AccessKind.Store, -1, 0xFFCUL)]
    [InlineData(Small, 0xFFDUL, 4, AccessKind.Store, 13, 0UL)]
    [InlineData(Down, 0xFFFUL, 1, AccessKind.Load, 13, 0UL)]
    [InlineData(Down, 0x1000UL, 1, AccessKind.Load, -1, 0x1000UL)]
    [InlineData(Down, 0xFFFF_FFFFUL, 1, AccessKind.Load, -1, 0xFFFF_FFFFUL)]
    [InlineData(Offset, 0x10UL, 4, AccessKind.Load, -1, 0x1234_5010UL)]
    [InlineData(Offset, 0x1_0000UL, 1, AccessKind.Load, 13, 0UL)]
    public void Accesses(int selector, ulong offset, int size, AccessKind kind, int vector, ulong linear)
    {
        var unit = new SegmentationUnit(_gdt);
        unit.Load(SegmentRegister.Ds, (ushort)selector);
        Assert.Equal(new SegmentFault(vector, 0), unit.Translate(SegmentRegister.Default, offset, size, kind, out ulong actual));
        Assert.Equal(linear, actual);
    }

    [Fact]
    public void AStackAccessBeyondTheLimitIsAStackFault()
    {
        var unit = new SegmentationUnit(_gdt);
        unit.Load(SegmentRegister.Ss, Small);
        Assert.Equal(new SegmentFault(12, 0), unit.Translate(SegmentRegister.Ss, 0x1000, 4, AccessKind.Store, out _));
    }

    [Fact]
    public void OnlyFlatSegmentsAreFlat()
    {
        var unit = new SegmentationUnit(_gdt);
        unit.Load(SegmentRegister.Cs, UserCode);
        foreach ((ushort selector, bool flat) in new[] { (UserData, true), (ReadOnly, false), (Small, false), (Down, false), (Offset, false), (Null, false) })
        {
            unit.Load(SegmentRegister.Ds, selector);
            Assert.Equal(flat, unit.IsFlat);
        }
    }

    [Fact]
    public void LinuxSegmentsAreFlat()
    {
        foreach (PagingMode mode in new[] { PagingMode.I386TwoLevel, PagingMode.I386Pae, PagingMode.X86_64FourLevel })
        {
            GlobalDescriptorTable gdt = GlobalDescriptorTable.ForLinux(mode);
            foreach (ushort selector in new[] { gdt.KernelCode, gdt.KernelData, gdt.UserCode, gdt.UserData })
            {
                SegmentDescriptor d = gdt[selector >> 3];
                Assert.True(d.IsFlat && d.Present);
                Assert.Equal(selector & 3, d.Dpl);
            }
        }
        // As /proc and gdb show them: user CS and SS of a 32-bit kernel are 73 and 7b, of a 64-bit one 33 and 2b.
        GlobalDescriptorTable i386 = GlobalDescriptorTable.ForLinuxI386(), x64 = GlobalDescriptorTable.ForLinuxX86_64();
        Assert.Equal((0x60, 0x68, 0x73, 0x7b), (i386.KernelCode, i386.KernelData, i386.UserCode, i386.UserData));
        Assert.Equal((0x10, 0x18, 0x33, 0x2b), (x64.KernelCode, x64.KernelData, x64.UserCode, x64.UserData));
        // Descriptors of arch/x86 as the boot protocol documents give them: 0x00cf9b000000ffff and so on.
        Assert.Equal(0x00cf_9b00_0000_ffffUL, i386[12].Raw);
        Assert.Equal(0x00af_fb00_0000_ffffUL, x64[6].Raw);
    }

    [Fact]
    public void ThePathFromLogicalToPhysicalShowsInTheCpu()
    {
        TestMachine machine = TestMachine.InUserMode(new HardwareOptions { Paging = PagingMode.I386TwoLevel });
        machine.Map(0xFFFF_F000, 0x321, TestMachine.UserPage);
        Assert.Equal(0x321_FFEUL, machine.Core.Access(new MemoryAccess(0xFFFF_FFFE, 2, AccessKind.Load)).PhysicalAddress);
        Assert.Equal(13, machine.Core.Access(new MemoryAccess(0xFFFF_FFFE, 4, AccessKind.Load)).Fault.Vector);
        Assert.Equal(13, machine.Core.Access(new MemoryAccess(0x1_FFFF_FFFE, 1, AccessKind.Load)).Fault.Vector);

        Assert.Equal(13, machine.Core.LoadSegment(SegmentRegister.Ds, machine.State.Gdt.KernelData, -1).Vector);
        Assert.Equal(-1, machine.Core.LoadSegment(SegmentRegister.Ds, 0, -1).Vector);
        Assert.Equal(0, machine.Core.Run([new MemoryAccess(0xFFFF_F000, 2, AccessKind.Load)], long.MaxValue, out PageFault fault));
        Assert.Equal(13, fault.Vector);
        Assert.Equal(1, machine.Core.Run([new MemoryAccess(0xFFFF_F000, 2, AccessKind.Fetch)], long.MaxValue, out _));
        Assert.Equal(-1, machine.Core.LoadSegment(SegmentRegister.Ds, machine.State.Gdt.UserData, -1).Vector);
        Assert.Equal(1, machine.Core.Run([new MemoryAccess(0xFFFF_F000, 2, AccessKind.Load)], long.MaxValue, out _));
    }
}
