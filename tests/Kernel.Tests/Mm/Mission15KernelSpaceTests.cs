using Sim.Hardware.Cpu;
using Sim.Hardware.Paging;
using Sim.Kernel.Tasks;
using Sim.Kernel.Tests.Support;
using Sim.Kernel.Vmalloc;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Mm;

/// <summary>
/// Mission row 15: user space is 3 GiB, the kernel's gigabyte from 0xC0000000 is the same in every address space, and a program cannot
/// touch it. To see: <c>sim run traces/vmalloc.json --out runs/v; sim show runs/v kernel-layout; sim events runs/v --kind fault.vmalloc</c>.
/// </summary>
public sealed class Mission15KernelSpaceTests
{
    /// <summary>
    /// A new directory entry of the vmalloc area: in 2.6 an address space that was there before finds it at its first fault, 6.1 copies
    /// it to all at once; with PAE and on x86-64 a shared table below has it.
    /// </summary>
    [Theory]
    [InlineData(KernelProfile.I386Classic, 0, 1)]
    [InlineData(KernelProfile.I386, 1, 0)]
    [InlineData(KernelProfile.I386Pae, 0, 0)]
    [InlineData(KernelProfile.X86_64, 0, 0)]
    public void Every_address_space_has_the_kernels_entries(KernelProfile profile, int syncs, int faults)
    {
        var log = new MemoryLog();
        var test = new TestMachine(profile, bytes: 256L << 20, sink: log);
        Cpu cpu = test.Machine.Cpus[0];
        int before = test.Virtual.Processes.Create("before", cpu, -1);
        ulong area = test.Machine.Vmalloc.Alloc(5_000, GfpFlags.Kernel, test.Journal.Intern("driver"), cpu, -1);
        int behind = test.Virtual.Processes.Create("behind", cpu, -1);
        Assert.Equal(faults == 0, test.Spaces.IsKernelEntryIn(test.Spaces[before].Root, area));
        Assert.True(test.Spaces.IsKernelEntryIn(test.Spaces[behind].Root, area));
        foreach (int pid in (int[])[before, behind, before])
        {
            cpu.LoadRoot(test.Spaces[pid].Root, 0, -1);
            long entry = cpu.EnterKernel(EntryKind.Syscall, 3, 0, 0, -1).Sequence;
            test.Machine.KernelFaults.Access(cpu, area + 4_500, 4, AccessKind.Store, entry);
            ulong physical = cpu.Access(new MemoryAccess(area + 4_500, 4, AccessKind.Load)).PhysicalAddress;
            Assert.Equal(((ulong)test.Spaces.KernelPfn(area + 4_500) << 12) | ((area + 4_500) & 4095), physical);
            cpu.ReturnToUser(entry);
        }
        Assert.Null(KernelHalfInvariants.Violation(test.Machine.State.Virtual, test.Machine.State.Memory.Pages.Frames));
        test.Journal.Complete();
        List<string> events = log.Text(test.Catalogue);
        Assert.Equal((syncs, faults), (events.Count(e => e.StartsWith("vmalloc.sync", StringComparison.Ordinal)), events.Count(e => e.StartsWith("fault.vmalloc", StringComparison.Ordinal))));
        var folded = new MachineState(test.Options);
        log.Fold(test.Catalogue, folded.Appliers);
        Assert.Equal(test.Machine.State.Hash(_ => true), folded.Hash(_ => true));
    }

    /// <summary>
    /// A program's access to the kernel's half is SIGSEGV, SEGV_MAPERR; the CPU's error code says whether something was there that is
    /// not the program's (protection) or nothing. The kernel does not fill in entries for a program.
    /// </summary>
    [Theory]
    [InlineData(KernelProfile.I386, false, AccessKind.Load, PageFaultErrorCode.User | PageFaultErrorCode.Protection)]
    [InlineData(KernelProfile.I386, false, AccessKind.Store, PageFaultErrorCode.User | PageFaultErrorCode.Protection | PageFaultErrorCode.Write)]
    [InlineData(KernelProfile.I386Pae, false, AccessKind.Load, PageFaultErrorCode.User | PageFaultErrorCode.Protection)]
    [InlineData(KernelProfile.X86_64, false, AccessKind.Store, PageFaultErrorCode.User | PageFaultErrorCode.Protection | PageFaultErrorCode.Write)]
    [InlineData(KernelProfile.I386, true, AccessKind.Load, PageFaultErrorCode.User | PageFaultErrorCode.Protection)]
    [InlineData(KernelProfile.I386Classic, true, AccessKind.Load, PageFaultErrorCode.User)]
    public void A_program_cannot_touch_the_kernels_half(KernelProfile profile, bool vmalloc, AccessKind kind, PageFaultErrorCode code)
    {
        var log = new MemoryLog();
        var test = new TestMachine(profile, bytes: 256L << 20, sink: log);
        ulong address = test.Spaces.Kernel.PageOffset + 0x10_0000;
        int pid = test.Virtual.Tasks.Start("program", 0, new ScriptedProgram((task, _) =>
        {
            if (vmalloc)
            {
                long entry = task.Cpu.EnterKernel(EntryKind.Syscall, 3, 0, 0, -1).Sequence;
                address = test.Machine.Vmalloc.Alloc(5_000, GfpFlags.Kernel, test.Journal.Intern("driver"), task.Cpu, entry);
                task.Cpu.ReturnToUser(entry);
            }
            Assert.False(task.Access(address, 4, kind));
            return ProgramStatus.Running;
        }), -1);
        test.Run();
        Assert.Equal((TaskState.Dead, Signal.Segv), (test.Tasks[pid].State, test.Tasks[pid].Signal));
        test.Journal.Complete();
        string segv = Assert.Single(log.Text(test.Catalogue), e => e.StartsWith("fault.segv", StringComparison.Ordinal));
        Assert.Contains(" code=map_err ", segv, StringComparison.Ordinal);
        Assert.EndsWith($"={(int)code}", segv.TrimEnd(), StringComparison.Ordinal);
    }
}
