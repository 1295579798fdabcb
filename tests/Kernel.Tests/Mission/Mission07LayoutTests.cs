using System.Text.RegularExpressions;
using Sim.Hardware.Paging;
using Sim.Kernel.Exec;
using Sim.Kernel.Faults;
using Sim.Kernel.Mm;
using Sim.Kernel.ProcFs;
using Sim.Kernel.Tests.Exec;
using Sim.Kernel.Tests.Support;

namespace Sim.Kernel.Tests.Mission;

/// <summary>
/// Mission row 7: the layout of a 32-bit process, high to low: kernel, stack, mmap segment, heap, bss, data, text, reserved area.
/// Compared with <c>/proc/self/maps</c> of a static program on Debian's 6.1 kernel for 686-pae (norandmaps), recorded in QEMU; the
/// program's segments are those its recorded areas come from.
/// </summary>
public sealed partial class Mission07LayoutTests
{
    private const string Recorded = """
        08048000-08049000 r--p 00000000 00:02 6          /bin/kw
        08049000-080bb000 r-xp 00001000 00:02 6          /bin/kw
        080bb000-080ee000 r--p 00073000 00:02 6          /bin/kw
        080ee000-080f1000 r--p 000a5000 00:02 6          /bin/kw
        080f1000-080f3000 rw-p 000a8000 00:02 6          /bin/kw
        080f3000-08138000 rw-p 00000000 00:00 0          [heap]
        08138000-0815a000 rw-p 00000000 00:00 0          [heap]
        b7ffa000-b7ffe000 r--p 00000000 00:00 0          [vvar]
        b7ffe000-b8000000 r-xp 00000000 00:00 0          [vdso]
        bffdf000-c0000000 rw-p 00000000 00:00 0          [stack]
        """;

    [Theory]
    [InlineData(KernelProfile.I386Pae)]
    [InlineData(KernelProfile.I386)]
    public void MapsAreTheRecordedOnes(KernelProfile profile)
    {
        (TestMachine machine, int pid) = Execute(profile);
        string[] shown = Maps.Render(machine.Spaces, pid, machine.Journal.Symbols).TrimEnd('\n').Split('\n');
        // Devices and numbers of files are the simulated machine's own.
        Assert.Equal(Recorded.Split('\n'), shown.Select(l => FileIdentity().Replace(l, "00:02 6          /bin/kw")));
    }

    /// <summary>The order of the documents, by the marks in mm_struct.</summary>
    [Theory]
    [InlineData(KernelProfile.I386Classic)]
    [InlineData(KernelProfile.I386)]
    [InlineData(KernelProfile.I386Pae)]
    public void EverythingHasItsPlaceFromHighToLow(KernelProfile profile)
    {
        (TestMachine machine, int pid) = Execute(profile);
        AddressSpace mm = machine.Spaces[pid];
        long mapped = machine.Virtual.Mapping.Mmap(pid, 0, 8192, ProtFlags.Read, MapFlags.Private | MapFlags.Anonymous, MappedFile.None, 0, machine.Machine.Cpus[0], -1);
        ulong[] order =
        [
            machine.Spaces.Layout.KernelStart, mm.StartStack, (ulong)mapped, mm.Brk, mm.StartBrk, mm.EndData, mm.StartData, mm.EndCode, mm.StartCode,
            machine.Spaces.Layout.MinAddress,
        ];
        Assert.Equal(0xc000_0000UL, order[0]);
        Assert.Equal(order.OrderDescending(), order);
        Assert.True((ulong)mapped < machine.Spaces.Layout.MmapBase && mm.StartStack > machine.Spaces.Layout.MmapBase);
    }

    /// <summary>NULL and all below vm.mmap_min_addr: no mapping can be put there, and a touch is SIGSEGV.</summary>
    [Theory]
    [InlineData(KernelProfile.I386Classic)]
    [InlineData(KernelProfile.I386Pae)]
    public void TheReservedAreaIsOutOfBounds(KernelProfile profile)
    {
        (TestMachine machine, int pid) = Execute(profile);
        var cpu = machine.Machine.Cpus[0];
        const MapFlags Fixed = MapFlags.Private | MapFlags.Anonymous | MapFlags.Fixed;
        foreach (ulong address in (ulong[])[0, 4, 0xfff, 0x1000, 0xffff])
        {
            Assert.Equal(-(long)Errno.EPERM, machine.Virtual.Mapping.Mmap(pid, address & ~0xfffUL, 4096, ProtFlags.Read, Fixed, MappedFile.None, 0, cpu, -1));
            Assert.NotEqual(FaultResult.Resolved, machine.Virtual.Faults.Handle(pid, address, PageFaultErrorCode.User, cpu, -1, out SegvCode code));
            Assert.Equal(SegvCode.MapErr, code);
        }
        Assert.Equal(0x1_0000, machine.Virtual.Mapping.Mmap(pid, 0x1_0000, 4096, ProtFlags.Read, Fixed, MappedFile.None, 0, cpu, -1));
    }

    /// <summary>The program, and what its C library does before main: 34 pages of heap, and relocated data made read-only.</summary>
    private static (TestMachine Machine, int Pid) Execute(KernelProfile profile)
    {
        const ElfSegmentFlags Read = ElfSegmentFlags.Read, Write = Read | ElfSegmentFlags.Write, Exec = Read | ElfSegmentFlags.Exec;
        ElfSegment[] segments =
        [
            ElfBytes.Load(0, 0x0804_8000, 0x1e8, 0x1e8, Read), ElfBytes.Load(0x1000, 0x0804_9000, 0x7_1500, 0x7_1500, Exec),
            ElfBytes.Load(0x7_3000, 0x080b_b000, 0x3_2180, 0x3_2180, Read), ElfBytes.Load(0xa_5bec, 0x080e_ebec, 0x3f00, 0x4_9000, Write),
            new ElfSegment(ElfSegmentType.GnuStack, Write, 0, 0, 0, 0, 16),
        ];
        var programs = new Programs { ["/bin/kw"] = ElfBytes.Of(ElfClass.Elf32, ElfType.Executable, 0x0804_9570, null, segments) };
        var machine = new TestMachine(profile, bytes: 1536L << 20);
        var cpu = machine.Machine.Cpus[0];
        int pid = machine.Virtual.Processes.Create("init", cpu, -1);
        Assert.Equal(Errno.None, machine.Virtual.Programs.Execute(pid, "/bin/kw", ProgramArguments.Of("/bin/kw", ["/bin/kw"], []), programs, cpu, -1).Error);
        ulong brk = AddressSpaces.PageAlign(machine.Spaces[pid].Brk);
        Assert.Equal((long)brk + (34 << 12), machine.Virtual.Mapping.Brk(pid, brk + (34 << 12), cpu, -1));
        Assert.Equal(0, machine.Virtual.Mapping.Mprotect(pid, 0x080e_e000, 0x3000, ProtFlags.Read, cpu, -1));
        return (machine, pid);
    }

    [GeneratedRegex("08:01 [0-9]+ +/bin/kw")]
    private static partial Regex FileIdentity();
}
