using Sim.Kernel.PerCpu;
using Sim.Kernel.ProcFs;
using Sim.Kernel.Tests.Support;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Mission;

/// <summary>
/// Mission row 21, per-CPU page lists. Batch and limit are those of /proc/zoneinfo of stock Debian 6.1 kernels; that the lists hold the
/// very pages of a real kernel's is what <c>sim parity pages</c> shows on nine recordings.
/// </summary>
public sealed class Mission21PerCpuListsTests
{
    [Theory]
    [InlineData(512, 31)]
    [InlineData(1024, 63)]
    public void BatchIsTheRecordedOne(int megabytes, int batch)
    {
        var kernel = new TestKernel((long)megabytes << 20);
        PerCpuPages pcp = kernel.Pages.Zone(ZoneType.Dma32).PerCpu[0];
        Assert.Equal((batch, kernel.Pages.Zone(ZoneType.Dma32).Watermark(Watermark.Low)), (pcp.Batch, pcp.High));
    }

    [Fact]
    public void AnEmptyListIsRefilledByABatchAndAFullOneDrained()
    {
        var kernel = new TestKernel(1L << 30);
        Zone zone = kernel.Pages.Zone(ZoneType.Dma32);
        PerCpuPages pcp = zone.PerCpu[0];
        long free = zone.FreePages;
        var pages = new List<long>();
        for (int i = 0; i < 10 * pcp.Batch; i++)
        {
            long left = pcp.Count;
            pages.Add(kernel.Allocator.AllocPages(0, GfpFlags.HighUserMovable, 1, kernel.Cpu, -1));
            // Whole batches come, and only when nothing is left.
            Assert.Equal(left == 0 ? pcp.Batch - 1 : left - 1, pcp.Count);
        }
        Assert.Equal(free - (10 * pcp.Batch), zone.FreePages);
        while (pages.Count < pcp.High + (2 * pcp.Batch))
        {
            pages.Add(kernel.Allocator.AllocPages(0, GfpFlags.HighUserMovable, 1, kernel.Cpu, -1));
        }
        int most = 0;
        foreach (long pfn in pages)
        {
            kernel.Allocator.FreePages(pfn, 0, kernel.Cpu, -1);
            most = Math.Max(most, pcp.Count);
        }
        Assert.Equal(pcp.High - 1, most);
        Assert.True(zone.FreePages > free - pcp.High);
        kernel.AssertInvariants();
    }

    /// <summary>What was freed last is handed out first: it may still be in the CPU's cache.</summary>
    [Fact]
    public void TheHotPageIsUsedAgain()
    {
        var kernel = new TestKernel(1L << 30);
        long[] pages = [.. Enumerable.Range(0, 20).Select(_ => kernel.Allocator.AllocPages(0, GfpFlags.HighUserMovable, 1, kernel.Cpu, -1))];
        foreach (long pfn in pages)
        {
            kernel.Allocator.FreePages(pfn, 0, kernel.Cpu, -1);
        }
        Assert.Equal(pages.Reverse(), Enumerable.Range(0, 20).Select(_ => kernel.Allocator.AllocPages(0, GfpFlags.HighUserMovable, 1, kernel.Cpu, -1)));
    }

    /// <summary>Each migratetype has a list of its own, and each order up to 3: a freed page serves requests of its kind only.</summary>
    [Fact]
    public void ThereIsAListForEachMigratetypeAndOrder()
    {
        var kernel = new TestKernel(1L << 30);
        (GfpFlags Gfp, MigrateType Type)[] kinds =
            [(GfpFlags.Kernel, MigrateType.Unmovable), (GfpFlags.HighUserMovable, MigrateType.Movable), (GfpFlags.Kernel | GfpFlags.Reclaimable, MigrateType.Reclaimable)];
        PerCpuPages pcp = kernel.Pages.Zone(ZoneType.Dma32).PerCpu[0];
        // Boot freed much in a row; until that is forgotten, blocks of order 1 to 3 go on to the buddy lists.
        while (pcp.FreeFactor > 0)
        {
            kernel.Allocator.AllocPages(0, GfpFlags.HighUserMovable, 1, kernel.Cpu, -1);
        }
        var freed = new Dictionary<(MigrateType, int), long>();
        foreach ((GfpFlags gfp, MigrateType type) in kinds)
        {
            for (int order = 0; order <= 3; order++)
            {
                // A page of another type's page block would go back to that one's list.
                long pfn;
                do
                {
                    pfn = kernel.Allocator.AllocPages(order, gfp, 1, kernel.Cpu, -1);
                }
                while (kernel.Pages.Zone(ZoneType.Dma32).PageblockType(pfn) != type);
                kernel.Allocator.FreePages(pfn, order, kernel.Cpu, -1);
                Assert.Equal(pfn, kernel.Pages.Frames.First(pcp.ListHead(order, type)));
                freed[(type, order)] = pfn;
            }
        }
        Assert.Equal(12, freed.Values.Distinct().Count());
        foreach ((GfpFlags gfp, MigrateType type) in kinds)
        {
            for (int order = 0; order <= 3; order++)
            {
                Assert.Equal(freed[(type, order)], kernel.Allocator.AllocPages(order, gfp, 1, kernel.Cpu, -1));
            }
        }
        // Order 4 goes to the buddy lists.
        long large = kernel.Allocator.AllocPages(4, GfpFlags.Kernel, 1, kernel.Cpu, -1);
        kernel.Allocator.FreePages(large, 4, kernel.Cpu, -1);
        Assert.Equal(FrameState.Buddy, kernel.Pages.Frames[FrameHead(kernel, large)].State);
        kernel.AssertInvariants();
    }

    private static long FrameHead(TestKernel kernel, long pfn) => FrameView.Head(kernel.Pages.Frames, pfn);
}
