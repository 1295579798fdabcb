using System.Globalization;
using Sim.Hardware.Cpu;
using Sim.Hardware.Segmentation;
using Sim.Kernel.Mm;
using Sim.Kernel.PerCpu;
using Sim.Kernel.Syscalls;
using Sim.Kernel.Tasks;
using Sim.Kernel.Tests.Support;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Mission;

/// <summary>
/// Mission row 1, the kernel's own segment: in the kernel FS (i386) or the base of GS (x86-64) is that of the CPU's own area, in user mode
/// the task's. Areas lie where memblock placed them; what user mode sees of it, entry 15 of the GDT, is as on this machine.
/// </summary>
public sealed class Mission01PerCpuSegmentsTests
{
    private const ulong Data = 0x1000_0000;
    private const int Cpus = 3;

    public static TheoryData<KernelProfile> Profiles => [KernelProfile.I386Classic, KernelProfile.I386, KernelProfile.I386Pae, KernelProfile.X86_64];

    /// <summary>The linked address of a variable plus the segment's base is the variable in that CPU's own area, and no two share a frame.</summary>
    [Theory]
    [MemberData(nameof(Profiles))]
    public void SegmentsLeadToTheCpusOwnAreas(KernelProfile profile)
    {
        var machine = new TestMachine(profile, cpus: Cpus);
        PerCpuAreas areas = machine.Machine.State.Virtual.PerCpuAreas;
        var seen = new HashSet<long>();
        machine.AssertInvariants();
        foreach (Cpu cpu in machine.Machine.Cpus)
        {
            cpu.LoadRoot(machine.Spaces.KernelRoot, 0, -1);
            Assert.Equal(cpu.Id, PerCpuSegments.CurrentCpu(areas, cpu));
            AccessResult result = cpu.Access(new MemoryAccess(areas.Linked + 0x1234, 8, AccessKind.Load) { Segment = cpu.KernelSegment });
            Assert.Equal(((ulong)areas[cpu.Id].StartPfn << Page.Shift) + 0x1234, result.PhysicalAddress);
            for (long pfn = areas[cpu.Id].StartPfn; pfn < areas[cpu.Id].EndPfn; pfn++)
            {
                Assert.True(seen.Add(pfn));
            }
        }
        // Debian's 6.1: 62 pages a CPU on amd64, 33 on i686, linked to 0 and to 0xc1e72000 (readelf of the 686-pae kernel).
        Assert.Equal(profile switch { KernelProfile.X86_64 => 62, KernelProfile.I386Classic => 16, _ => 33 }, areas[0].Pages);
        Assert.True(profile is not KernelProfile.X86_64 || areas.Linked == 0);
        Assert.True(profile is not KernelProfile.I386Pae || areas.Linked == 0xc1e7_2000);
    }

