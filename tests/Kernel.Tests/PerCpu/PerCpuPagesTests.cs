using Sim.Kernel.PerCpu;
using Sim.Kernel.Tests.Support;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.PerCpu;

public sealed class PerCpuPagesTests
{
    [Fact]
    public void FirstRequest_RefillsABatch_AndTheFreedPageIsHot()
    {
        var kernel = new TestKernel(1L << 30);
        Zone zone = kernel.Pages.Zone(ZoneType.Dma32);
        PerCpuPages pcp = zone.PerCpu[0];
        long free = zone.FreePages;
        long a = kernel.Allocator.AllocPages(0, GfpFlags.HighUserMovable, 1, kernel.Cpu, -1);
        Assert.Equal(63, pcp.Batch);
        Assert.Equal((62, free - 63), (pcp.Count, zone.FreePages));
        kernel.Allocator.AllocPages(0, GfpFlags.HighUserMovable, 1, kernel.Cpu, -1);
        Assert.Equal((61, free - 63), (pcp.Count, zone.FreePages));
        kernel.Allocator.FreePages(a, 0, kernel.Cpu, -1);
        Assert.Equal(a, kernel.Allocator.AllocPages(0, GfpFlags.HighUserMovable, 1, kernel.Cpu, -1));
    }

    [Theory]
    [InlineData(1, 31)]
    [InlineData(2, 15)]
    [InlineData(3, 7)]
    public void HigherOrders_RefillFewerBlocks(int order, int blocks)
    {
        var kernel = new TestKernel(1L << 30);
        kernel.Allocator.AllocPages(order, GfpFlags.Kernel, 1, kernel.Cpu, -1);
        Assert.Equal((blocks - 1) << order, kernel.Pages.Zone(ZoneType.Dma32).PerCpu[0].Count);
    }

    [Fact]
    public void EachCpu_HasItsOwnLists()
    {
        var kernel = new TestKernel(1L << 30, 2);
        long a = kernel.Allocator.AllocPages(0, GfpFlags.HighUserMovable, 1, kernel.Cpus[0], -1);
        kernel.Allocator.FreePages(a, 0, kernel.Cpus[1], -1);
        Zone zone = kernel.Pages.Zone(ZoneType.Dma32);
        Assert.Equal((62, 1), (zone.PerCpu[0].Count, zone.PerCpu[1].Count));
        Assert.NotEqual(a, kernel.Allocator.AllocPages(0, GfpFlags.HighUserMovable, 1, kernel.Cpus[0], -1));
        Assert.Equal(a, kernel.Allocator.AllocPages(0, GfpFlags.HighUserMovable, 1, kernel.Cpus[1], -1));
    }

    [Fact]
    public void HugePages_HaveListsOfTheirOwn_WhereTheKernelKnowsThem()
    {
        foreach (KernelProfile profile in Enum.GetValues<KernelProfile>())
        {
            var kernel = new TestKernel(512L << 20, options: new KernelOptions { Profile = profile });
            int order = kernel.Pages.Profile.PageblockOrder;
            long pfn = kernel.Allocator.AllocPages(order, GfpFlags.HighUserMovable, 1, kernel.Cpu, -1);
            kernel.Allocator.FreePages(pfn, order, kernel.Cpu, -1);
            Assert.Equal(profile != KernelProfile.I386Classic ? FrameState.Pcp : FrameState.Buddy, kernel.Pages.Frames[pfn].State);
            kernel.AssertInvariants();
        }
    }

    /// <summary>
    /// A run of frees beside the rule, worked out by hand for high 1203 and batch 63: at the limit 63 pages go, then 126,
    /// 252, 504 and 1008; the doubling stops below high − batch and at five steps. A request halves it again.
    /// </summary>
    [Fact]
    public void LongRunOfFrees_DrainsTwiceAsMuchEachTime()
    {
        var kernel = new TestKernel(1L << 30);
        Zone zone = kernel.Pages.Zone(ZoneType.Dma32);
        PerCpuPages pcp = zone.PerCpu[0];
        var pages = Enumerable.Range(0, 20_000).Select(_ => kernel.Allocator.AllocPages(0, GfpFlags.HighUserMovable, 1, kernel.Cpu, -1)).ToList();
        var drained = new List<int>();
        foreach (long pfn in pages)
        {
            int before = pcp.Count;
            kernel.Allocator.FreePages(pfn, 0, kernel.Cpu, -1);
            if (pcp.Count <= before)
            {
                drained.Add(before + 1 - pcp.Count);
            }
        }
        int most = pcp.High - pcp.Batch;
        int[] rule = new int[drained.Count];
        int factor = 0;
        for (int i = 0; i < rule.Length; i++)
        {
            int scaled = pcp.Batch << factor;
            rule[i] = Math.Min(scaled, most);
            factor += scaled < most && factor < 5 ? 1 : 0;
        }
        Assert.Equal(rule, drained);
        Assert.True(drained.Count > 6 && drained[3] == 8 * drained[0]);
        int reached = pcp.FreeFactor;
        kernel.Allocator.AllocPages(0, GfpFlags.HighUserMovable, 1, kernel.Cpu, -1);
        Assert.Equal(reached >> 1, pcp.FreeFactor);
        kernel.AssertInvariants();
    }

    /// <summary>Order 1 to 3 freed while a run of frees is on takes the whole set along.</summary>
    [Fact]
    public void SmallHighOrderFree_InARunOfFrees_EmptiesTheSet()
    {
        var kernel = new TestKernel(1L << 30);
        PerCpuPages pcp = kernel.Pages.Zone(ZoneType.Dma32).PerCpu[0];
        long block = kernel.Allocator.AllocPages(2, GfpFlags.Kernel, 1, kernel.Cpu, -1);
        var pages = Enumerable.Range(0, 3000).Select(_ => kernel.Allocator.AllocPages(0, GfpFlags.HighUserMovable, 1, kernel.Cpu, -1)).ToList();
        pages.ForEach(p => kernel.Allocator.FreePages(p, 0, kernel.Cpu, -1));
        Assert.True(pcp.FreeFactor > 0 && pcp.Count > 0);
        kernel.Allocator.FreePages(block, 2, kernel.Cpu, -1);
        Assert.Equal(0, pcp.Count);
        kernel.AssertInvariants();
    }
}
