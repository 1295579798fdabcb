using Sim.Hardware.Paging;
using Sim.Kernel.Faults;
using Sim.Kernel.Mm;
using Sim.Kernel.Tests.Support;

namespace Sim.Kernel.Tests.Faults;

public class PageFaultTests
{
    private const MapFlags Anonymous = MapFlags.Anonymous | MapFlags.Private;
    private const ProtFlags ReadWrite = ProtFlags.Read | ProtFlags.Write;

    [Theory]
    [InlineData(KernelProfile.X86_64)]
    [InlineData(KernelProfile.I386Classic)]
    public void OnlyTouchedPagesHaveFrames(KernelProfile profile)
    {
        var vm = new TestVirtualMemory(profile);
        int pid = vm.NewProcess();
        long before = vm.FreeFrames();
        ulong at = (ulong)vm.Mmap(pid, 0, 1000 << 12, ReadWrite, Anonymous);
        Assert.Equal(before, vm.FreeFrames());
        for (ulong page = 0; page < 1000; page += 3)
        {
            Assert.Equal(SegvCode.None, vm.Touch(pid, at + (page << 12) + 5, write: true));
        }
        AddressSpace mm = vm.Spaces[pid];
        Assert.Equal(334, mm.AnonRss);
        Assert.Equal(new FaultCounts(334, 0), vm.Spaces.Faults(pid));
        Assert.Equal(before - 334 - mm.PageTables, vm.FreeFrames());
        for (ulong page = 0; page < 1000; page++)
        {
            Assert.Equal(page % 3 == 0, vm.FrameAt(pid, at + (page << 12)) >= 0);
        }
        vm.AssertInvariants();
        Assert.Equal(0, vm.Munmap(pid, at, 1000 << 12));
        Assert.Equal(before, vm.FreeFrames());
        Assert.Contains((at, at + (1000UL << 12)), vm.Flushes);
    }

    [Fact]
    public void ReadingMapsTheZeroPageAndWritingReplacesIt()
    {
        var vm = new TestVirtualMemory();
        int pid = vm.NewProcess();
        ulong at = (ulong)vm.Mmap(pid, 0, 8192, ReadWrite, Anonymous);
        vm.Touch(pid, at, write: false);
        vm.Touch(pid, at + 4096, write: false);
        Assert.Equal(vm.Spaces.ZeroPfn, vm.FrameAt(pid, at));
        Assert.Equal(vm.Spaces.ZeroPfn, vm.FrameAt(pid, at + 4096));
        Assert.Equal(0, vm.Spaces[pid].Rss);
        vm.Touch(pid, at, write: true);
        Assert.NotEqual(vm.Spaces.ZeroPfn, vm.FrameAt(pid, at));
        Assert.Equal(1, vm.Spaces[pid].AnonRss);
        Assert.Equal(3, vm.Spaces.Faults(pid).Minor);
        vm.AssertInvariants();
    }

    [Fact]
    public void ForbiddenAccessesAreTold()
    {
        var vm = new TestVirtualMemory();
        int pid = vm.NewProcess();
        ulong read = (ulong)vm.Mmap(pid, 0, 4096, ProtFlags.Read, Anonymous);
        ulong none = (ulong)vm.Mmap(pid, 0, 4096, ProtFlags.None, Anonymous);
        Assert.Equal(SegvCode.MapErr, vm.Touch(pid, 0, write: false));
        Assert.Equal(SegvCode.MapErr, vm.Touch(pid, 0x1234, write: true));
        Assert.Equal(SegvCode.MapErr, vm.Touch(pid, 0x4000_0000, write: false));
        Assert.Equal(SegvCode.MapErr, vm.Touch(pid, 0xffff_8880_0000_0000, write: false));
        Assert.Equal(SegvCode.AccErr, vm.Touch(pid, read, write: true));
        Assert.Equal(SegvCode.AccErr, vm.Touch(pid, none, write: false));
        Assert.Equal(SegvCode.None, vm.Touch(pid, read, write: false));
        Assert.Equal(SegvCode.AccErr, vm.Touch(pid, read, write: true));
        // The page is faulted in, and the fetch that follows is refused for good.
        Assert.Equal(SegvCode.AccErr, vm.Touch(pid, read, write: false, fetch: true));
        Assert.Equal(1, vm.Spaces.Faults(pid).Minor);
    }

