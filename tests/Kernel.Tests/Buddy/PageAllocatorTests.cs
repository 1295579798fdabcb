using Sim.Kernel.Tests.Support;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Buddy;

public sealed class PageAllocatorTests
{
    [Fact]
    public void Frame_KnowsItsOwner_AndTheEventThatAllocatedIt()
    {
        var log = new MemoryLog();
        var kernel = new TestKernel(sink: log);
        long sequence = -1;
        long pfn = -1;
        for (int i = 0; i < 100; i++)
        {
            pfn = kernel.Allocator.AllocPages(0, GfpFlags.HighUserMovable, 42, kernel.Cpu, -1);
            sequence = kernel.Journal.NextSequence - 1;
        }
        Frame frame = kernel.Pages.Frames[pfn];
        Assert.Equal((FrameState.Allocated, 42, sequence), (frame.State, frame.Owner, frame.AllocatedBy));
        kernel.Journal.Complete();
        Assert.Contains($"page.alloc pfn=0x{pfn:x} page_order=0 migrate_type=movable owner=42 cpu=0", log.Text(kernel.Catalogue)[(int)sequence], StringComparison.Ordinal);

        kernel.Allocator.FreePages(pfn, 0, kernel.Cpu, -1);
        Assert.Equal((FrameState.Pcp, 0, sequence), (kernel.Pages.Frames[pfn].State, kernel.Pages.Frames[pfn].Owner, kernel.Pages.Frames[pfn].AllocatedBy));
    }

