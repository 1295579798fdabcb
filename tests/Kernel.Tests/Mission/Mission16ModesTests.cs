using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Kernel.Mm;
using Sim.Kernel.Tasks;
using Sim.Kernel.Tests.Support;

namespace Sim.Kernel.Tests.Mission;

/// <summary>
/// Row 16: user and kernel mode and the three ways in: system call, exception, external interrupt. Mode switches are events with
/// their cause and cost. To see it: <c>sim events RUN --kind cpu.enter</c> and <c>--kind cpu.return</c>; docs/tasks.md.
/// </summary>
public sealed class Mission16ModesTests
{
    private const ulong At = 0x1000_0000;
    private const int NanosleepNumber = 35, MmapNumber = 9;

    [Fact]
    public void EveryWayIntoTheKernelIsAnEventWithItsVector()
    {
        Modes modes = Run();
        Assert.Contains(modes.Enters, e => e.Event.Entry == EntryKind.Syscall && e.Event.Vector == MmapNumber);
        Assert.Contains(modes.Enters, e => e.Event.Entry == EntryKind.Syscall && e.Event.Vector == NanosleepNumber);
        CpuEnter fault = modes.Enters.First(e => e.Event.Entry == EntryKind.Exception).Event;
        Assert.Equal((14, 6, (long)At), (fault.Vector, fault.ErrorCode, fault.Address));
        Assert.Contains(modes.Enters, e => e.Event.Entry == EntryKind.Interrupt && e.Event.Vector == 0xec);
        Assert.Contains(modes.Enters, e => e.Event.Entry == EntryKind.Interrupt && e.Event.Vector == 0xfb && e.Event.Cpu == 1);
    }

    /// <summary>Entries and returns alternate, and what the kernel did in between names the entry as its cause.</summary>
    [Fact]
    public void EveryReturnNamesItsEntryAsTheCause()
    {
        Modes modes = Run();
        var enters = modes.Enters.ToDictionary(e => e.Header.Sequence);
        int direct = modes.Returns.Count(r => enters.ContainsKey(r.Header.Cause));
        // The rest are returns into another task than the one that entered: caused by the switch.
        Assert.True(direct > 10);
        Assert.All(modes.Returns.Where(r => r.Header.Cause >= 0 && !enters.ContainsKey(r.Header.Cause)), r => Assert.Contains(r.Header.Cause, modes.Switches));
        Assert.All(modes.Returns.Where(r => enters.ContainsKey(r.Header.Cause)), r => Assert.Equal(enters[r.Header.Cause].Event.Cpu, r.Event.Cpu));
    }

    /// <summary>Nothing happens between these entries and returns, so that the time between them and the next access is their cost.</summary>
    [Theory]
    [InlineData(EntryKind.Syscall, 100, 80)]
    [InlineData(EntryKind.Exception, 400, 300)]
    [InlineData(EntryKind.Interrupt, 500, 300)]
    public void EachWayHasItsCost(EntryKind kind, int entryCycles, int returnCycles)
    {
        var course = new TlbCourse(KernelProfile.X86_64, 1, pcid: false, seed: 1);
        course.Shared(0);
        Cpu cpu = course.Cpu(0);
        Assert.Equal(CpuMode.User, cpu.Mode);
        long cycle = cpu.Cycle;
        EventHeader entry = cpu.EnterKernel(kind, 1, 0, 0, -1);
        Assert.Equal((CpuMode.Kernel, entryCycles), (cpu.Mode, (int)(cpu.Cycle - cycle)));
        cycle = cpu.Cycle;
        cpu.ReturnToUser(entry.Sequence);
        Assert.Equal((CpuMode.User, returnCycles), (cpu.Mode, (int)(cpu.Cycle - cycle)));
    }

    [Fact]
    public void UserModeMayNotWhatTheKernelMay()
    {
        var course = new TlbCourse(KernelProfile.X86_64, 1, pcid: false, seed: 1);
        course.Shared(0);
        var kernelAddress = new MemoryAccess(course.Machine.Spaces.Layout.DirectMapBase, 8, AccessKind.Load);
        PageFault fault = course.Cpu(0).Access(in kernelAddress).Fault;
        Assert.Equal((14, 5), (fault.Vector, fault.ErrorCode));
        course.EnterKernel(0);
        Assert.True(course.Cpu(0).Access(in kernelAddress).Completed);
    }

    /// <summary>Two CPUs: one task maps, touches, sleeps and computes; another's page tables are changed while a CPU runs it.</summary>
    private static Modes Run()
    {
        var log = new MemoryLog();
        var machine = new TestMachine(cpus: 2, sink: log);
        var batch = new MemoryAccess[32];
        Array.Fill(batch, new MemoryAccess(At, 8, AccessKind.Store) { ComputeCycles = 1_000 });
        machine.Virtual.Tasks.Start("modes", 0, new ScriptedProgram((task, step) =>
        {
            if (step == 0)
            {
                task.Calls.Mmap(task, At, 8 << 12, ProtFlags.Read | ProtFlags.Write, MapFlags.Anonymous | MapFlags.Private | MapFlags.Fixed);
            }
            while (!task.IsOver)
            {
                task.Run(batch);
            }
            task.SleepPs = 1_000_000;
            return step % 500 == 499 ? ProgramStatus.Sleeping : ProgramStatus.Running;
        }), -1);
        machine.Run(20_000_000_000);
        Cpu other = machine.Machine.Cpus[1];
        AddressSpace mm = machine.Spaces[1];
        machine.Virtual.Tlb.Load(other, mm, -1);
        other.ReturnToUser(-1);
        machine.Virtual.Tlb.FlushRange(mm, At, At + 4096, 0, -1);
        machine.Journal.Complete();
        var modes = new Modes();
        log.Fold(machine.Catalogue, [modes]);
        return modes;
    }

    private sealed class Modes : IApply<CpuEnter>, IApply<CpuReturn>, IApply<TaskSwitch>
    {
        public List<(EventHeader Header, CpuEnter Event)> Enters { get; } = [];

        public List<(EventHeader Header, CpuReturn Event)> Returns { get; } = [];

        public HashSet<long> Switches { get; } = [];

        public void Apply(in CpuEnter e, in EventHeader header) => Enters.Add((header, e));

        public void Apply(in CpuReturn e, in EventHeader header) => Returns.Add((header, e));

        public void Apply(in TaskSwitch e, in EventHeader header) => Switches.Add(header.Sequence);
    }
}
