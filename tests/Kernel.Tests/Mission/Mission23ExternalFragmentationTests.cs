using System.Numerics;
using Sim.Kernel.ProcFs;
using Sim.Kernel.Tests.Support;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Mission;

/// <summary>Mission row 23, external fragmentation: the kernel's two indexes, and memory that suffices in sum only.</summary>
public sealed class Mission23ExternalFragmentationTests
{
    /// <summary>
    /// extfrag_index and unusable_index of every order (mm/vmstat.c) of churned memory, recomputed from the lines of buddyinfo in rational
    /// numbers: 1 − (1 + free / 2^order) / blocks, and the share of free memory in blocks too small.
    /// </summary>
    [Fact]
    public void IndexesAreTheKernelsFormulasOverBuddyinfo()
    {
        var kernel = new TestKernel(96L << 20);
        var churn = new Churn(kernel, 23, slots: 2_500);
        int fragmented = 0;
        for (int round = 0; round < 20; round++)
        {
            churn.Run(1_500);
            string[] lines = BuddyInfo.Render(kernel.Pages).TrimEnd('\n').Split('\n');
            ExtFragRow[] rows = [.. ExtFrag.Rows(kernel.Pages)];
            Assert.Equal(lines.Length, rows.Length);
            for (int zone = 0; zone < lines.Length; zone++)
            {
                BigInteger[] blocks = [.. lines[zone].Split(' ', StringSplitOptions.RemoveEmptyEntries)[4..].Select(BigInteger.Parse)];
                BigInteger count = blocks.Aggregate(BigInteger.Add), free = blocks.Select((n, o) => n << o).Aggregate(BigInteger.Add);
                for (int order = 0; order < blocks.Length && count > 0; order++)
                {
                    BigInteger large = blocks.Select((n, o) => o >= order ? n << o : 0).Aggregate(BigInteger.Add);
                    // In thousandths, divisions rounded down as the kernel's are.
                    BigInteger expected = large > 0 ? -1000 : 1000 - ((1000 + (free * 1000 / (BigInteger.One << order))) / count);
                    Assert.Equal(expected, rows[zone].ExtfragIndex[order]);
                    Assert.Equal((free - large) * 1000 / free, rows[zone].UnusableIndex[order]);
                    fragmented += expected > 500 ? 1 : 0;
                }
            }
        }
        Assert.True(fragmented > 0);
    }

    /// <summary>Every second page free: half of memory, and no two neighbours.</summary>
    [Theory]
    [InlineData(KernelProfile.X86_64)]
    [InlineData(KernelProfile.I386Classic)]
    public void MemorySufficesInSumAndTheRequestFails(KernelProfile profile)
    {
        var kernel = new TestKernel(128L << 20, options: new KernelOptions { Profile = profile });
        var pages = new List<long>();
        for (long pfn; (pfn = kernel.Allocator.AllocPages(0, GfpFlags.HighUserMovable, 1, kernel.Cpu, -1)) >= 0;)
        {
            pages.Add(pfn);
        }
        foreach (long pfn in pages.Where(p => p % 2 == 0))
        {
            kernel.Allocator.FreePages(pfn, 0, kernel.Cpu, -1);
        }
        kernel.Allocator.DrainAll(kernel.Cpu, -1);
        long free = kernel.Pages.Zones.Sum(z => z.FreePages);
        Assert.True(free > 10_000);
        foreach (int order in (int[])[9, 10])
        {
            Assert.Equal(-1, kernel.Allocator.AllocPages(order, GfpFlags.HighUserMovable, 1, kernel.Cpu, -1));
            Assert.True(ExtFrag.Index(kernel.Pages, order) > 900, "near 1: fragmentation, not want of memory");
        }
        // Single pages there are plenty of, and a block as soon as the neighbours go.
        Assert.True(kernel.Allocator.AllocPages(0, GfpFlags.HighUserMovable, 1, kernel.Cpu, -1) >= 0);
        foreach (long pfn in pages.Where(p => p % 2 == 1))
        {
            kernel.Allocator.FreePages(pfn, 0, kernel.Cpu, -1);
        }
        Assert.True(kernel.Allocator.AllocPages(9, GfpFlags.HighUserMovable, 1, kernel.Cpu, -1) >= 0);
        kernel.AssertInvariants();
    }
}