    [Fact]
    public void WrongFrees_AreRefused()
    {
        var kernel = new TestKernel();
        long pfn = kernel.Allocator.AllocPages(3, GfpFlags.Kernel, 1, kernel.Cpu, -1);
        Assert.Throws<InvalidOperationException>(() => kernel.Allocator.FreePages(pfn, 2, kernel.Cpu, -1));
        Assert.Throws<InvalidOperationException>(() => kernel.Allocator.FreePages(pfn + 1, 0, kernel.Cpu, -1));
        kernel.Allocator.FreePages(pfn, 3, kernel.Cpu, -1);
        Assert.Throws<InvalidOperationException>(() => kernel.Allocator.FreePages(pfn, 3, kernel.Cpu, -1));
        Assert.Throws<InvalidOperationException>(() => kernel.Allocator.FreePages(0x10, 0, kernel.Cpu, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => kernel.Allocator.FreePages(1L << 40, 0, kernel.Cpu, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => kernel.Allocator.AllocPages(11, GfpFlags.Kernel, 1, kernel.Cpu, -1));
        kernel.AssertInvariants();
    }

    [Fact]
    public void Zones_AreUsedFromTheHighestDown_AndTheReserveProtectsTheLower()
    {
        var kernel = new TestKernel(256L << 20);
        Zone dma = kernel.Pages.Zone(ZoneType.Dma), dma32 = kernel.Pages.Zone(ZoneType.Dma32);
        long count = 0;
        while (kernel.Allocator.AllocPages(0, GfpFlags.HighUserMovable, 1, kernel.Cpu, -1) >= 0)
        {
            count++;
        }
        // Down to the min watermark everywhere, and in DMA down to what it keeps for those who can use nothing else.
        Assert.InRange(dma32.FreePagesCounter, 0, dma32.Watermark(Watermark.Min));
        Assert.InRange(dma.FreePages, dma.Watermark(Watermark.Min) + dma.LowmemReserve(ZoneType.Movable) - 1, dma.Watermark(Watermark.Min) + dma.LowmemReserve(ZoneType.Movable));
        Assert.InRange(count, 40_000, 65_536);

        // A request for DMA itself meets no such reserve; an urgent one goes below the watermark.
        Assert.InRange(kernel.Allocator.AllocPages(0, GfpFlags.Kernel | GfpFlags.Dma, 1, kernel.Cpu, -1), 0x100, 0xfff);
        Assert.True(kernel.Allocator.AllocPages(0, GfpFlags.Atomic, 1, kernel.Cpu, -1) >= 0x1000);
        Assert.Equal(-1, kernel.Allocator.AllocPages(0, GfpFlags.Kernel, 1, kernel.Cpu, -1));
        kernel.AssertInvariants();
    }

    [Fact]
    public void EnoughMemoryInSum_ButNoBlock_FailsAndIsLogged()
    {
        var log = new MemoryLog();
        var kernel = new TestKernel(256L << 20, sink: log);
        var pages = new List<long>();
        long pfn;
        while ((pfn = kernel.Allocator.AllocPages(0, GfpFlags.HighUserMovable, 1, kernel.Cpu, -1)) >= 0)
        {
            pages.Add(pfn);
        }
        foreach (long page in pages.Where(p => p % 2 == 0))
        {
            kernel.Allocator.FreePages(page, 0, kernel.Cpu, -1);
        }
        Assert.Equal(-1, kernel.Allocator.AllocPages(9, GfpFlags.HighUserMovable, 1, kernel.Cpu, -1));
        long free = kernel.Pages.Zones.Sum(z => z.FreePages);
        Assert.True(free > 20_000);
        kernel.Journal.Complete();
        Assert.Contains($"page.alloc_failed page_order=9 gfp=0x100cca owner=1 free_pages={free} cpu=0", log.Text(kernel.Catalogue)[^1], StringComparison.Ordinal);
        kernel.AssertInvariants();
    }

    [Fact]
    public void UnmovableRequest_TakesOverAWholePageBlock_MovableOnlyTheSmallestBlock()
    {
        var kernel = new TestKernel(256L << 20);
        Zone zone = kernel.Pages.Zone(ZoneType.Dma32);
        int movableBlocks = Count(zone, MigrateType.Movable);
        long pfn;
        do
        {
            // First what boot's own page tables left of the blocks that they took over.
            pfn = kernel.Allocator.AllocPages(0, GfpFlags.Kernel, 1, kernel.Cpu, -1);
        }
        while (Count(zone, MigrateType.Movable) == movableBlocks);
        Assert.Equal(MigrateType.Unmovable, zone.PageblockType(pfn));
        // The largest free block was taken: order 10, two page blocks.
        Assert.Equal(movableBlocks - 2, Count(zone, MigrateType.Movable));

        // Use up what is movable, then one more: it comes from the smallest unmovable block, whose page block keeps its type.
        while (zone.FreeBlocks(10, MigrateType.Movable) + zone.FreeBlocks(9, MigrateType.Movable) > 0)
        {
            kernel.Allocator.AllocPages(9, GfpFlags.HighUserMovable, 1, kernel.Cpu, -1);
        }
        int unmovable = Count(zone, MigrateType.Unmovable);
        int smallest = Enumerable.Range(4, 7).First(o => zone.FreeBlocks(o, MigrateType.Unmovable) > 0);
        Assert.True(smallest < 9);
        kernel.AssertInvariants();
        Assert.Equal(unmovable, Count(zone, MigrateType.Unmovable));
    }

    [Fact]
    public void Normal_AsksLowerZonesBeforeItMixesMigratetypes()
    {
        var kernel = new TestKernel(6L << 30);
        Zone normal = kernel.Pages.Zone(ZoneType.Normal);
        // All of zone Normal is movable at boot: an unmovable page block has to be claimed whole, none is mixed.
        long pfn = kernel.Allocator.AllocPages(0, GfpFlags.Kernel, 1, kernel.Cpu, -1);
        Assert.True(normal.Spans(pfn));
        while (normal.FreeBlocks(10) + normal.FreeBlocks(9) > 0 && normal.Spans(kernel.Allocator.AllocPages(9, GfpFlags.HighUserMovable, 1, kernel.Cpu, -1)))
        {
        }
        long other = -1;
        for (int i = 0; i < 600 && (other < 0 || normal.Spans(other)); i++)
        {
            other = kernel.Allocator.AllocPages(0, GfpFlags.Kernel | GfpFlags.Reclaimable, 1, kernel.Cpu, -1);
        }
        Assert.Equal(ZoneType.Dma32, kernel.Pages.Frames[other].Zone);
        kernel.AssertInvariants();
    }

    [Fact]
    public void HotPath_AllocatesNothing()
    {
        var kernel = new TestKernel(1L << 30, 2);
        var churn = new Churn(kernel, 9, slots: 4000);
        churn.Run(30_000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        churn.Run(100_000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static int Count(Zone zone, MigrateType type) => zone.PageblockTypes.ToArray().Count(t => t == (byte)type);
}
