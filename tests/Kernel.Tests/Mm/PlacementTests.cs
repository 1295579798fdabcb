using Sim.Engine.Random;
using Sim.Kernel.Mm;
using Sim.Kernel.Tests.Support;

namespace Sim.Kernel.Tests.Mm;

public class PlacementTests
{
    [Theory]
    [InlineData(KernelProfile.X86_64, 0x7ffff7fff000UL)]
    [InlineData(KernelProfile.I386Classic, 0xb8000000UL)]
    public void FirstMappingEndsAtMmapBase(KernelProfile profile, ulong mmapBase)
    {
        var vm = new TestVirtualMemory(profile);
        int pid = vm.NewProcess();
        Assert.Equal((long)mmapBase - 8192, vm.Mmap(pid, 0, 8192, ProtFlags.Read, MapFlags.Anonymous | MapFlags.Private));
        Assert.Equal((long)mmapBase - 12288, vm.Mmap(pid, 0, 1, ProtFlags.Write, MapFlags.Anonymous | MapFlags.Private));
        Assert.Equal(2, vm.AreasOf(pid).Count);
    }

    /// <summary>
    /// The legacy layout goes upward from a third of user space; the limit of the stack chooses nothing in it, and an unlimited stack
    /// does not choose it (x86, <c>mmap_is_legacy</c>): mappings then go down from the least <c>mmap_base</c>.
    /// </summary>
    [Theory]
    [InlineData(KernelProfile.X86_64, true, 8L << 20, 0x2aaa_aaaa_b000UL)]
    [InlineData(KernelProfile.X86_64, true, -1L, 0x2aaa_aaaa_b000UL)]
    [InlineData(KernelProfile.I386Pae, true, 8L << 20, 0x4000_0000UL)]
    [InlineData(KernelProfile.I386Classic, true, -1L, 0x4000_0000UL)]
    [InlineData(KernelProfile.X86_64, false, -1L, 0x1555_5555_6000UL)]
    [InlineData(KernelProfile.I386Pae, false, -1L, 0x2000_0000UL)]
    public void TheSettingAloneChoosesTheLegacyLayout(KernelProfile profile, bool legacy, long stackBytes, ulong mmapBase)
    {
        const MapFlags Anonymous = MapFlags.Anonymous | MapFlags.Private;
        var vm = new TestVirtualMemory(profile, options: new MmOptions { LegacyVaLayout = legacy, StackLimitBytes = stackBytes });
        int pid = vm.NewProcess();
        Assert.Equal(mmapBase, vm.Spaces[pid].MmapBase);
        long first = (long)mmapBase - (legacy ? 0 : 8192), second = legacy ? first + 8192 : first - 4096;
        Assert.Equal(first, vm.Mmap(pid, 0, 8192, ProtFlags.Read, Anonymous));
        Assert.Equal(second, vm.Mmap(pid, 0, 1, ProtFlags.Write, Anonymous));
        // The lowest hole is taken, or the highest.
        vm.Munmap(pid, (ulong)first, 4096);
        Assert.Equal(first, vm.Mmap(pid, 0, 4096, ProtFlags.Exec, Anonymous));
        vm.AssertInvariants();
    }

    /// <summary>The search that skips chunks finds what a search of every gap finds.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void FindsTheHighestAndTheLowestGap(ulong seed)
    {
        var random = new RandomStream(seed, "placement");
        var options = new MmOptions();
        var layout = new AddressLayout(KernelProfile.X86_64, options);
        var pool = new AreaPool();
        var mm = new AddressSpace();
        var editor = new AreaEditor(pool, new PageProtection(Sim.Hardware.Paging.PagingMode.X86_64FourLevel), MmRules.Of(MmRules.Modelled));
        const ulong Low = 0x10000, High = 0x4000_0000;
        for (int i = 0; i < 2_000; i++)
        {
            ulong draw = random.NextUInt64();
            ulong start = Low + (draw >> 8) % 0x30000 * 4096, end = Math.Min(High, start + (1 + (draw >> 32) % 64) * 4096);
            if (start < end)
            {
                editor.Unmap(mm, start, end);
                VmFlags flags = (VmFlags)((draw & 7) | ((draw >> 50) % 16 == 0 ? (ulong)VmFlags.GrowsDown : 0));
                editor.Map(mm, start, end, flags, 0, (long)(start >> 12));
            }
        }
        Assert.True(mm.Areas.Count > 500);
        var placement = new Placement(layout, pool);
        for (int i = 0; i < 400; i++)
        {
            ulong draw = random.NextUInt64();
            ulong length = (1 + (draw >> 20) % 600) * 4096;
            ulong low = Low + (draw >> 40) % 1000 * 4096, high = High - (draw >> 52) % 1000 * 4096;
            List<ulong> places = [.. Gaps(mm, pool, layout.GuardGapBytes, low, high).Where(g => g.End - g.Start >= length).SelectMany(g => new[] { g.Start, g.End - length })];
            Assert.Equal(places.Count == 0 ? Placement.None : places.Max(), placement.FindDown(mm, length, low, high));
            Assert.Equal(places.Count == 0 ? Placement.None : places.Min(), placement.FindUp(mm, length, low, high));
        }
    }

    private static IEnumerable<(ulong Start, ulong End)> Gaps(AddressSpace mm, AreaPool pool, ulong guard, ulong low, ulong high)
    {
        ulong start = low;
        for (AreaCursor at = AreaIndex.First; mm.Areas.IsValid(at); at = mm.Areas.Next(at))
        {
            VmArea area = pool[mm.Areas.Handle(at)];
            ulong end = Math.Min(high, area.StartWithGap(guard));
            if (end > start)
            {
                yield return (start, end);
            }
            start = Math.Max(start, area.VmEnd);
        }
        if (high > start)
        {
            yield return (start, high);
        }
    }

    [Fact]
    public void StaysAwayFromAStackByTheGuardGap()
    {
        var vm = new TestVirtualMemory(KernelProfile.I386Classic);
        int pid = vm.NewProcess();
        Assert.Equal(0, vm.Mapping.MapStack(pid, 0x4000_0000, 0x4002_0000, vm.Cpu, -1));
        // The gap below the stack is refused as a hint, and the search goes elsewhere.
        Assert.Equal(0xb800_0000 - 4096, vm.Mmap(pid, 0x4000_0000 - 4096, 4096, ProtFlags.Read, MapFlags.Anonymous | MapFlags.Private));
        ulong free = 0x4000_0000 - (257UL << 12);
        Assert.Equal((long)free, vm.Mmap(pid, free, 4096, ProtFlags.Read, MapFlags.Anonymous | MapFlags.Private));
    }
}
