using Sim.Hardware.Cpu;
using Sim.Kernel.Buddy;
using Sim.Kernel.Tests.Support;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Buddy;

public class SlowPathTests
{
    [Theory]
    [InlineData(GfpFlags.HighUserMovable | GfpFlags.Compound | GfpFlags.Zero, "GFP_HIGHUSER_MOVABLE|__GFP_COMP|__GFP_ZERO")]
    [InlineData(GfpFlags.HighUserMovable | GfpFlags.Compound | GfpFlags.Write, "GFP_HIGHUSER_MOVABLE|__GFP_COMP|__GFP_WRITE")]
    [InlineData(GfpFlags.NoFs | GfpFlags.NoWarn | GfpFlags.NoRetry | GfpFlags.Reclaimable, "GFP_NOFS|__GFP_NOWARN|__GFP_NORETRY|__GFP_RECLAIMABLE")]
    [InlineData(GfpFlags.HighUser | GfpFlags.Account, "GFP_HIGHUSER|__GFP_ACCOUNT")]
    [InlineData(GfpFlags.NoWait | GfpFlags.NoWarn | GfpFlags.NoRetry | GfpFlags.NoMemAlloc, "GFP_NOWAIT|__GFP_NOWARN|__GFP_NORETRY|__GFP_NOMEMALLOC")]
    [InlineData(GfpFlags.HighUserMovable | GfpFlags.NoWarn | GfpFlags.RetryMayFail | GfpFlags.Compound | GfpFlags.ThisNode, "GFP_HIGHUSER_MOVABLE|__GFP_NOWARN|__GFP_RETRY_MAYFAIL|__GFP_COMP|__GFP_THISNODE")]
    [InlineData(GfpFlags.NoIo | GfpFlags.HighMem | GfpFlags.NoWarn | GfpFlags.NoRetry, "GFP_NOIO|__GFP_HIGHMEM|__GFP_NOWARN|__GFP_NORETRY")]
    [InlineData(GfpFlags.TransHuge, "GFP_TRANSHUGE")]
    [InlineData(GfpFlags.TransHugeLight | GfpFlags.KswapdReclaim, "GFP_TRANSHUGE_LIGHT|GFP_NOWAIT")]
    [InlineData(GfpFlags.Atomic, "GFP_ATOMIC")]
    [InlineData(GfpFlags.None, "none")]
    public void GfpFlags_AreNamedAsARecordedKernelNamesThem(GfpFlags gfp, string name) => Assert.Equal(name, GfpNames.Format(gfp));

    [Fact]
    public void AFailure_IsReportedInTheKernelsWords()
    {
        var kernel = new TestKernel(128L << 20);
        Fill(kernel);
        Assert.Equal(-1, kernel.Allocator.AllocPages(9, GfpFlags.Kernel | GfpFlags.Compound, 7, kernel.Cpu, -1));
        string report = kernel.Pages.Failures.Render(owner => $"task{owner}");
        Assert.Contains("task7: page allocation failure: order:9, mode:0x40cc0(GFP_KERNEL|__GFP_COMP), nodemask=(null)\n", report);
        Zone dma = kernel.Pages.Zone(ZoneType.Dma);
        Assert.Contains($"\nNode 0 DMA: {dma.FreeBlocks(0)}*4kB ", report);
        Assert.Contains($"= {dma.FreePages * 4}kB\n", report);
        Assert.Equal(1, kernel.Pages.Failures.OfOrder(9));
    }

    [Fact]
    public void AFailure_WithNoWarn_CountsAndIsNotReported()
    {
        var kernel = new TestKernel(128L << 20);
        Fill(kernel);
        long last = kernel.Pages.Failures.Last;
        Assert.Equal(-1, kernel.Allocator.AllocPages(9, GfpFlags.Kernel | GfpFlags.NoWarn, 7, kernel.Cpu, -1));
        Assert.Equal(1, kernel.Pages.Failures.OfOrder(9));
        Assert.Equal(last, kernel.Pages.Failures.Last);
    }

    [Fact]
    public void AnUrgentHighOrder_KeepsItsPageBlock_AndMemoryInNeedTakesItBack()
    {
        var kernel = new TestKernel(256L << 20);
        List<long> taken = Fill(kernel);
        Zone zone = kernel.Pages.Zone(ZoneType.Dma32);
        // Room below the min watermark: only an urgent request gets in there.
        FreeRun(kernel, taken, zone, 256);
        long urgent = kernel.Allocator.AllocPages(2, GfpFlags.Atomic, 0, kernel.Cpu, -1);
        Assert.True(urgent >= 0);
        Assert.Equal(512, zone.ReservedHighAtomic);
        Assert.Equal(MigrateType.HighAtomic, zone.PageblockType(urgent));
        Assert.Contains(Enumerable.Range(0, PageOrder.Count), o => zone.FreeBlocks(o, MigrateType.HighAtomic) > 0);
        // A request that may wait, and would fail, takes it back.
        kernel.Allocator.Reclaim = new HopefulReclaim();
        Assert.Equal(-1, kernel.Allocator.AllocPages(0, GfpFlags.Kernel, 0, kernel.Cpu, -1));
        Assert.Equal(0, zone.ReservedHighAtomic);
        Assert.Equal(MigrateType.Unmovable, zone.PageblockType(urgent));
        kernel.AssertInvariants();
    }

