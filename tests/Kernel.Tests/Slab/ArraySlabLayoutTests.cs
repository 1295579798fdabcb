using Sim.Kernel.Slab;

namespace Sim.Kernel.Tests.Slab;

/// <summary>The layout of mm/slab.c of 6.1, from its rules: one byte per object describes a slab.</summary>
public sealed class ArraySlabLayoutTests
{
    private const long ManyPages = 1 << 18;

    [Theory]
    // Where all indices fit in an object, they cost nothing: as many objects as the page holds.
    [InlineData(192, SlabFlags.None, 192, 0, 21, 0)]
    [InlineData(256, SlabFlags.None, 256, 0, 16, 0)]
    [InlineData(4096, SlabFlags.None, 4096, 0, 1, 0)]
    // A page of small objects has more indices than bytes in an object: they lie at its end, and cost objects.
    [InlineData(32, SlabFlags.None, 32, 0, 124, 124)]
    [InlineData(16, SlabFlags.None, 16, 0, 240, 240)]
    [InlineData(40, SlabFlags.None, 40, 0, 99, 99)]
    // An index is a byte, so objects take at least 16.
    [InlineData(8, SlabFlags.None, 16, 0, 240, 240)]
    // An eighth of the block may be lost, and the second order is the last.
    [InlineData(1500, SlabFlags.None, 1504, 1, 5, 0)]
    [InlineData(2200, SlabFlags.None, 2200, 1, 3, 0)]
    // Reclaimable caches stop at the first order that holds one.
    [InlineData(2200, SlabFlags.ReclaimAccount, 2200, 0, 1, 0)]
    // What a free object holds must last, so the indices lie at the end, here in what is left over.
    [InlineData(1000, SlabFlags.Constructor, 1000, 0, 4, 4)]
    public void Of(int bytes, SlabFlags flags, int size, int order, int objects, int management)
    {
        SlabGeometry g = Layout(bytes, flags);
        Assert.Equal((size, order, objects, management, false), (g.Size, g.GfpOrder, g.Objects, g.ManagementBytes, g.OffSlab));
    }

    /// <summary>Objects that fill their page to the byte leave no room for indices, and constructed ones may not hold them.</summary>
    [Fact]
    public void Indices_GoToAGeneralCache_WhereNothingIsLeftOver()
    {
        SlabGeometry g = Layout(1024, SlabFlags.Constructor);
        Assert.Equal((4, 4, true, false), (g.Objects, g.ManagementBytes, g.OffSlab, g.ObjFreelist));
        Assert.False(Layout(1024, SlabFlags.Constructor, general: 0).OffSlab);
        Assert.Equal((1, 7), (Layout(1024, SlabFlags.Constructor, general: 0).GfpOrder, Layout(1024, SlabFlags.Constructor, general: 0).Objects));
        // An object of the general cache of more than half of what it describes is not worth it.
        Assert.False(Layout(32, SlabFlags.Constructor).OffSlab);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(8)]
    public void EveryLayout_FitsItsSlab(int word)
    {
        SlabMachine machine = SlabMachine.Linux61(word, ManyPages);
        for (int size = 1; size <= SlabGeometry.MaxObjectBytes; size += 1 + (size / 7))
        {
            foreach (SlabFlags flags in new[] { SlabFlags.None, SlabFlags.HwCacheAlign, SlabFlags.ReclaimAccount, SlabFlags.Constructor })
            {
                SlabGeometry g = ArraySlabLayout.Of(size, 0, flags, machine, _ => 32);
                int inside = (g.OffSlab ? 0 : g.ManagementBytes) + (g.Objects * g.Size) + ((g.Colours - 1) * g.ColourBytes);
                Assert.InRange(inside, g.Size, 4096 << g.GfpOrder);
                Assert.True(g.Objects is > 0 and < 256 && g.Size >= size && g.Size % g.Align == 0);
                Assert.False(g.ObjFreelist && g.Objects > size);
            }
        }
    }

    /// <summary>The steps of enable_cpucache.</summary>
    [Theory]
    [InlineData(256, 2, 120, 60, 8)]
    [InlineData(257, 2, 54, 27, 8)]
    [InlineData(1025, 2, 24, 12, 8)]
    [InlineData(4097, 2, 8, 4, 0)]
    [InlineData(131073, 2, 1, 1, 0)]
    [InlineData(256, 1, 120, 60, 0)]
    public void Arrays(int size, int cpus, int limit, int batch, int shared)
    {
        var tuning = ArrayTuning.For(size, cpus);
        Assert.Equal((limit, batch, shared), (tuning.Limit, tuning.BatchCount, tuning.SharedFactor));
    }

    private static SlabGeometry Layout(int bytes, SlabFlags flags, int general = 32) =>
        ArraySlabLayout.Of(bytes, 0, flags, SlabMachine.Linux61(8, ManyPages), _ => general);
}
