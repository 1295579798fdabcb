using Sim.Engine.Random;
using Sim.Kernel.Faults;
using Sim.Kernel.Mm;
using Sim.Kernel.ProcFs;
using Sim.Kernel.Tests.Support;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Faults;

public class HugePageFaultTests
{
    private const MapFlags Anonymous = MapFlags.Anonymous | MapFlags.Private;
    private const ProtFlags ReadWrite = ProtFlags.Read | ProtFlags.Write;
    private const ulong Huge = 2 << 20, Arena = 0x4000_0000;

    private static TestVirtualMemory Kernel(
        HugePageDefrag defrag = HugePageDefrag.Madvise, MemoryLog? log = null, KernelProfile profile = KernelProfile.X86_64) =>
        new(profile, huge: TransparentHugePages.Always, defrag: defrag, sink: log);

    private static void Map(TestVirtualMemory vm, int pid, ulong start, ulong length, MapFlags flags = Anonymous) =>
        Assert.Equal((long)start, vm.Mmap(pid, start, length, ReadWrite, flags | MapFlags.Fixed));

    [Fact]
    public void AWriteMapsABlockWhereItFitsAndAPageElsewhere()
    {
        var vm = Kernel();
        int pid = vm.NewProcess();
        long before = vm.FreeFrames();
        Map(vm, pid, Arena - 4096, (2 * Huge) + 4096);
        vm.Touch(pid, Arena + 0x123456, write: true);
        vm.Touch(pid, Arena - 4096, write: true);
        AddressSpace mm = vm.Spaces[pid];
        Assert.Equal(513, mm.AnonRss);
        Assert.Equal(new FaultCounts(2, 0), vm.Spaces.Faults(pid));
        Assert.Equal(new HugePageCounts(1, 0, 0, 0, 0, 0), vm.Spaces.HugePages);
        long head = vm.FrameAt(pid, Arena);
        Assert.Equal(0, head & 511);
        Assert.Equal(head + 511, vm.FrameAt(pid, Arena + Huge - 4096));
        Assert.Equal(-1, vm.FrameAt(pid, Arena + Huge));
        Assert.Equal(before - 513 - mm.PageTables, vm.FreeFrames());
        Assert.Equal(2048, MemInfo.Rows(vm.Kernel.State).Single(r => r.Key == "AnonHugePages").Value);
        List<PageMapRow> rows = [.. PageMap.Rows(vm.Spaces, vm.Kernel.Pages.Frames, pid)];
        Assert.Equal(513, rows.Count);
        Assert.All(rows, r => Assert.Equal((true, "anon", true, 1), (r.Present, r.Kind, r.Write, r.MapCount)));
        vm.AssertInvariants();
        Assert.Equal(0, vm.Munmap(pid, Arena - 4096, (2 * Huge) + 4096));
        Assert.Equal(before, vm.FreeFrames());
        Assert.Equal(0, vm.Spaces.HugePages.PmdSplits);
        vm.AssertInvariants();
    }

    [Fact]
    public void NeitherSharedMemoryNorTwoLevelTablesHaveThem()
    {
        var vm = Kernel();
        int pid = vm.NewProcess();
        Map(vm, pid, Arena, 2 * Huge, MapFlags.Anonymous | MapFlags.Shared);
        vm.Touch(pid, Arena, write: true);
        Assert.Equal(1, vm.Spaces[pid].Rss);
        var small = new TestVirtualMemory(KernelProfile.I386Classic, huge: TransparentHugePages.Always);
        int other = small.NewProcess();
        Map(small, other, Arena, 4 * Huge);
        small.Touch(other, Arena, write: true);
        Assert.Equal(1, small.Spaces[other].Rss);
    }

    [Fact]
    public void AReadMapsTheHugeZeroPageAndAWriteToItSplitsIt()
    {
        var vm = Kernel();
        int pid = vm.NewProcess(), other = vm.NewProcess();
        Map(vm, pid, Arena, 2 * Huge);
        Map(vm, other, Arena, Huge);
        vm.Touch(pid, Arena + 4096, write: false);
        vm.Touch(other, Arena, write: false);
        Assert.Equal(0, vm.Spaces[pid].Rss + vm.Spaces[other].Rss);
        Assert.Equal(vm.Spaces.HugeZeroPfn, vm.FrameAt(pid, Arena));
        Assert.Equal(1, vm.Spaces.HugePages.ZeroPageAllocs);
        Assert.All(PageMap.Rows(vm.Spaces, vm.Kernel.Pages.Frames, pid), r => Assert.Equal(("zero", false), (r.Kind, r.Write)));
        vm.AssertInvariants();
        vm.Touch(pid, Arena + 8192, write: true);
        Assert.Equal(1, vm.Spaces[pid].AnonRss);
        Assert.Equal(vm.Spaces.ZeroPfn, vm.FrameAt(pid, Arena + 4096));
        Assert.Equal(new HugePageCounts(0, 0, 1, 0, 1, 0), vm.Spaces.HugePages);
        Assert.Equal(vm.Spaces.HugeZeroPfn, vm.FrameAt(other, Arena));
        vm.AssertInvariants();
    }

