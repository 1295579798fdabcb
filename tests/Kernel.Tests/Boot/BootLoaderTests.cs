using Sim.Kernel.Boot;
using Sim.Kernel.Tests.Support;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Boot;

public sealed class BootLoaderTests
{
    [Theory]
    [InlineData(KernelProfile.X86_64, 72, 1)]
    [InlineData(KernelProfile.X86_64, 1024, 4)]
    [InlineData(KernelProfile.X86_64, 5 * 1024, 2)]
    [InlineData(KernelProfile.I386Classic, 16, 1)]
    [InlineData(KernelProfile.I386Classic, 2048, 1)]
    public void AllFrames_AreReservedOrFreeOrTablesOfTheVmallocArea(KernelProfile profile, int megabytes, int cpus)
    {
        var kernel = new TestKernel((long)megabytes << 20, cpus, new KernelOptions { Profile = profile });
        kernel.AssertInvariants();
        long free = kernel.Pages.Zones.Sum(z => z.FreePages + z.PerCpu.Sum(p => p.Count));
        long managed = kernel.Pages.Zones.Sum(z => z.ManagedPages);
        Assert.Equal(profile == KernelProfile.X86_64 ? 64 : 0, managed - free);
        Assert.True(managed < kernel.Map.UsablePageCount);
    }

    /// <summary>The pristine free lists of zone DMA, read out of a stopped 6.1 guest: one block of 256, one of 512, three of 1,024 frames, in this order.</summary>
    [Fact]
    public void ZoneDma_IsReleasedAsARealKernelDoes()
    {
        var kernel = new TestKernel(256L << 20);
        Zone dma = kernel.Pages.Zone(ZoneType.Dma);
        Assert.Equal(3840, dma.ManagedPages);
        Assert.Equal([0x100], List(kernel, dma, 8, MigrateType.Unmovable));
        Assert.Equal([0x200], List(kernel, dma, 9, MigrateType.Movable));
        Assert.Equal([0x400, 0x800, 0xc00], List(kernel, dma, 10, MigrateType.Movable));
        Assert.Equal("01111111", string.Concat(dma.PageblockTypes.ToArray()));
    }

    /// <summary>A released range against a recursive cut of it into aligned halves, for ranges of any shape.</summary>
    [Fact]
    public void ReleasedRange_IsCutIntoTheLargestAlignedBlocks()
    {
        var random = new Engine.Random.RandomStream(3, "ranges");
        for (int i = 0; i < 40; i++)
        {
            long start = 0x1000 + (long)random.NextBelow(3000), pages = 5000 + (long)random.NextBelow(9000);
            var map = new MemoryMap([
                new MemoryRange(0x100000, 7L << 20, MemoryRangeType.Usable),
                new MemoryRange(start << 12, pages << 12, MemoryRangeType.Usable)]);
            var options = new KernelOptions { Profile = KernelProfile.I386Classic, Boot = new BootOptions { KernelImageBytes = 4 << 20 } };
            var kernel = new TestKernel(options: options, map: map);
            var expected = new int[PageOrder.Count];
            foreach (PageRange range in BootPlan.Of(kernel.Pages.Profile, map, options, 1).Released)
            {
                Halve(0, 1 << 20, range.StartPfn, range.EndPfn, expected);
            }
            Assert.Equal(expected, Enumerable.Range(0, PageOrder.Count).Select(o => kernel.Pages.Zones.Sum(z => z.FreeBlocks(o))));
            kernel.AssertInvariants();
        }
    }

    [Theory]
    [InlineData(KernelProfile.X86_64, 32, 0, 0)]
    [InlineData(KernelProfile.X86_64, 256, 400L << 20, 0)]
    [InlineData(KernelProfile.I386Classic, 64, 60L << 20, 0)]
    [InlineData(KernelProfile.X86_64, 256, -1, 0)]
    [InlineData(KernelProfile.X86_64, 256, 0, 200_000)]
    [InlineData(KernelProfile.X86_64, 256, 0, -1)]
    public void MachineThatCannotHoldTheKernel_IsRefused(KernelProfile profile, int megabytes, long image, long minFreeKbytes)
    {
        var options = new KernelOptions
        {
            Profile = profile,
            MinFreeKbytes = minFreeKbytes,
            Boot = new BootOptions { KernelImageBytes = image },
        };
        var e = Assert.Throws<ImpossibleMachineException>(() => new TestKernel((long)megabytes << 20, 1, options));
        Assert.Contains(e.Option, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(256)]
    public void ImpossibleNumberOfCpus_IsRefused(int cpus) =>
        Assert.Equal("machine.cpus", Assert.Throws<ImpossibleMachineException>(() => new TestKernel(cpus: cpus)).Option);

    [Fact]
    public void ReserveGiven_IsTheReserveUsed()
    {
        var kernel = new TestKernel(options: new KernelOptions { MinFreeKbytes = 8192 });
        Assert.Equal(8192, kernel.Pages.MinFreeKbytes);
        Assert.InRange(kernel.Pages.Zones.Sum(z => z.Watermark(Watermark.Min)), 2046, 2048);
    }

    private static IEnumerable<int> List(TestKernel kernel, Zone zone, int order, MigrateType type)
    {
        int list = zone.FreeList(order, type);
        for (int at = kernel.Pages.Frames.At(list).Next; at != list; at = kernel.Pages.Frames.At(at).Next)
        {
            yield return at;
        }
    }

    /// <summary>Counts the maximal aligned blocks of [from, to) by halving an aligned range that holds it.</summary>
    private static void Halve(long start, long pages, long from, long to, int[] blocks)
    {
        if (start >= to || start + pages <= from)
        {
            return;
        }
        if (pages <= 1 << PageOrder.Max && start >= from && start + pages <= to)
        {
            blocks[System.Numerics.BitOperations.Log2((ulong)pages)]++;
            return;
        }
        Halve(start, pages / 2, from, to, blocks);
        Halve(start + (pages / 2), pages / 2, from, to, blocks);
    }
}