    /// <summary>Before and after every dispatch, with tasks that have bases and selectors of their own and sleep, fault and switch.</summary>
    [Theory]
    [MemberData(nameof(Profiles))]
    public void TheWayInAndOutExchangesThem(KernelProfile profile)
    {
        var log = new MemoryLog();
        var machine = new TestMachine(profile, cpus: 2, sink: log);
        CpuState cpus = machine.Machine.State.Hardware.Cpus;
        PerCpuAreas areas = machine.Machine.State.Virtual.PerCpuAreas;
        bool longMode = profile == KernelProfile.X86_64;
        int inUser = 0, asked = 0;
        for (int i = 0; i < 4; i++)
        {
            uint at = (uint)(Data + (0x40 * (ulong)i));
            machine.Virtual.Tasks.Start($"task{i}", i % 2, new ScriptedProgram((task, step) =>
            {
                int cpu = task.Cpu.Id;
                if (step == 0)
                {
                    task.Calls.Mmap(task, Data, 8192, ProtFlags.Read | ProtFlags.Write, MapFlags.Private | MapFlags.Anonymous | MapFlags.Fixed);
                    task.Access(Data, 4, AccessKind.Store);
                    if (longMode)
                    {
                        Assert.Equal(0, task.SegmentCalls.ArchPrctl(task, SegmentCalls.ArchSetGs, at));
                    }
                    else
                    {
                        var descriptor = new UserDescriptor(-1, at, 0x3f) { Seg32Bit = true, Useable = true };
                        Assert.Equal(0, task.SegmentCalls.SetThreadArea(task, in descriptor, Data, out int entry));
                        Assert.True(task.LoadSegment(SegmentRegister.Fs, (ushort)(entry << 3 | 3)));
                    }
                }
                Assert.Equal(CpuMode.User, cpus.Mode(cpu));
                if (longMode)
                {
                    Assert.Equal((at, areas.OffsetOf(cpu)), (cpus.Base(cpu, SegmentRegister.Gs), cpus.ShadowGsBase(cpu)));
                }
                else
                {
                    Assert.Equal(6 << 3 | 3, cpus.Selector(cpu, SegmentRegister.Fs));
                    Assert.Equal(at, machine.Machine.State.Hardware.Descriptors.Global(cpu, 6).Base);
                }
                SegmentRegister own = longMode ? SegmentRegister.Gs : SegmentRegister.Fs;
                Assert.Equal(at & 0xfff, task.Cpu.Access(new MemoryAccess(0, 4, AccessKind.Load) { Segment = own }).PhysicalAddress & 0xfff);
                Assert.Equal(0, task.SegmentCalls.GetCpu(task, Data, out int number));
                Assert.Equal(cpu, number);
                asked++;
                inUser++;
                task.SleepPs = 500_000_000;
                return step < 5 ? ProgramStatus.Sleeping : ProgramStatus.Exited;
            }), -1);
        }
        while (machine.Machine.Scheduler.Step(long.MaxValue))
        {
            machine.AssertInvariants();
        }
        Assert.Equal((24, 24), (inUser, asked));
        Assert.All(Enumerable.Range(1, 4), pid => Assert.Equal(0, machine.Tasks[pid].Signal));
        machine.Journal.Complete();
        var state = new MachineState(machine.Options);
        log.Fold(machine.Catalogue, [.. state.Appliers]);
        Assert.Equal(machine.Machine.State.Hash(_ => true), state.Hash(_ => true));
    }

    /// <summary>A base that is another CPU's, and one of the kernel's left behind in user mode, are found.</summary>
    [Theory]
    [MemberData(nameof(Profiles))]
    public void WrongSegmentsAreFound(KernelProfile profile)
    {
        var machine = new TestMachine(profile, cpus: 2);
        Cpu cpu = machine.Machine.Cpus[1];
        ulong others = machine.Machine.State.Virtual.PerCpuAreas.OffsetOf(0);
        if (profile == KernelProfile.X86_64)
        {
            cpu.LoadKernelSegment(0, others, -1);
        }
        else
        {
            cpu.WriteDescriptor(PerCpuSegments.PerCpuEntry, machine.Machine.State.Hardware.Descriptors.Global(0, PerCpuSegments.PerCpuEntry), -1);
        }
        Assert.Contains("CPU 1", MachineInvariants.Violation(machine.Machine.State, hasTlbs: true), StringComparison.Ordinal);

        var leaking = new TestMachine(profile, cpus: 1);
        Cpu leaks = leaking.Machine.Cpus[0];
        leaks.WriteSegmentBase(SegmentRegister.Gs, leaking.Spaces.Kernel.PageOffset, -1);
        leaks.LoadSegment(SegmentRegister.Fs, PerCpuSegments.PerCpuEntry << 3, -1);
        leaks.ReturnToUser(-1);
        Assert.Contains("CPU 0, in User mode", MachineInvariants.Violation(leaking.Machine.State, hasTlbs: true), StringComparison.Ordinal);
    }

    /// <summary>User mode has a segment that it cannot write and whose limit is its CPU's number, on every CPU; LAR and LSL say the same here.</summary>
    [Fact]
    public void TheCpusNumberIsALimitAsOnThisMachine()
    {
        Dictionary<string, string[]> real = RealKernel.Ask("cpunode");
        Assert.NotEmpty(real);
        var machine = new TestMachine(cpus: 64);
        foreach ((string name, string[] said) in real.Where(r => int.Parse(r.Key[4..], CultureInfo.InvariantCulture) < 64))
        {
            SegmentDescriptor d = machine.Machine.State.Hardware.Descriptors.Global(int.Parse(name[4..], CultureInfo.InvariantCulture), PerCpuSegments.CpuNodeEntry);
            Assert.Equal(said, (string[])[d.Limit.ToString("x8", CultureInfo.InvariantCulture), (d.Raw >> 32 & 0x00f0_ff00).ToString("x8", CultureInfo.InvariantCulture)]);
        }
    }
}
