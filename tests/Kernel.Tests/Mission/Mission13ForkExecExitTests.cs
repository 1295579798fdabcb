using System.Globalization;
using Sim.Hardware.Paging;
using Sim.Kernel.Exec;
using Sim.Kernel.Mm;
using Sim.Kernel.Tests.Exec;
using Sim.Kernel.Tests.Support;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Mission;

/// <summary>Mission row 13, fork, execve, exit: copy-on-write with write-protected entries, and counts right down to zero.</summary>
public sealed class Mission13ForkExecExitTests
{
    private const ulong At = 0x1000_0000;
    private const ProtFlags ReadWrite = ProtFlags.Read | ProtFlags.Write;

    /// <summary>Faults of a child's reads and writes, and of the parent's writes after its end: those this machine's kernel counts.</summary>
    [Fact]
    public void CopyOnWriteFaultsAsOnThisMachine()
    {
        long[] real = [.. RealKernel.Ask("cow")["cow"].Select(v => long.Parse(v, CultureInfo.InvariantCulture))];
        (TestVirtualMemory vm, int parent) = Parent(KernelProfile.X86_64);
        int child = Fork(vm, parent);
        Assert.Equal(real[0], Faults(vm, child, () => Touch(vm, child, 50, write: false)));
        Assert.Equal(real[1], Faults(vm, child, () => Touch(vm, child, 10, write: true)));
        End(vm, child);
        Assert.Equal(real[2], Faults(vm, parent, () => Touch(vm, parent, 20, write: true)));
        vm.AssertInvariants();
    }

    /// <summary>After fork both have every page write-protected and mapped twice; the first writer copies, the last one keeps the frame.</summary>
    [Theory]
    [InlineData(KernelProfile.X86_64)]
    [InlineData(KernelProfile.I386Pae)]
    [InlineData(KernelProfile.I386Classic)]
    public void PagesAreWriteProtectedAndCopiedOnce(KernelProfile profile)
    {
        (TestVirtualMemory vm, int parent) = Parent(profile);
        long[] before = [.. Frames(vm, parent)];
        int child = Fork(vm, parent);
        Assert.Equal(before, Frames(vm, child));
        foreach (int pid in (int[])[parent, child])
        {
            Assert.All(Enumerable.Range(0, 50), page => Assert.Equal(
                PteFlags.Present, (PteFlags)vm.Spaces.Tables.ReadPte(vm.Spaces[pid].Root, At + ((ulong)page << 12)) & (PteFlags.Present | PteFlags.Write)));
        }
        Assert.All(before, pfn => Assert.Equal(2, vm.Kernel.Pages.Frames[pfn].MapCount));
        Touch(vm, child, 10, write: true);
        Assert.All(before[..10], pfn => Assert.Equal(1, vm.Kernel.Pages.Frames[pfn].MapCount));
        Assert.Empty(Frames(vm, child)[..10].Intersect(before));
        Touch(vm, parent, 10, write: true);
        Assert.Equal(before, Frames(vm, parent));
        vm.AssertInvariants();
    }

    /// <summary>Grandchildren too: each exit takes one from each count; the last gives the frames back.</summary>
    [Fact]
    public void CountsGoDownToZero()
    {
        (TestVirtualMemory vm, int parent) = Parent(KernelProfile.X86_64);
        long[] frames = Frames(vm, parent);
        int child = Fork(vm, parent), grandchild = Fork(vm, child);
        Assert.All(frames, pfn => Assert.Equal(3, vm.Kernel.Pages.Frames[pfn].MapCount));
        End(vm, parent);
        Assert.All(frames, pfn => Assert.Equal((2, FrameState.Allocated), (vm.Kernel.Pages.Frames[pfn].MapCount, vm.Kernel.Pages.Frames[pfn].State)));
        End(vm, grandchild);
        Assert.All(frames, pfn => Assert.Equal(1, vm.Kernel.Pages.Frames[pfn].MapCount));
        End(vm, child);
        Assert.All(frames, pfn => Assert.NotEqual(FrameState.Allocated, vm.Kernel.Pages.Frames[pfn].State));
        Assert.Equal(0, vm.Spaces.ReverseMap.Count);
        vm.AssertInvariants();
    }

    /// <summary>execve in a child lets go of what it shared with its parent, and what the program mapped goes with its exit.</summary>
    [Theory]
    [InlineData(KernelProfile.X86_64)]
    [InlineData(KernelProfile.I386Pae)]
    [InlineData(KernelProfile.I386Classic)]
    public void ExecveReplacesTheMemoryOfAFork(KernelProfile profile)
    {
        var machine = new TestMachine(profile);
        var cpu = machine.Machine.Cpus[0];
        var programs = Programs.Usual(machine.Virtual.Programs.Abi.Class);
        int parent = machine.Virtual.Processes.Create("sh", cpu, -1);
        Execute(parent, "/static");
        ulong stack = machine.Spaces[parent].StartStack;
        long shared = machine.FrameAt(parent, stack);
        int child = (int)machine.Virtual.Processes.Fork(parent, "sh", cpu, -1);
        FrameTable frames = machine.Machine.State.Memory.Pages.Frames;
        Assert.Equal((2, shared), (frames[shared].MapCount, machine.FrameAt(child, stack)));
        Execute(child, "/pie");
        Assert.Equal(1, frames[shared].MapCount);
        Assert.Equal("pie", machine.Journal.Symbols[machine.Tasks[child].Comm]);
        foreach (int pid in (int[])[child, parent])
        {
            long kernelStack = machine.Tasks[pid].StackPfn;
            machine.Virtual.Processes.Exit(pid, 0, 0, cpu, -1);
            machine.Virtual.Processes.Release(kernelStack, cpu, -1);
        }
        Assert.Equal((0, 0), (machine.Spaces.ReverseMap.Count, machine.Spaces.Areas.Count));
        machine.AssertInvariants();

        void Execute(int pid, string path) =>
            Assert.Equal(Errno.None, machine.Virtual.Programs.Execute(pid, path, ProgramArguments.Of(path, [path], []), programs, cpu, -1).Error);
    }

    private static (TestVirtualMemory Vm, int Pid) Parent(KernelProfile profile)
    {
        var vm = new TestVirtualMemory(profile);
        int pid = vm.NewProcess();
        vm.Mmap(pid, At, 50 << 12, ReadWrite, MapFlags.Private | MapFlags.Anonymous | MapFlags.Fixed);
        Touch(vm, pid, 50, write: true);
        return (vm, pid);
    }

    private static int Fork(TestVirtualMemory vm, int parent) => (int)vm.Processes.Fork(parent, "child", vm.Cpu, -1);

    private static void End(TestVirtualMemory vm, int pid)
    {
        long stack = vm.State.Tasks[pid].StackPfn;
        vm.Processes.Exit(pid, 0, 0, vm.Cpu, -1);
        vm.Processes.Release(stack, vm.Cpu, -1);
    }

    private static void Touch(TestVirtualMemory vm, int pid, int pages, bool write)
    {
        for (int page = 0; page < pages; page++)
        {
            vm.Touch(pid, At + ((ulong)page << 12), write);
        }
    }

    private static long Faults(TestVirtualMemory vm, int pid, Action action)
    {
        long before = vm.Spaces.Faults(pid).Minor;
        action();
        return vm.Spaces.Faults(pid).Minor - before;
    }

    private static long[] Frames(TestVirtualMemory vm, int pid) => [.. Enumerable.Range(0, 50).Select(page => vm.FrameAt(pid, At + ((ulong)page << 12)))];
}
