using System.Globalization;
using Sim.Hardware.Cpu;
using Sim.Kernel.Faults;
using Sim.Kernel.Mm;
using Sim.Kernel.Tasks;
using Sim.Kernel.Tests.Support;

namespace Sim.Kernel.Tests.Mission;

/// <summary>
/// Mission row 9: the heap grows up by brk, the stack down by faults, with guard gap and limits. The stack's bounds are those that a
/// program finds on this machine's kernel.
/// </summary>
public sealed class Mission09HeapAndStackTests
{
    private const ulong Top = 0x7fff_ffff_f000, Heap = 0x0100_0000;

    [Fact]
    public void TheHeapGrowsUpAndShrinksPageByPage()
    {
        var vm = new TestVirtualMemory();
        int pid = vm.NewProcess();
        vm.Mapping.SetLayout(pid, Heap, Top - 4096, -1);
        Assert.Equal((long)Heap, vm.Brk(pid, 0));
        Assert.Equal((long)Heap + 5_000, vm.Brk(pid, Heap + 5_000));
        // Two pages: the break need not be aligned, the area is.
        Assert.Equal((Heap, Heap + 0x2000), Bounds(vm, pid));
        Assert.Equal(SegvCode.None, vm.Touch(pid, Heap + 5_000, write: true));
        Assert.Equal(SegvCode.MapErr, vm.Touch(pid, Heap + 0x2000, write: true));
        vm.Brk(pid, Heap + 0x10_0000);
        Assert.Equal((Heap, Heap + 0x10_0000), Bounds(vm, pid));
        Assert.Equal(SegvCode.None, vm.Touch(pid, Heap + 0xf_f000, write: true));
        vm.Brk(pid, Heap + 0x1000);
        Assert.Equal((Heap, Heap + 0x1000), Bounds(vm, pid));
        Assert.Equal(0, vm.Spaces[pid].AnonRss);
        // Below its start it does not go: the answer is the break as it was.
        Assert.Equal((long)Heap + 0x1000, vm.Brk(pid, Heap - 1));
        vm.AssertInvariants();
    }

    /// <summary>RLIMIT_DATA, RLIMIT_AS and whatever lies in the way leave the break where it was (brk(2)).</summary>
    [Fact]
    public void TheHeapKeepsToItsLimits()
    {
        var vm = new TestVirtualMemory();
        int pid = vm.NewProcess();
        vm.Mapping.SetLayout(pid, Heap, Top - 4096, -1);
        vm.Mmap(pid, Heap + 0x10_0000, 4096, ProtFlags.Read, MapFlags.Private | MapFlags.Anonymous | MapFlags.Fixed);
        long brk = vm.Brk(pid, Heap + 0x8_0000);
        Assert.Equal(brk, vm.Brk(pid, Heap + 0x10_0001));
        vm.Limit(addressSpaceBytes: -1, dataBytes: 0x9_0000);
        Assert.Equal(brk, vm.Brk(pid, Heap + 0xa_0000));
        Assert.Equal((long)Heap + 0x9_0000, vm.Brk(pid, Heap + 0x9_0000));
        vm.Limit(addressSpaceBytes: 0x9_8000, dataBytes: -1);
        Assert.Equal((long)Heap + 0x9_0000, vm.Brk(pid, Heap + 0xa_0000));
    }

    /// <summary>Pages below its top that the stack may have under RLIMIT_STACK of 1 MiB: the first refused is the same.</summary>
    [Fact]
    public void TheStackGrowsAsFarAsOnThisMachine()
    {
        string[] real = RealKernel.Ask("stack")["stack"];
        var vm = new TestVirtualMemory(options: new MmOptions { StackLimitBytes = 1 << 20 });
        int pid = vm.NewProcess();
        Assert.Equal(0, vm.Mapping.MapStack(pid, Top - (33UL << 12), Top, vm.Cpu, -1));
        Assert.Equal(
            (long.Parse(real[0], CultureInfo.InvariantCulture), int.Parse(real[1], CultureInfo.InvariantCulture)), Descend(vm, pid, Top, out ulong refused));
        Assert.Equal(Top - (1 << 20) - 4096, refused);
        vm.AssertInvariants();
    }

    /// <summary>A mapping below: the stack stops as many pages above it as on this machine (stack_guard_gap).</summary>
    [Fact]
    public void TheStackKeepsTheGuardGapOfThisMachine()
    {
        string[] real = RealKernel.Ask("guard")["guard"];
        var vm = new TestVirtualMemory();
        int pid = vm.NewProcess();
        ulong start = Top - (33UL << 12), below = start - (400UL << 12);
        vm.Mapping.MapStack(pid, start, Top, vm.Cpu, -1);
        vm.Mmap(pid, below, 4096, ProtFlags.Read, MapFlags.Private | MapFlags.Anonymous | MapFlags.Fixed);
        (_, int code) = Descend(vm, pid, start + 4096, out ulong refused);
        ulong gap = (refused + 4096 - (below + 4096)) >> 12;
        Assert.Equal((long.Parse(real[0], CultureInfo.InvariantCulture), int.Parse(real[1], CultureInfo.InvariantCulture)), ((long)gap, code));
    }

    /// <summary>Frames of a function that calls itself, on the CPU, until the stack is full: SIGSEGV ends the task.</summary>
    [Theory]
    [InlineData(KernelProfile.X86_64)]
    [InlineData(KernelProfile.I386Pae)]
    [InlineData(KernelProfile.I386Classic)]
    public void DeepRecursionEndsInSigsegv(KernelProfile profile)
    {
        const int FrameBytes = 400;
        var machine = new TestMachine(profile);
        ulong top = machine.Spaces.Layout.TaskSize, calls = 0;
        machine.Virtual.Tasks.Start("deep", 0, new ScriptedProgram((task, step) =>
        {
            if (step == 0)
            {
                machine.Virtual.Mapping.MapStack(task.Pid, top - (33 << 12), top, task.Cpu, -1);
            }
            for (; !task.IsOver && task.Access(top - ((calls + 1) * FrameBytes), 8, AccessKind.Store); calls++)
            {
            }
            return ProgramStatus.Running;
        }), -1);
        machine.Run();
        Assert.Equal((TaskState.Dead, Signal.Segv), (machine.Tasks[1].State, (int)machine.Tasks[1].Signal));
        // RLIMIT_STACK is 8 MiB.
        Assert.Equal((8UL << 20) / FrameBytes, calls);
        machine.AssertInvariants();
    }

    private static (long Pages, int Code) Descend(TestVirtualMemory vm, int pid, ulong from, out ulong refused)
    {
        SegvCode code;
        ulong at = from - 4096;
        for (; (code = vm.Touch(pid, at, write: true)) == SegvCode.None; at -= 4096)
        {
        }
        refused = at;
        return ((long)(from - at) >> 12, (int)code);
    }

    private static (ulong Start, ulong End) Bounds(TestVirtualMemory vm, int pid) => (vm.AreasOf(pid)[0].VmStart, vm.AreasOf(pid)[0].VmEnd);
}