    [Fact]
    public void I386HasNoExecuteProtection()
    {
        var vm = new TestVirtualMemory(KernelProfile.I386Classic);
        int pid = vm.NewProcess();
        ulong at = (ulong)vm.Mmap(pid, 0, 4096, ProtFlags.Read, Anonymous);
        Assert.Equal(SegvCode.None, vm.Touch(pid, at, write: false, fetch: true));
        Assert.Equal(SegvCode.MapErr, vm.Touch(pid, 0xc000_0000, write: false));
    }

    [Fact]
    public void ProcessesHaveTheirOwnFramesAtOneAddress()
    {
        var vm = new TestVirtualMemory();
        int one = vm.NewProcess(), two = vm.NewProcess();
        const ulong At = 0x1000_0000;
        foreach (int pid in new[] { one, two })
        {
            Assert.Equal((long)At, vm.Mmap(pid, At, 16384, ReadWrite, Anonymous | MapFlags.Fixed));
            for (ulong page = 0; page < 4; page++)
            {
                vm.Touch(pid, At + (page << 12), write: true);
            }
        }
        Assert.Equal(8, Enumerable.Range(0, 4).SelectMany(p => new[] { vm.FrameAt(one, At + ((ulong)p << 12)), vm.FrameAt(two, At + ((ulong)p << 12)) }).Distinct().Count());
        vm.AssertInvariants();
    }

    [Fact]
    public void FilePagesAreSharedUntilAPrivateWrite()
    {
        var vm = new TestVirtualMemory();
        int one = vm.NewProcess(), two = vm.NewProcess();
        var file = new MappedFile(vm.Kernel.Journal.Intern("/bin/sh"));
        ulong a = (ulong)vm.Mmap(one, 0, 8192, ReadWrite, MapFlags.Private, file, 4096);
        ulong b = (ulong)vm.Mmap(two, 0, 8192, ReadWrite, MapFlags.Private, file, 0);
        vm.Touch(one, a, write: false);
        vm.Touch(two, b + 4096, write: false);
        long shared = vm.FrameAt(one, a);
        Assert.Equal(shared, vm.FrameAt(two, b + 4096));
        Assert.Equal(2, vm.Kernel.Pages.Frames[shared].MapCount);
        Assert.Equal(new FaultCounts(0, 1), vm.Spaces.Faults(one));
        Assert.Equal(new FaultCounts(1, 0), vm.Spaces.Faults(two));
        vm.Touch(two, b + 4096, write: true);
        Assert.NotEqual(shared, vm.FrameAt(two, b + 4096));
        Assert.Equal((1L, 0L), (vm.Spaces[two].AnonRss, vm.Spaces[two].FileRss));
        // Writing at first touch copies at once; the page cache keeps the file's page.
        vm.Touch(two, b, write: true);
        Assert.Equal(2, vm.Spaces[two].AnonRss);
        Assert.Equal(2, vm.Spaces.Cache.Count);
        vm.AssertInvariants();
        vm.Processes.Exit(two, 0, 0, vm.Cpu, -1);
        vm.AssertInvariants();
        Assert.Equal(1, vm.Kernel.Pages.Frames[shared].MapCount);
        Assert.Equal(2, vm.Spaces.Cache.Count);
    }

    [Fact]
    public void SharedMemoryEndsWithItsLastMapping()
    {
        var vm = new TestVirtualMemory();
        int pid = vm.NewProcess();
        ulong at = (ulong)vm.Mmap(pid, 0, 4 << 12, ReadWrite, MapFlags.Anonymous | MapFlags.Shared);
        for (ulong page = 0; page < 4; page++)
        {
            vm.Touch(pid, at + (page << 12), write: page % 2 == 0);
        }
        Assert.Equal(4, vm.Spaces[pid].ShmemRss);
        Assert.Equal(new FaultCounts(4, 0), vm.Spaces.Faults(pid));
        vm.Munmap(pid, at + 4096, 4096);
        Assert.Equal((3L, 4), (vm.Spaces[pid].ShmemRss, vm.Spaces.Cache.Count));
        vm.AssertInvariants();
        vm.Munmap(pid, at, 4 << 12);
        Assert.Equal((0L, 0), (vm.Spaces[pid].Rss, vm.Spaces.Cache.Count));
        vm.AssertInvariants();
    }

