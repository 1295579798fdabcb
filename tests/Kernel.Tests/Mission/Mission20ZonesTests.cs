using Sim.Kernel.ProcFs;
using Sim.Kernel.Tests.Support;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Mission;

/// <summary>
/// Mission row 20: zones, and requests that fall back from zone to zone. The figures are those of /proc/zoneinfo of stock Debian 6.1
/// kernels in QEMU; formulas are worked out here anew from the kernel's documentation (Documentation/admin-guide/sysctl/vm.rst).
/// </summary>
public sealed class Mission20ZonesTests
{
    /// <summary>Where zones begin and what they hold, of the machines that were recorded.</summary>
    [Theory]
    [InlineData(KernelProfile.X86_64, 256, "DMA 1 4095 3998|DMA32 4096 61399 61399|Normal 0 0 0")]
    [InlineData(KernelProfile.X86_64, 1024, "DMA 1 4095 3998|DMA32 4096 258007 258007|Normal 0 0 0")]
    [InlineData(KernelProfile.X86_64, 4608, "DMA 1 4095 3998|DMA32 4096 1044480 782295|Normal 1048576 393216 393216")]
    [InlineData(KernelProfile.I386Pae, 1536, "DMA 1 4095 3998|Normal 4096 221182 221182|HighMem 225278 167897 167897")]
    [InlineData(KernelProfile.I386, 1536, "DMA 1 4095 3998|Normal 4096 220158 220158|HighMem 224254 168921 168921")]
    public void ZonesAreTheRecordedOnes(KernelProfile profile, int megabytes, string zones)
    {
        var kernel = new TestKernel((long)megabytes << 20, options: new KernelOptions { Profile = profile });
        Assert.Equal(zones.Split('|'), ZoneInfo.Rows(kernel.Pages).Take(3).Select(z => $"{z.Zone} {(z.Present == 0 ? 0 : z.StartPfn)} {z.Spanned} {z.Present}"));
    }

    /// <summary>
    /// Zones are used from the highest that will do, down the zonelist, and never up; DMA last, and not at all for Normal in a machine of
    /// 4.5 GB, where its lowmem_reserve is larger than it is.
    /// </summary>
    [Theory]
    [InlineData(KernelProfile.X86_64, 256, GfpFlags.HighUserMovable, "DMA32 DMA")]
    [InlineData(KernelProfile.X86_64, 4608, GfpFlags.HighUserMovable, "Normal DMA32")]
    [InlineData(KernelProfile.X86_64, 4608, GfpFlags.Kernel, "Normal DMA32")]
    [InlineData(KernelProfile.X86_64, 4608, GfpFlags.Kernel | GfpFlags.Dma32, "DMA32 DMA")]
    [InlineData(KernelProfile.X86_64, 4608, GfpFlags.Kernel | GfpFlags.Dma, "DMA")]
    [InlineData(KernelProfile.I386Classic, 1536, GfpFlags.HighUserMovable, "HighMem Normal DMA")]
    [InlineData(KernelProfile.I386Classic, 1536, GfpFlags.Kernel, "Normal DMA")]
    [InlineData(KernelProfile.I386Pae, 1536, GfpFlags.Kernel | GfpFlags.Dma, "DMA")]
    public void RequestsFallBackDownTheZonelist(KernelProfile profile, int megabytes, GfpFlags gfp, string order)
    {
        var kernel = new TestKernel((long)megabytes << 20, options: new KernelOptions { Profile = profile });
        var seen = new List<ZoneType>();
        for (long pfn; (pfn = kernel.Allocator.AllocPages(10, gfp, 1, kernel.Cpu, -1)) >= 0;)
        {
            ZoneType zone = kernel.Pages.Frames[pfn].Zone;
            if (seen.Count == 0 || seen[^1] != zone)
            {
                seen.Add(zone);
            }
        }
        // Small blocks reach what blocks of 4 MiB do not.
        for (long pfn; (pfn = kernel.Allocator.AllocPages(0, gfp, 1, kernel.Cpu, -1)) >= 0;)
        {
            ZoneType zone = kernel.Pages.Frames[pfn].Zone;
            if (!seen.Contains(zone))
            {
                seen.Add(zone);
            }
        }
        Assert.Equal(order, string.Join(' ', seen.Select(ZoneTypes.Name)));
        kernel.AssertInvariants();
    }

