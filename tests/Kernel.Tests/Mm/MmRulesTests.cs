using Sim.Hardware.Paging;
using Sim.Kernel.Faults;
using Sim.Kernel.Mm;
using Sim.Kernel.PageCache;
using Sim.Kernel.Tests.Support;

namespace Sim.Kernel.Tests.Mm;

/// <summary>What each rule of a version changes, on both sides of it.</summary>
public class MmRulesTests
{
    private const ProtFlags ReadWrite = ProtFlags.Read | ProtFlags.Write;
    private const MapFlags Fixed = MapFlags.Anonymous | MapFlags.Private | MapFlags.Fixed;
    private const ulong A = 0x2000_0000, Page = 4096;

    [Theory]
    [InlineData("6.1.192", false)]
    [InlineData("6.18.44", true)]
    public void MprotectUnaccountsWhatWasNeverTouched(string version, bool unaccounts)
    {
        (TestVirtualMemory vm, int pid) = Machine(version);
        vm.Mmap(pid, A, 2 * Page, ReadWrite, Fixed);
        vm.Mprotect(pid, A, 2 * Page, ProtFlags.Read);
        Assert.Equal(unaccounts, (Assert.Single(vm.AreasOf(pid)).VmFlags & VmFlags.Account) == 0);
    }

    [Theory]
    [InlineData("6.1.192", 1)]
    [InlineData("6.2", 0)]
    public void MprotectMakesCleanPagesWritable(string version, long faults)
    {
        (TestVirtualMemory vm, int pid) = Machine(version);
        vm.Mmap(pid, A, Page, ReadWrite, Fixed);
        vm.Touch(pid, A, write: true);
        vm.Mapping.Madvise(pid, A, Page, MemoryAdvice.Free, vm.Cpu, -1);
        vm.Mprotect(pid, A, Page, ProtFlags.Read);
        vm.Mprotect(pid, A, Page, ReadWrite);
        long before = vm.Spaces.Faults(pid).Minor;
        vm.Touch(pid, A, write: true);
        Assert.Equal(faults, vm.Spaces.Faults(pid).Minor - before);
    }

    [Theory]
    [InlineData("6.6", false)]
    [InlineData("6.7", true)]
    public void MapStackAsksForNoHugePages(string version, bool asks)
    {
        (TestVirtualMemory vm, int pid) = Machine(version);
        vm.Mmap(pid, A, Page, ReadWrite, Fixed | MapFlags.Stack);
        Assert.Equal(asks, (Assert.Single(vm.AreasOf(pid)).VmFlags & VmFlags.NoHugePage) != 0);
    }

    [Theory]
    [InlineData("6.1.192", 0x7fff_f7df_f000L)]
    [InlineData("6.12", 0x7fff_f7c0_0000L)]
    public void AnonymousMemoryIsAlignedForHugePages(string version, long expected)
    {
        (TestVirtualMemory vm, int pid) = Machine(version);
        Assert.Equal(expected, vm.Mmap(pid, 0, 2 << 20, ReadWrite, MapFlags.Anonymous | MapFlags.Private));
        // Neither what is longer by a page, nor what is shared or has a hint.
        Assert.NotEqual(0, vm.Mmap(pid, 0, (2 << 20) + Page, ReadWrite, MapFlags.Anonymous | MapFlags.Private) & 0x1fffff);
        Assert.NotEqual(0, vm.Mmap(pid, 0, 2 << 20, ReadWrite, MapFlags.Anonymous | MapFlags.Shared) & 0x1fffff);
        Assert.Equal((long)A + 4096, vm.Mmap(pid, A + Page, 2 << 20, ReadWrite, MapFlags.Anonymous | MapFlags.Private));
    }

    [Fact]
    public void FilesAreNotAlignedOn32Bit()
    {
        var vm = new TestVirtualMemory(KernelProfile.I386Pae);
        var file = new MappedFile(vm.Kernel.Journal.Intern("file"));
        long place = vm.Mmap(vm.NewProcess(), 0, 4 << 20, ProtFlags.Read, MapFlags.Private, file);
        Assert.Equal((long)vm.Spaces.Layout.MmapBase, place + (4 << 20));
    }

