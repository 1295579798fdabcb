using Sim.Kernel.Slab;

namespace Sim.Kernel.Tests.Slab;

/// <summary>The layout of 2.6 beside /proc/slabinfo listings of real 2.6 kernels, posted to mailing lists by their users.</summary>
public sealed class BufctlLayoutTests
{
    private const long ManyPages = 1 << 18;

    /// <summary>i686, 2.6.17: size and the two columns that follow from it, for objects aligned to words.</summary>
    [Theory]
    [InlineData(12, 254, 1)]
    [InlineData(16, 203, 1)]
    [InlineData(20, 169, 1)]
    [InlineData(28, 127, 1)]
    [InlineData(36, 101, 1)]
    [InlineData(40, 92, 1)]
    [InlineData(48, 78, 1)]
    [InlineData(52, 72, 1)]
    [InlineData(56, 67, 1)]
    [InlineData(84, 46, 1)]
    [InlineData(88, 44, 1)]
    [InlineData(92, 42, 1)]
    [InlineData(100, 39, 1)]
    [InlineData(104, 37, 1)]
    [InlineData(132, 29, 1)]
    [InlineData(136, 29, 1)]
    [InlineData(140, 28, 1)]
    [InlineData(144, 27, 1)]
    [InlineData(148, 26, 1)]
    [InlineData(176, 22, 1)]
    [InlineData(220, 18, 1)]
    [InlineData(260, 15, 1)]
    [InlineData(276, 14, 1)]
    [InlineData(304, 13, 1)]
    [InlineData(336, 11, 1)]
    [InlineData(596, 13, 2)]
    [InlineData(940, 4, 1)]
    public void WordAligned_OnI686(int size, int objects, int pages) =>
        Check(size, SlabFlags.None, 4, size, objects, pages);

    /// <summary>The same listing, for inode caches: their pages are reclaimable, so they stop at the first order that fits.</summary>
    [Theory]
    [InlineData(376, 10, 1)]
    [InlineData(392, 10, 1)]
    [InlineData(472, 8, 1)]
    [InlineData(132, 29, 1)]
    public void Reclaimable_OnI686(int size, int objects, int pages) =>
        Check(size, SlabFlags.ReclaimAccount, 4, size, objects, pages);

    /// <summary>The same listing, for objects aligned to cache lines; the size is the one after alignment.</summary>
    [Theory]
    [InlineData(32, 32, 113, 1)]
    [InlineData(64, 64, 59, 1)]
    [InlineData(96, 128, 30, 1)]
    [InlineData(128, 128, 30, 1)]
    [InlineData(192, 192, 20, 1)]
    [InlineData(256, 256, 15, 1)]
    [InlineData(320, 320, 12, 1)]
    [InlineData(384, 384, 10, 1)]
    [InlineData(448, 448, 9, 1)]
    [InlineData(512, 512, 8, 1)]
    [InlineData(640, 640, 6, 1)]
    [InlineData(1024, 1024, 4, 1)]
    [InlineData(1280, 1280, 3, 1)]
    [InlineData(1344, 1344, 3, 1)]
    [InlineData(2048, 2048, 2, 1)]
    [InlineData(2560, 2560, 3, 2)]
    [InlineData(3072, 3072, 2, 2)]
    [InlineData(4096, 4096, 1, 1)]
    [InlineData(8192, 8192, 1, 2)]
    [InlineData(16384, 16384, 1, 4)]
    [InlineData(32768, 32768, 1, 8)]
    [InlineData(65536, 65536, 1, 16)]
    [InlineData(131072, 131072, 1, 32)]
    public void LineAligned_OnI686(int size, int aligned, int objects, int pages) =>
        Check(size, SlabFlags.HwCacheAlign, 4, aligned, objects, pages);

    /// <summary>x86-64, 2.6.28.</summary>
    [Theory]
    [InlineData(16, 202, 1)]
    [InlineData(24, 144, 1)]
    [InlineData(32, 112, 1)]
    [InlineData(40, 92, 1)]
    [InlineData(48, 77, 1)]
    [InlineData(56, 67, 1)]
    [InlineData(72, 53, 1)]
    [InlineData(80, 48, 1)]
    [InlineData(88, 44, 1)]
    [InlineData(96, 40, 1)]
    [InlineData(112, 34, 1)]
    [InlineData(120, 32, 1)]
    [InlineData(136, 28, 1)]
    [InlineData(160, 24, 1)]
    [InlineData(168, 23, 1)]
    [InlineData(184, 21, 1)]
    [InlineData(216, 18, 1)]
    [InlineData(240, 16, 1)]
    [InlineData(304, 13, 1)]
    [InlineData(328, 12, 1)]
    [InlineData(352, 11, 1)]
    [InlineData(360, 11, 1)]
    [InlineData(488, 8, 1)]
    [InlineData(544, 7, 1)]
    [InlineData(648, 6, 1)]
    [InlineData(800, 5, 1)]
    public void WordAligned_OnX86_64(int size, int objects, int pages) =>
        Check(size, SlabFlags.None, 8, size, objects, pages);

    [Theory]
    [InlineData(64, 59, 1)]
    [InlineData(128, 30, 1)]
    [InlineData(192, 20, 1)]
    [InlineData(256, 15, 1)]
    [InlineData(384, 10, 1)]
    [InlineData(512, 8, 1)]
    [InlineData(704, 11, 2)]
    [InlineData(1088, 7, 2)]
    [InlineData(1216, 3, 1)]
    [InlineData(1280, 3, 1)]
    [InlineData(1408, 5, 2)]
    [InlineData(2176, 3, 2)]
    [InlineData(2304, 3, 2)]
    [InlineData(4096, 1, 1)]
    public void LineAligned_OnX86_64(int size, int objects, int pages) =>
        Check(size, SlabFlags.HwCacheAlign, 8, size, objects, pages);

    [Fact]
    public void EveryLayout_FitsItsSlab()
    {
        foreach (int word in (int[])[4, 8])
        {
            SlabMachine machine = SlabMachine.Linux26(word, ManyPages);
            for (int size = 1; size <= SlabGeometry.MaxObjectBytes; size += 1 + (size / 7))
            {
                foreach (SlabFlags flags in new[] { SlabFlags.None, SlabFlags.HwCacheAlign, SlabFlags.ReclaimAccount })
                {
                    SlabGeometry g = BufctlLayout.Of(size, 0, flags, machine);
                    int inside = (g.OffSlab ? 0 : g.ManagementBytes) + (g.Objects * g.Size) + ((g.Colours - 1) * g.ColourBytes);
                    Assert.InRange(inside, g.Size, 4096 << g.GfpOrder);
                    Assert.True(g.Objects > 0 && g.Size >= size && g.Size % g.Align == 0);
                    Assert.True(g.OffSlab || g.ManagementBytes % g.Align == 0);
                }
            }
        }
    }

    private static void Check(int size, SlabFlags flags, int word, int aligned, int objects, int pages)
    {
        SlabGeometry g = BufctlLayout.Of(size, 0, flags, SlabMachine.Linux26(word, ManyPages));
        Assert.Equal((aligned, objects, pages), (g.Size, g.Objects, 1 << g.GfpOrder));
    }
}