    /// <summary>
    /// min_free_kbytes is 4 × √(lowmem in KiB), the low and high watermarks lie a quarter of min, or a thousandth of the zone, apart, and
    /// lowmem_reserve is the pages of the higher zones by the ratio 256, 256, 32.
    /// </summary>
    [Theory]
    [InlineData(KernelProfile.X86_64, 256)]
    [InlineData(KernelProfile.X86_64, 1024)]
    [InlineData(KernelProfile.X86_64, 4608)]
    [InlineData(KernelProfile.I386, 1536)]
    [InlineData(KernelProfile.I386Pae, 1536)]
    public void WatermarksAndReservesFollowTheFormulas(KernelProfile profile, int megabytes)
    {
        var kernel = new TestKernel((long)megabytes << 20, options: new KernelOptions { Profile = profile });
        Zone[] zones = [.. kernel.Pages.Zones.Where(z => z.IsPopulated)];
        // Highmem has a watermark of its own, which does not take part in the reserve.
        foreach (Zone zone in zones.Where(z => z.Type != ZoneType.HighMem))
        {
            long min = zone.Watermark(Watermark.Min), step = zone.Watermark(Watermark.Low) - min;
            Assert.Equal(step, zone.Watermark(Watermark.High) - zone.Watermark(Watermark.Low));
            // Of the managed pages that boot knew when it computed: some are freed later.
            Assert.InRange(step, min / 4, Math.Max(min / 4, zone.ManagedPages / 1000));
        }
        Zone[] low = [.. zones.Where(z => z.Type != ZoneType.HighMem)];
        long lowmemKib = low.Sum(z => z.ManagedPages) * 4, minKib = low.Sum(z => z.Watermark(Watermark.Min)) * 4;
        Assert.InRange(minKib, 0.97 * 4 * Math.Sqrt(lowmemKib * 0.9) - 8, 4 * Math.Sqrt(lowmemKib) + 4);
        // Each zone has its share of the reserve.
        Assert.All(low, z => Assert.InRange(z.Watermark(Watermark.Min) * 4.0 / minKib, 0.8 * z.ManagedPages * 4 / lowmemKib, 1.25 * z.ManagedPages * 4 / lowmemKib));
        for (int i = 0; i < zones.Length; i++)
        {
            int ratio = zones[i].Type == ZoneType.Normal && profile != KernelProfile.X86_64 ? 32 : 256;
            for (int j = i + 1; j < zones.Length; j++)
            {
                long above = zones[(i + 1)..(j + 1)].Sum(z => z.ManagedPages);
                Assert.InRange(zones[i].LowmemReserve(zones[j].Type), (long)(0.9 * above / ratio) - 1, above / ratio);
            }
        }
    }

    /// <summary>Requests for highmem leave lowmem its reserve: in Normal more pages stay free than for a request of the kernel's own.</summary>
    [Fact]
    public void LowmemReserveKeepsLowmemForTheKernel()
    {
        var kernel = new TestKernel(1536L << 20, options: new KernelOptions { Profile = KernelProfile.I386Pae });
        while (kernel.Allocator.AllocPages(0, GfpFlags.HighUserMovable, 1, kernel.Cpu, -1) >= 0)
        {
        }
        Zone normal = kernel.Pages.Zone(ZoneType.Normal);
        long left = normal.FreePages;
        Assert.InRange(left, normal.Watermark(Watermark.Min) + normal.LowmemReserve(ZoneType.Movable) - 64, normal.Watermark(Watermark.Min) + normal.LowmemReserve(ZoneType.Movable) + 64);
        int more = 0;
        while (kernel.Allocator.AllocPages(0, GfpFlags.Kernel, 1, kernel.Cpu, -1) >= 0)
        {
            more++;
        }
        Assert.InRange(more, normal.LowmemReserve(ZoneType.Movable) / 2, left);
        kernel.AssertInvariants();
    }
}
