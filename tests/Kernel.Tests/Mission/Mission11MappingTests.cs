using System.Globalization;
using Sim.Kernel.Exec;
using Sim.Kernel.Faults;
using Sim.Kernel.Mm;
using Sim.Kernel.ProcFs;
using Sim.Kernel.Tests.Exec;
using Sim.Kernel.Tests.Support;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Mission;

/// <summary>Mission row 11, the mmap segment: files, anonymous memory, shared libraries, memory shared between processes.</summary>
public sealed class Mission11MappingTests
{
    private const ProtFlags ReadWrite = ProtFlags.Read | ProtFlags.Write;

    /// <summary>A child's write is seen in shared memory and not in private memory, as by this machine's kernel.</summary>
    [Fact]
    public void SharedIsSharedAndPrivateIsPrivate()
    {
        int[] real = [.. RealKernel.Ask("sharing")["sharing"].Select(v => int.Parse(v, CultureInfo.InvariantCulture))];
        var vm = new TestVirtualMemory();
        int parent = vm.NewProcess();
        ulong own = (ulong)vm.Mmap(parent, 0, 4096, ReadWrite, MapFlags.Private | MapFlags.Anonymous);
        ulong shared = (ulong)vm.Mmap(parent, 0, 4096, ReadWrite, MapFlags.Shared | MapFlags.Anonymous);
        vm.Touch(parent, own, write: true);
        vm.Touch(parent, shared, write: true);
        int child = (int)vm.Processes.Fork(parent, "child", vm.Cpu, -1);
        vm.Touch(child, own, write: true);
        vm.Touch(child, shared, write: true);
        // The program prints 2 for a page on which the child's write is seen.
        Assert.Equal(real, new[] { own, shared }.Select(a => vm.FrameAt(parent, a) == vm.FrameAt(child, a) ? 2 : 1));
        Assert.Equal(2, vm.Kernel.Pages.Frames[vm.FrameAt(parent, shared)].MapCount);
        vm.AssertInvariants();
    }

    /// <summary>A file's page is one frame of the page cache for all who map it, privately or not; a private write copies it, a shared one does not.</summary>
    [Fact]
    public void FilesAreMappedThroughThePageCache()
    {
        var vm = new TestVirtualMemory();
        int one = vm.NewProcess(), two = vm.NewProcess();
        var file = new MappedFile(vm.Kernel.Journal.Intern("/data"), Readable: true, Writable: true);
        ulong a = (ulong)vm.Mmap(one, 0, 4 << 12, ReadWrite, MapFlags.Private, file, 0);
        ulong b = (ulong)vm.Mmap(two, 0, 4 << 12, ReadWrite, MapFlags.Shared, file, 1 << 12);
        vm.Touch(one, a + (2 << 12), write: false);
        vm.Touch(two, b + (1 << 12), write: false);
        long frame = vm.FrameAt(one, a + (2 << 12));
        Assert.Equal(frame, vm.FrameAt(two, b + (1 << 12)));
        Assert.Equal((FrameUse.File, 2, 2), (vm.Kernel.Pages.Frames[frame].Use, vm.Kernel.Pages.Frames[frame].Index, vm.Kernel.Pages.Frames[frame].MapCount));
        vm.Touch(two, b + (1 << 12), write: true);
        Assert.Equal(frame, vm.FrameAt(two, b + (1 << 12)));
        vm.Touch(one, a + (2 << 12), write: true);
        Assert.NotEqual(frame, vm.FrameAt(one, a + (2 << 12)));
        Assert.Equal(FrameUse.Anon, vm.Kernel.Pages.Frames[vm.FrameAt(one, a + (2 << 12))].Use);
        Assert.Equal(1, vm.Kernel.Pages.Frames[frame].MapCount);
        vm.AssertInvariants();
    }

    /// <summary>Two processes that execute one program have its text, and its loader's, in the same frames.</summary>
    [Theory]
    [InlineData(KernelProfile.X86_64)]
    [InlineData(KernelProfile.I386Pae)]
    [InlineData(KernelProfile.I386Classic)]
    public void LibrariesAreInMemoryOnce(KernelProfile profile)
    {
        var machine = new TestMachine(profile);
        var cpu = machine.Machine.Cpus[0];
        var programs = Programs.Usual(machine.Virtual.Programs.Abi.Class);
        int[] pids = new int[2];
        for (int i = 0; i < pids.Length; i++)
        {
            pids[i] = machine.Virtual.Processes.Create("init", cpu, -1);
            Assert.Equal(Errno.None, machine.Virtual.Programs.Execute(pids[i], "/pie", ProgramArguments.Of("/pie", ["/pie"], []), programs, cpu, -1).Error);
        }
        MapsRow[] text = [.. Maps.Rows(machine.Spaces, pids[0], machine.Journal.Symbols).Where(r => r.Perms == "r-xp" && r.Pathname is "/pie" or "/ld")];
        Assert.Equal(["/ld", "/pie"], text.Select(r => r.Pathname).Distinct().Order());
        foreach (ulong start in text.Select(r => Convert.ToUInt64(r.Start, 16)))
        {
            foreach (int pid in pids)
            {
                machine.Virtual.Faults.Handle(pid, start, Sim.Hardware.Paging.PageFaultErrorCode.User, cpu, -1, out _);
            }
            long frame = machine.FrameAt(pids[0], start);
            Assert.Equal(frame, machine.FrameAt(pids[1], start));
            StructPageRow page = StructPage.Row(machine.Machine.State, frame, machine.Journal.Symbols);
            Assert.Equal(pids, page.MappedBy.Select(m => m.Pid));
        }
        machine.AssertInvariants();
    }

    /// <summary>Memory shared with a child stays when the parent unmaps it, and ends with the last who maps it.</summary>
    [Fact]
    public void SharedMemoryLivesAsLongAsSomebodyMapsIt()
    {
        var vm = new TestVirtualMemory();
        int parent = vm.NewProcess();
        ulong at = (ulong)vm.Mmap(parent, 0, 8 << 12, ReadWrite, MapFlags.Shared | MapFlags.Anonymous);
        vm.Touch(parent, at, write: true);
        int child = (int)vm.Processes.Fork(parent, "child", vm.Cpu, -1);
        vm.Touch(child, at + 4096, write: true);
        vm.Touch(parent, at + 4096, write: false);
        long first = vm.FrameAt(parent, at);
        Assert.Equal(vm.FrameAt(child, at + 4096), vm.FrameAt(parent, at + 4096));
        vm.Munmap(parent, at, 8 << 12);
        Assert.Equal(SegvCode.None, vm.Touch(child, at, write: false));
        Assert.Equal((first, 2), (vm.FrameAt(child, at), vm.Spaces.Cache.Count));
        vm.Munmap(child, at, 8 << 12);
        Assert.Equal(0, vm.Spaces.Cache.Count);
        vm.AssertInvariants();
    }
}