    [Fact]
    public void BreakingUpABlockOfAnotherType_BoostsTheWatermarks_UpToOneAndAHalfOfTheHighOne()
    {
        var kernel = new TestKernel(256L << 20);
        var kswapd = new WakeupCounter();
        kernel.Allocator.Kswapd = kswapd;
        Zone zone = kernel.Pages.Zone(ZoneType.Dma32);
        long high = zone.Watermark(Watermark.High), min = zone.Watermark(Watermark.Min);
        // Small movable blocks with gaps between them: unmovable requests have to break into movable page blocks.
        var movable = new List<long>();
        long pfn;
        while ((pfn = kernel.Allocator.AllocPages(0, GfpFlags.HighUserMovable, 1, kernel.Cpu, -1)) >= 0)
        {
            movable.Add(pfn);
        }
        foreach (long free in movable.Where(p => (p & 7) < 4))
        {
            kernel.Allocator.FreePages(free, 0, kernel.Cpu, -1);
        }
        kernel.Allocator.DrainAll(kernel.Cpu, -1);
        for (int i = 0; i < 2000; i++)
        {
            kernel.Allocator.AllocPages(0, GfpFlags.Kernel, 0, kernel.Cpu, -1);
        }
        Assert.Equal(Math.Max(512, high * 15_000 / 10_000), zone.WatermarkBoost);
        Assert.Equal(min + zone.WatermarkBoost, zone.Watermark(Watermark.Min));
        Assert.True(kswapd.Wakeups > 0);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(700)]
    [InlineData(1024)]
    public void AnyNumberOfFrames_ComesInARow_AndTheRestGoesBack(int pages)
    {
        var kernel = new TestKernel(256L << 20);
        kernel.Allocator.DrainAll(kernel.Cpu, -1);
        long free = kernel.Pages.Zones.Sum(z => z.FreePages);
        long pfn = kernel.Allocator.AllocPagesExact(pages, GfpFlags.Kernel, 9, kernel.Cpu, -1);
        Assert.True(pfn >= 0);
        for (long at = pfn; at < pfn + pages; at++)
        {
            Assert.Equal((FrameState.Allocated, (byte)0, 9), (kernel.Pages.Frames[at].State, kernel.Pages.Frames[at].Order, kernel.Pages.Frames[at].Owner));
        }
        kernel.AssertInvariants();
        kernel.Allocator.DrainAll(kernel.Cpu, -1);
        Assert.Equal(free - pages, kernel.Pages.Zones.Sum(z => z.FreePages));
        kernel.Allocator.FreePagesExact(pfn, pages, kernel.Cpu, -1);
        kernel.Allocator.DrainAll(kernel.Cpu, -1);
        Assert.Equal(free, kernel.Pages.Zones.Sum(z => z.FreePages));
        kernel.AssertInvariants();
    }

    private static List<long> Fill(TestKernel kernel)
    {
        var taken = new List<long>();
        long pfn;
        while ((pfn = kernel.Allocator.AllocPages(0, GfpFlags.Kernel | GfpFlags.MemAlloc | GfpFlags.NoWarn, 1, kernel.Cpu, -1)) >= 0)
        {
            taken.Add(pfn);
        }
        return taken;
    }

    private static void FreeRun(TestKernel kernel, List<long> taken, Zone zone, int pages)
    {
        long start = taken.First(p => zone.Spans(p) && p % 512 == 0 && Enumerable.Range(0, pages).All(i => taken.Contains(p + i)));
        for (int i = 0; i < pages; i++)
        {
            kernel.Allocator.FreePages(start + i, 0, kernel.Cpu, -1);
        }
        kernel.Allocator.DrainAll(kernel.Cpu, -1);
    }

    private sealed class HopefulReclaim : IPageReclaim
    {
        public long TryToFreePages(ReadOnlySpan<Zone> zones, int order, GfpFlags gfp, CpuClock cpu, long cause) => 0;

        public long ReclaimablePages(Zone zone) => 100_000;
    }

    private sealed class WakeupCounter : IKswapd
    {
        public int Wakeups { get; private set; }

        public void Wakeup(Zone zone, int order, ZoneType highestZone, GfpFlags gfp, CpuClock cpu, long cause) => Wakeups++;
    }
}