    [Fact]
    public void APartUnmappedGoesBackFrameByFrame()
    {
        var vm = Kernel();
        int pid = vm.NewProcess();
        Map(vm, pid, Arena, Huge);
        vm.Touch(pid, Arena, write: true);
        long head = vm.FrameAt(pid, Arena), free = vm.FreeFrames();
        vm.Flushes.Clear();
        Assert.Equal(0, vm.Munmap(pid, Arena + (16 << 12), 100 << 12));
        Assert.Contains((Arena, Arena + Huge), vm.Flushes);
        Assert.Equal(412, vm.Spaces[pid].AnonRss);
        Assert.Equal(free + 100, vm.FreeFrames());
        Assert.Equal(head + 15, vm.FrameAt(pid, Arena + (15 << 12)));
        Assert.Equal(-1, vm.FrameAt(pid, Arena + (16 << 12)));
        Assert.Equal(head + 116, vm.FrameAt(pid, Arena + (116 << 12)));
        Frame frame = vm.Kernel.Pages.Frames[head + 116];
        Assert.Equal((FrameUse.Anon, 1, (int)(Arena >> 12) + 116), (frame.Use, frame.MapCount, frame.Index));
        Assert.Equal(0, MemInfo.Rows(vm.Kernel.State).Single(r => r.Key == "AnonHugePages").Value);
        vm.AssertInvariants();
    }

    [Fact]
    public void MprotectKeepsAWholeOneAndSplitsAPart()
    {
        var vm = Kernel();
        int pid = vm.NewProcess();
        Map(vm, pid, Arena, 2 * Huge);
        vm.Touch(pid, Arena, write: true);
        vm.Touch(pid, Arena + Huge, write: true);
        Assert.Equal(0, vm.Mprotect(pid, Arena, Huge, ProtFlags.None));
        Assert.Equal(SegvCode.AccErr, vm.Touch(pid, Arena, write: false));
        Assert.Equal(0, vm.Spaces.HugePages.PmdSplits);
        vm.AssertInvariants();
        Assert.Equal(0, vm.Mprotect(pid, Arena, Huge, ReadWrite));
        long faults = vm.Spaces.Faults(pid).Minor;
        // The entry stays write-protected until the write that asks for it.
        Assert.Equal(SegvCode.None, vm.Touch(pid, Arena + 4096, write: true));
        Assert.Equal(faults + 1, vm.Spaces.Faults(pid).Minor);
        Assert.Equal(0, vm.Mprotect(pid, Arena + Huge + 4096, 4096, ProtFlags.Read));
        Assert.Equal(1, vm.Spaces.HugePages.PmdSplits);
        Assert.Equal(SegvCode.AccErr, vm.Touch(pid, Arena + Huge + 4096, write: true));
        Assert.Equal(SegvCode.None, vm.Touch(pid, Arena + Huge + 8192, write: true));
        Assert.Equal(1024, vm.Spaces[pid].AnonRss);
        vm.AssertInvariants();
    }

    [Theory]
    [InlineData(HugePageDefrag.Never)]
    [InlineData(HugePageDefrag.Defer)]
    [InlineData(HugePageDefrag.Always)]
    public void WithoutABlockAPageWillDo(HugePageDefrag defrag)
    {
        var vm = Kernel(defrag);
        int pid = vm.NewProcess();
        while (vm.Kernel.Allocator.AllocPages(9, GfpFlags.TransHuge, pid, vm.Cpu, -1) >= 0)
        {
        }
        Map(vm, pid, Arena, 2 * Huge);
        vm.Touch(pid, Arena, write: true);
        vm.Touch(pid, Arena + Huge, write: false);
        Assert.Equal(1, vm.Spaces[pid].AnonRss);
        Assert.Equal(new HugePageCounts(0, 2, 0, 0, 0, 1), vm.Spaces.HugePages);
        Assert.Equal(vm.Spaces.ZeroPfn, vm.FrameAt(pid, Arena + Huge));
        vm.AssertInvariants();
    }

    [Fact]
    public void AnExitLeavesNothingBehind()
    {
        var vm = Kernel();
        long before = vm.FreeFrames();
        int pid = vm.NewProcess();
        Map(vm, pid, Arena, 8 * Huge);
        for (ulong i = 0; i < 8; i++)
        {
            vm.Touch(pid, Arena + (i * Huge), write: true);
        }
        vm.Munmap(pid, Arena + Huge + 4096, Huge);
        long stack = vm.State.Tasks[pid].StackPfn;
        vm.Processes.Exit(pid, 0, 0, vm.Cpu, -1);
        vm.Processes.Release(stack, vm.Cpu, -1);
        Assert.Equal(before, vm.FreeFrames());
        Assert.Equal(0, vm.Spaces.ReverseMap.Count);
        vm.AssertInvariants();
    }