    [Fact]
    public void TheStackGrowsUpToItsLimitAndKeepsItsDistance()
    {
        var vm = new TestVirtualMemory(options: new MmOptions { StackLimitBytes = 1 << 20 });
        int pid = vm.NewProcess();
        const ulong Top = 0x7fff_ffff_f000, Start = Top - (33UL << 12);
        Assert.Equal(0, vm.Mapping.MapStack(pid, Start, Top, vm.Cpu, -1));
        Assert.Equal(SegvCode.None, vm.Touch(pid, Start - 100_000, write: true));
        Assert.Equal(Start - 102_400, vm.AreasOf(pid)[0].VmStart);
        Assert.Equal(SegvCode.None, vm.Touch(pid, Top - (1 << 20), write: false));
        Assert.Equal(256, vm.Spaces[pid].StackVm);
        Assert.Equal(SegvCode.MapErr, vm.Touch(pid, Top - (1 << 20) - 1, write: true));
        vm.AssertInvariants();

        int other = vm.NewProcess();
        Assert.Equal(0, vm.Mapping.MapStack(other, Start, Top, vm.Cpu, -1));
        Assert.Equal((long)(Start - (260UL << 12)), vm.Mmap(other, Start - (260UL << 12), 4096, ProtFlags.Read, Anonymous | MapFlags.Fixed));
        Assert.Equal(SegvCode.None, vm.Touch(other, Start - (3UL << 12), write: true));
        Assert.Equal(SegvCode.MapErr, vm.Touch(other, Start - (4UL << 12), write: true));
    }

    [Fact]
    public void MprotectChangesMappedPages()
    {
        var vm = new TestVirtualMemory();
        int pid = vm.NewProcess();
        ulong at = (ulong)vm.Mmap(pid, 0, 8192, ReadWrite, Anonymous);
        vm.Touch(pid, at, write: true);
        long pfn = vm.FrameAt(pid, at);
        vm.Mprotect(pid, at, 8192, ProtFlags.None);
        Assert.Equal(pfn, vm.FrameAt(pid, at));
        Assert.Equal(SegvCode.AccErr, vm.Touch(pid, at, write: false));
        vm.Mprotect(pid, at, 8192, ProtFlags.Read);
        Assert.Equal(SegvCode.AccErr, vm.Touch(pid, at, write: true));
        long faults = vm.Spaces.Faults(pid).Minor;
        vm.Mprotect(pid, at, 8192, ReadWrite);
        Assert.Equal(SegvCode.None, vm.Touch(pid, at, write: true));
        Assert.Equal(pfn, vm.FrameAt(pid, at));
        // The page was dirty and its own: no fault was needed to write it again.
        Assert.Equal(faults, vm.Spaces.Faults(pid).Minor);
        vm.AssertInvariants();
    }

    [Fact]
    public void ExitGivesEverythingBack()
    {
        var vm = new TestVirtualMemory(KernelProfile.I386Classic);
        vm.NewProcess();
        long before = vm.FreeFrames();
        int pid = vm.Processes.Create("short", vm.Cpu, -1);
        long stack = vm.State.Tasks[pid].StackPfn;
        ulong at = (ulong)vm.Mmap(pid, 0, 3000 << 12, ReadWrite, Anonymous);
        for (ulong page = 0; page < 3000; page += 7)
        {
            vm.Touch(pid, at + (page << 12), write: page % 2 == 0);
        }
        vm.Processes.Exit(pid, 0, 0, vm.Cpu, -1);
        vm.Processes.Release(stack, vm.Cpu, -1);
        Assert.Equal(before, vm.FreeFrames());
        Assert.Null(vm.Spaces.Find(pid));
        vm.AssertInvariants();
    }

    [Fact]
    public void WithoutMemoryTheFaultSaysSo()
    {
        var vm = new TestVirtualMemory(bytes: 128L << 20, options: new MmOptions { Overcommit = OvercommitMode.Always });
        int pid = vm.NewProcess();
        ulong at = (ulong)vm.Mmap(pid, 0, 128UL << 20, ReadWrite, Anonymous);
        FaultResult result = FaultResult.Resolved;
        for (ulong page = 0; result == FaultResult.Resolved; page++)
        {
            result = vm.Faults.Handle(pid, at + (page << 12), PageFaultErrorCode.Write | PageFaultErrorCode.User, vm.Cpu, -1, out _);
        }
        Assert.Equal(FaultResult.OutOfMemory, result);
        vm.AssertInvariants();
    }
}