    [Theory]
    [InlineData("6.1.192", 2)]
    [InlineData("6.15", 2)]
    [InlineData("6.16", 1)]
    public void ATouchedAreaMergesIntoAnUntouchedOne(string version, int areas)
    {
        (TestVirtualMemory vm, int pid) = Machine(version);
        vm.Mmap(pid, A, 4 * Page, ReadWrite, Fixed);
        vm.Mprotect(pid, A + (2 * Page), 2 * Page, ReadWrite | ProtFlags.Exec);
        vm.Touch(pid, A, write: true);
        // The one before gets the permissions of the one behind, which has had no page.
        vm.Mprotect(pid, A, 2 * Page, ReadWrite | ProtFlags.Exec);
        Assert.Equal(areas, vm.AreasOf(pid).Count);
    }

    [Theory]
    [InlineData("6.1.192", false)]
    [InlineData("6.12", true)]
    public void ANewMappingJoinsTheNeighbourBeforeFirst(string version, bool before)
    {
        (TestVirtualMemory vm, int pid) = Machine(version);
        // Pages of two anon_vmas with a hole that fits both: they were mapped apart and moved together.
        vm.Mmap(pid, A, Page, ReadWrite, Fixed);
        vm.Mmap(pid, A + (2 * Page), Page, ReadWrite, Fixed);
        vm.Touch(pid, A, write: true);
        vm.Touch(pid, A + (2 * Page), write: true);
        vm.Mmap(pid, A + Page, Page, ReadWrite, Fixed);
        List<VmArea> areas = vm.AreasOf(pid);
        Assert.Equal(2, areas.Count);
        Assert.Equal(before ? 2 : 1, areas[0].Pages);
    }

    [Theory]
    [InlineData("6.16", false)]
    [InlineData("6.17", true)]
    public void MremapMovesAllAreasOfARange(string version, bool moves)
    {
        (TestVirtualMemory vm, int pid) = Machine(version);
        vm.Mmap(pid, A, 2 * Page, ReadWrite, Fixed);
        vm.Mmap(pid, A + (2 * Page), Page, ProtFlags.Read, Fixed);
        vm.Mmap(pid, A + (5 * Page), Page, ReadWrite, Fixed);
        vm.Touch(pid, A + Page, write: true);
        long pfn = vm.FrameAt(pid, A + Page);
        ulong to = A + (64 * Page);
        long result = vm.Mapping.Mremap(pid, A + Page, 5 * Page, 5 * Page, RemapFlags.MayMove | RemapFlags.Fixed, to, vm.Cpu, -1);
        Assert.Equal(moves ? (long)to : -(long)Errno.EFAULT, result);
        Assert.Equal(moves ? pfn : -1, vm.FrameAt(pid, to));
        // With a gap as wide as before between them.
        Assert.Equal(moves ? [A, to, to + Page, to + (4 * Page)] : new[] { A, A + (2 * Page), A + (5 * Page) }, vm.AreasOf(pid).Select(a => a.VmStart));
    }

    [Theory]
    [InlineData("6.16", Errno.EFAULT)]
    [InlineData("6.17", Errno.EINVAL)]
    public void MremapChecksItsArgumentsFirst(string version, Errno expected)
    {
        (TestVirtualMemory vm, int pid) = Machine(version);
        Assert.Equal(-(long)expected, vm.Mapping.Mremap(pid, A, Page, Page, RemapFlags.MayMove | RemapFlags.Fixed, A + 1, vm.Cpu, -1));
    }

    [Theory]
    [InlineData("6.1.192", 1)]
    [InlineData("6.12", 3)]
    public void AFailedMmapLeavesWhatWasMapped(string version, int areas)
    {
        (TestVirtualMemory vm, int pid) = Machine(version);
        vm.Mmap(pid, A, 3 * Page, ReadWrite, Fixed);
        vm.Mmap(pid, A + (64 << 20), Page, ReadWrite, Fixed);
        // 1 GiB is more than there is: in the way of it, all but the first page and the last area's, which it ends before.
        Assert.Equal(-(long)Errno.ENOMEM, vm.Mmap(pid, A + Page, 1 << 30, ReadWrite, Fixed));
        Assert.Equal(areas, vm.AreasOf(pid).Count);
    }