    /// <summary>
    /// The same calls with huge pages and without: what a process may do at every page is the same, every page present without
    /// them is present with them, and the fold of the log is the live state at the end.
    /// </summary>
    [Theory]
    [InlineData(KernelProfile.X86_64, 1)]
    [InlineData(KernelProfile.X86_64, 2)]
    [InlineData(KernelProfile.X86_64, 3)]
    [InlineData(KernelProfile.I386Pae, 4)]
    public void ProgramsSeeNoDifference(KernelProfile profile, ulong seed)
    {
        const ulong Pages = 6 * 512;
        var log = new MemoryLog();
        TestVirtualMemory vm = Kernel(log: log, profile: profile), plain = new(profile);
        var random = new RandomStream(seed, "huge");
        int[] pids = [vm.NewProcess(), vm.NewProcess()];
        Array.ForEach(pids, p => Assert.Equal(p, plain.NewProcess()));
        for (int i = 0; i < 600; i++)
        {
            ulong draw = random.NextUInt64();
            int pid = pids[draw % 2];
            ulong page = (draw >> 8) % Pages, pages = 1 + ((draw >> 24) % Math.Min(1400, Pages - page));
            if ((draw >> 40) % 2 == 0)
            {
                page &= ~511UL;
                pages = 512 * (1 + ((pages - 1) >> 9));
            }
            ulong start = Arena + (page << 12);
            var prot = (ProtFlags)((draw >> 44) % 4);
            switch ((draw >> 48) % 10)
            {
                case 0 or 1 or 2:
                    Assert.Equal((long)start, vm.Mmap(pid, start, pages << 12, prot, Anonymous | MapFlags.Fixed));
                    Assert.Equal((long)start, plain.Mmap(pid, start, pages << 12, prot, Anonymous | MapFlags.Fixed));
                    break;
                case 3:
                    Assert.Equal(plain.Munmap(pid, start, pages << 12), vm.Munmap(pid, start, pages << 12));
                    break;
                case 4 or 5:
                    Assert.Equal(plain.Mprotect(pid, start, pages << 12, prot), vm.Mprotect(pid, start, pages << 12, prot));
                    break;
                default:
                    bool write = (draw >> 56) % 3 != 0;
                    Assert.Equal(plain.Touch(pid, start, write), vm.Touch(pid, start, write));
                    break;
            }
            if (i % 20 == 19)
            {
                vm.AssertInvariants();
                Array.ForEach(pids, p => Compare(vm, plain, p, Pages));
            }
        }
        HugePageCounts counts = vm.Spaces.HugePages;
        Assert.True(counts is { FaultAllocs: > 0, PmdSplits: > 0, ZeroPageAllocs: 1 }, counts.ToString());
        Array.ForEach(pids, p => vm.Munmap(p, Arena, Pages << 12));
        // With PAE two of the tables made beforehand are where nothing was ever mapped.
        Assert.Equal(profile == KernelProfile.I386Pae ? 4 : 0, pids.Sum(p => vm.Spaces[p].Rss + vm.Spaces[p].PageTables));
        vm.AssertInvariants();
        Assert.Equal(vm.Hash(), vm.FoldedHash(log));
    }

    [Fact]
    public void InvariantsHoldAfterEveryEvent()
    {
        var log = new MemoryLog();
        var vm = Kernel(log: log);
        int pid = vm.NewProcess();
        long from = vm.Kernel.Journal.NextSequence;
        Map(vm, pid, Arena, 2 * Huge);
        vm.Touch(pid, Arena, write: true);
        vm.Touch(pid, Arena + Huge, write: false);
        vm.Touch(pid, Arena + Huge + 4096, write: true);
        vm.Mprotect(pid, Arena, 4096, ProtFlags.Read);
        vm.Munmap(pid, Arena + 8192, 4096);
        long events = 0;
        ulong folded = vm.FoldedHash(log, (kernel, state) =>
        {
            if (events++ >= from)
            {
                Assert.Null(AddressSpaceInvariants.Violation(state.Spaces, kernel.Pages.Frames));
            }
        });
        Assert.Equal(vm.Hash(), folded);
    }

    private static void Compare(TestVirtualMemory vm, TestVirtualMemory plain, int pid, ulong pages)
    {
        Assert.Equal(Rights(plain, pid), Rights(vm, pid));
        for (ulong address = Arena; address < Arena + (pages << 12); address += 4096)
        {
            Assert.True(plain.FrameAt(pid, address) < 0 || vm.FrameAt(pid, address) >= 0, $"0x{address:x} is present without huge pages only");
        }
    }

    /// <summary>Page by page: where areas meet depends on which of them have an anon_vma, which a huge page gives earlier.</summary>
    private static List<(ulong, VmFlags)> Rights(TestVirtualMemory vm, int pid)
    {
        var rights = new List<(ulong, VmFlags)>();
        foreach (VmArea area in vm.AreasOf(pid))
        {
            for (ulong address = area.VmStart; address < area.VmEnd; address += 4096)
            {
                rights.Add((address, area.VmFlags));
            }
        }
        return rights;
    }
}
