using Sim.Kernel.Mm;
using Sim.Kernel.Tests.Support;

namespace Sim.Kernel.Tests.Mission;

/// <summary>
/// Mission row 12: do_mmap and do_munmap merge and split areas. After each call the areas are those of <c>/proc/self/maps</c> of a
/// program that makes the same calls on this machine; the 22,000 recorded calls of <c>sim parity calls</c> say the rest.
/// </summary>
public sealed class Mission12MergingTests
{
    private const ulong Arena = 0x1000_0000_0000;
    private const ProtFlags ReadWrite = ProtFlags.Read | ProtFlags.Write;

    [Theory]
    [InlineData(KernelProfile.X86_64)]
    [InlineData(KernelProfile.I386Pae)]
    public void EveryCallLeavesTheAreasOfThisMachinesKernel(KernelProfile profile)
    {
        Dictionary<string, string[]> real = RealKernel.Ask("merge");
        var vm = new TestVirtualMemory(profile);
        int pid = vm.NewProcess();
        ulong arena = profile == KernelProfile.X86_64 ? Arena : 0x1000_0000;
        int compared = 0;
        Map(100, 10, ReadWrite);
        Compare("one");
        Map(110, 10, ReadWrite);
        Compare("above");
        Map(90, 10, ReadWrite);
        Compare("below");
        Map(120, 10, ProtFlags.Read);
        Compare("other-rights");
        Map(130, 10, ProtFlags.Read, MapFlags.Shared);
        Compare("other-kind");
        vm.Munmap(pid, At(104), 2 << 12);
        Compare("hole");
        Map(104, 2, ReadWrite);
        Compare("hole-filled");
        vm.Mprotect(pid, At(95), 5 << 12, ProtFlags.Read);
        Compare("protect-middle");
        vm.Mprotect(pid, At(95), 5 << 12, ReadWrite);
        Compare("protect-back");
        Map(92, 4, ProtFlags.None);
        Compare("fixed-over");
        vm.Munmap(pid, At(85), 60 << 12);
        Compare("all");
        Assert.Equal(real.Count, compared);

        ulong At(ulong page) => arena + (page << 12);

        void Map(ulong first, ulong pages, ProtFlags prot, MapFlags kind = MapFlags.Private) =>
            Assert.Equal((long)At(first), vm.Mmap(pid, At(first), pages << 12, prot, kind | MapFlags.Anonymous | MapFlags.Fixed));

        void Compare(string after)
        {
            Assert.Equal(real[after], vm.AreasOf(pid).Select(a =>
                $"{(a.VmStart - arena) >> 12:x}-{(a.VmEnd - arena) >> 12:x}:{Right(a, VmFlags.Read, 'r')}{Right(a, VmFlags.Write, 'w')}{Right(a, VmFlags.Exec, 'x')}{((a.VmFlags & VmFlags.MayShare) != 0 ? 's' : 'p')}"));
            vm.AssertInvariants();
            compared++;
        }

        static char Right(VmArea area, VmFlags flag, char shown) => (area.VmFlags & flag) != 0 ? shown : '-';
    }

    /// <summary>
    /// Neighbours of a file merge only where the offsets go on; so do areas of which one has pages of its own (an anon_vma), and two that
    /// both have stay apart.
    /// </summary>
    [Fact]
    public void KindMeansFileOffsetAndOwnPagesToo()
    {
        var vm = new TestVirtualMemory();
        int pid = vm.NewProcess();
        var file = new MappedFile(vm.Kernel.Journal.Intern("/a"));
        void MapFile(ulong page, ulong offset) => vm.Mmap(pid, Arena + (page << 12), 4096, ProtFlags.Read, MapFlags.Private | MapFlags.Fixed, file, offset << 12);
        MapFile(0, 7);
        MapFile(1, 8);
        Assert.Single(vm.AreasOf(pid));
        MapFile(2, 10);
        Assert.Equal(2, vm.AreasOf(pid).Count);
        void MapAnon(ulong page) => vm.Mmap(pid, Arena + (page << 12), 4096, ReadWrite, MapFlags.Private | MapFlags.Anonymous | MapFlags.Fixed);
        MapAnon(10);
        vm.Touch(pid, Arena + (10 << 12), write: true);
        MapAnon(11);
        Assert.Equal(3, vm.AreasOf(pid).Count);
        MapAnon(13);
        vm.Touch(pid, Arena + (13 << 12), write: true);
        MapAnon(12);
        // The new page joins the upper side, which mmap_region of 6.1 asks first; the two sides have pages of different anon_vmas.
        Assert.Equal([(10L, 2L), (12L, 2L)], vm.AreasOf(pid)[2..].Select(a => ((long)((a.VmStart - Arena) >> 12), a.Pages)));
        vm.AssertInvariants();
    }

    /// <summary>Taking any part out of an area leaves what is left, in two areas when it was in the middle; offsets go on counting.</summary>
    [Theory]
    [InlineData(0, 3, "3-10")]
    [InlineData(7, 3, "0-7")]
    [InlineData(4, 2, "0-4 6-10")]
    [InlineData(0, 10, "")]
    public void PartialUnmapSplits(ulong first, ulong pages, string left)
    {
        var vm = new TestVirtualMemory();
        int pid = vm.NewProcess();
        var file = new MappedFile(vm.Kernel.Journal.Intern("/a"));
        vm.Mmap(pid, Arena, 10 << 12, ProtFlags.Read, MapFlags.Private | MapFlags.Fixed, file, 5 << 12);
        Assert.Equal(0, vm.Munmap(pid, Arena + (first << 12), pages << 12));
        Assert.Equal(left, string.Join(' ', vm.AreasOf(pid).Select(a => $"{(a.VmStart - Arena) >> 12}-{(a.VmEnd - Arena) >> 12}")));
        Assert.All(vm.AreasOf(pid), a => Assert.Equal(5 + (long)((a.VmStart - Arena) >> 12), a.VmPgoff));
        vm.AssertInvariants();
    }
}