    [Theory]
    [InlineData("6.8", true)]
    [InlineData("6.9", false)]
    public void PopulateGoesOnBehindAHole(string version, bool goesOn)
    {
        (TestVirtualMemory vm, int pid) = Machine(version);
        vm.Mmap(pid, A, Page, ReadWrite, Fixed);
        vm.Mmap(pid, A + (2 * Page), Page, ReadWrite, Fixed);
        Assert.Equal(-(long)Errno.ENOMEM, vm.Mapping.Madvise(pid, A, 3 * Page, MemoryAdvice.PopulateWrite, vm.Cpu, -1));
        Assert.True(vm.FrameAt(pid, A) >= 0);
        Assert.Equal(goesOn, vm.FrameAt(pid, A + (2 * Page)) >= 0);
    }

    [Theory]
    [InlineData("6.1.176", 2, 0)]
    [InlineData("6.1.191", 2, 1)]
    [InlineData("6.18.44", 3, 0)]
    public void DontUnmapOfPartOfALockedArea(string version, int pagesLocked, int areasLocked)
    {
        (TestVirtualMemory vm, int pid) = Machine(version);
        vm.Mmap(pid, A, 2 * Page, ReadWrite, Fixed);
        vm.Mapping.Mlock(pid, A, 2 * Page, 0, vm.Cpu, -1);
        ulong to = A + (64 * Page);
        Assert.Equal((long)to, vm.Mapping.Mremap(pid, A, Page, Page, (RemapFlags)7, to, vm.Cpu, -1));
        Assert.Equal(areasLocked, vm.AreasOf(pid).Count(a => a.VmStart < to && a.VmFlags.HasFlag(VmFlags.Locked)));
        Assert.Equal(pagesLocked, vm.Spaces[pid].LockedVm);
        vm.AssertInvariants();
    }

    [Theory]
    [InlineData("6.1.190", false)]
    [InlineData("6.1.191", true)]
    public void AnAreaThatIsLeftEmptyHasThePageOffsetOfItsAddress(string version, bool resets)
    {
        (TestVirtualMemory vm, int pid) = Machine(version);
        vm.Mmap(pid, A, Page, ReadWrite, Fixed);
        vm.Touch(pid, A, write: true);
        ulong there = A + (64 * Page), back = A + (8 * Page);
        vm.Mapping.Mremap(pid, A, Page, Page, RemapFlags.MayMove | RemapFlags.Fixed, there, vm.Cpu, -1);
        vm.Mapping.Mremap(pid, there, Page, Page, (RemapFlags)7, back, vm.Cpu, -1);
        Assert.Equal((long)((resets ? there : A) >> 12), vm.AreasOf(pid)[^1].VmPgoff);
    }

    [Theory]
    [InlineData("6.16", true)]
    [InlineData("6.18", false)]
    public void FaultAroundOfTheLastPageOfAFile(string version, bool maps)
    {
        Assert.True(KernelVersion.TryParse(version, out KernelVersion linux));
        var vm = new TestVirtualMemory(options: new MmOptions { LinuxVersion = linux, FaultAroundPages = 16 });
        int file = vm.Kernel.Journal.Intern("file"), pid = vm.NewProcess();
        Assert.True(new FileLoader(vm.Spaces, vm.Kernel.Allocator, vm.Kernel.Journal).Load(file, 4, vm.Cpu, -1));
        vm.Mmap(pid, A, 3 * Page, ProtFlags.Read, MapFlags.Private | MapFlags.Fixed, new MappedFile(file), 3 * Page);
        // The second page is behind the end: SIGBUS, with or without the first one mapped on the way.
        Assert.Equal(FaultResult.Bus, Read(vm, pid, A + Page));
        Assert.Equal(maps, vm.FrameAt(pid, A) >= 0);
    }

    private static FaultResult Read(TestVirtualMemory vm, int pid, ulong address) =>
        vm.Faults.Handle(pid, address, PageFaultErrorCode.User, vm.Cpu, -1, out _);

    private static (TestVirtualMemory Vm, int Pid) Machine(string version)
    {
        Assert.True(KernelVersion.TryParse(version, out KernelVersion linux));
        var vm = new TestVirtualMemory(options: new MmOptions { LinuxVersion = linux });
        return (vm, vm.NewProcess());
    }
}
