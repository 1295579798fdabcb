using System.Text.Json;
using Sim.Kernel.ProcFs;
using Sim.Kernel.Slab;
using Sim.Kernel.Tests.Support;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.ProcFs;

/// <summary>Views beside lines that real 6.1 kernels printed.</summary>
public sealed class PhysicalViewTests
{
    [Fact]
    public void BuddyInfo_OfUntouchedZoneDma_IsTheKernelsLine()
    {
        var kernel = new TestKernel();
        Assert.StartsWith(
            "Node 0, zone      DMA      0      0      0      0      0      0      0      0      1      1      3 \nNode 0, zone    DMA32 ",
            BuddyInfo.Render(kernel.Pages), StringComparison.Ordinal);
        Assert.Equal(2, BuddyInfo.Rows(kernel.Pages).Count);
    }

    [Fact]
    public void PageTypeInfo_OfUntouchedZoneDma_IsTheKernelsText()
    {
        string text = PageTypeInfo.Render(new TestKernel().Pages);
        Assert.StartsWith("""
            Page block order: 9
            Pages per block:  512

            Free pages count per migrate type at order       0      1      2      3      4      5      6      7      8      9     10 
            Node    0, zone      DMA, type    Unmovable      0      0      0      0      0      0      0      0      1      0      0 
            Node    0, zone      DMA, type      Movable      0      0      0      0      0      0      0      0      0      1      3 
            Node    0, zone      DMA, type  Reclaimable      0      0      0      0      0      0      0      0      0      0      0 
            Node    0, zone      DMA, type   HighAtomic      0      0      0      0      0      0      0      0      0      0      0 
            Node    0, zone      DMA, type      Isolate      0      0      0      0      0      0      0      0      0      0      0 

            """, text, StringComparison.Ordinal);
        Assert.Contains("""

            Number of blocks type     Unmovable      Movable  Reclaimable   HighAtomic      Isolate 
            Node 0, zone      DMA            1            7            0            0            0 

            """, text, StringComparison.Ordinal);
    }

    [Fact]
    public void PageTypeInfo_LeavesOutSectionsWithoutMemory()
    {
        var kernel = new TestKernel(4608L << 20);
        // 3 GiB of DMA32 from 16 MiB on: the GiB of devices above has no page blocks.
        Assert.Equal((3072 - 16) / 2, PageTypeInfo.Rows(kernel.Pages).Where(r => r.Zone == "DMA32").Sum(r => r.Blocks));
    }

    [Fact]
    public void ZoneInfo_HasTheKernelsFields()
    {
        var kernel = new TestKernel(256L << 20, 2, new KernelOptions { MinFreeKbytes = 1751 });
        string text = ZoneInfo.Render(kernel.Pages);
        Assert.StartsWith("Node 0, zone      DMA\n  pages free     3840\n        boost    0\n        min      ", text, StringComparison.Ordinal);
        Assert.Contains("        spanned  4095\n        present  3998\n        managed  3840\n        cma      0\n        protection: (0, ", text, StringComparison.Ordinal);
        Assert.Contains("  pagesets\n    cpu: 0\n              count: 0\n              high:  ", text, StringComparison.Ordinal);
        Assert.Contains("    cpu: 1\n", text, StringComparison.Ordinal);
        Assert.EndsWith("Node 0, zone   Device\n  pages free     0\n        boost    0\n        min      0\n        low      0\n        high     0\n"
            + "        spanned  0\n        present  0\n        managed  0\n        cma      0\n        protection: (0, 0, 0, 0, 0)\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void MemInfo_AddsUp()
    {
        var kernel = new TestKernel(1536L << 20, options: new KernelOptions { Profile = KernelProfile.I386Classic });
        var rows = MemInfo.Rows(kernel.State).ToDictionary(r => r.Key, r => r.Value);
        Assert.Equal(rows["MemTotal"], rows["HighTotal"] + rows["LowTotal"]);
        Assert.Equal(rows["MemFree"], rows["HighFree"] + rows["LowFree"]);
        Assert.Equal(rows["MemTotal"], rows["MemFree"]);
        Assert.InRange(rows["MemAvailable"], 1, rows["MemFree"] - 1);
        Assert.StartsWith($"MemTotal:       {rows["MemTotal"],8} kB\nMemFree:        {rows["MemFree"],8} kB\n", MemInfo.Render(kernel.State), StringComparison.Ordinal);
    }

    [Fact]
    public void SlabInfo_HasTheKernelsLayout_AndFieldNames()
    {
        var kernel = new TestKernel();
        var slab = new SlabAllocator(kernel.State.Slab, kernel.Allocator, kernel.Journal, kernel.Options.Slab);
        slab.Initialize(kernel.Cpu);
        int cache = slab.CreateCache("dentry", 192, 0, SlabFlags.ReclaimAccount, kernel.Cpu, -1);
        for (int i = 0; i < 30; i++)
        {
            slab.Alloc(cache, GfpFlags.Kernel, kernel.Cpu, -1);
        }
        string[] lines = SlabInfo.Render(kernel.State.Slab, kernel.Journal.Symbols).Split('\n');
        Assert.Equal("slabinfo - version: 2.1", lines[0]);
        Assert.Equal("dentry                42     42    192   21    1 : tunables    0    0    0 : slabdata      2      2      0", lines[2]);
        string json = JsonSerializer.Serialize(SlabInfo.Rows(kernel.State.Slab, kernel.Journal.Symbols)[0]);
        Assert.StartsWith("{\"name\":\"dentry\",\"active_objs\":42,\"num_objs\":42,\"objsize\":192,\"objperslab\":21,\"pagesperslab\":1", json, StringComparison.Ordinal);
        Assert.Contains("\"handed_out_objs\":30,", json, StringComparison.Ordinal);
        Assert.Equal(8, MemInfo.Rows(kernel.State).Single(r => r.Key == "SReclaimable").Value);
    }

    /// <summary>The classic slab counts objects in arrays as in use: 16 more than a free list of 5 would have it.</summary>
    [Fact]
    public void SlabInfo_OfTheClassicSlab_ShowsArrays()
    {
        var kernel = new TestKernel(256L << 20, 2, new KernelOptions { Slab = new SlabAllocatorOptions { Allocator = SlabAllocatorKind.Slab } });
        var slab = new SlabAllocator(kernel.State.Slab, kernel.Allocator, kernel.Journal, kernel.Options.Slab);
        slab.Initialize(kernel.Cpu);
        int cache = slab.CreateCache("dentry", 192, 0, SlabFlags.ReclaimAccount, kernel.Cpu, -1);
        slab.Alloc(cache, GfpFlags.Kernel, kernel.Cpu, -1);
        string[] lines = SlabInfo.Render(kernel.State.Slab, kernel.Journal.Symbols).Split('\n');
        Assert.Equal("dentry                16     21    192   21    1 : tunables  120   60    8 : slabdata      1      1      0", lines[2]);
    }

    [Fact]
    public void ExtFrag_EqualsCountingPages()
    {
        var kernel = new TestKernel(96L << 20);
        var churn = new Churn(kernel, 21, slots: 2500);
        for (int round = 0; round < 10; round++)
        {
            churn.Run(2000);
            foreach (Zone zone in kernel.Pages.Zones.Where(z => z.IsPopulated))
            {
                for (int order = 0; order < PageOrder.Count; order++)
                {
                    (int index, int unusable) = Counted(kernel, zone, order);
                    Assert.Equal(index, ExtFrag.Index(zone, order));
                    Assert.Equal(unusable, ExtFrag.Unusable(zone, order));
                }
            }
        }
    }

    [Fact]
    public void ExtFrag_OfAFreshZone_IsPrintedAsDebugfsDoes()
    {
        string text = ExtFrag.Render(new TestKernel().Pages);
        string fresh = string.Concat(Enumerable.Repeat("-1.000 ", PageOrder.Count));
        Assert.StartsWith("extfrag_index\nNode 0, zone      DMA " + fresh + "\n", text, StringComparison.Ordinal);
        // 3,840 pages, of which 768 lie in blocks below order 10 and 256 below order 9.
        Assert.Contains("unusable_index\nNode 0, zone      DMA 0.000 0.000 0.000 0.000 0.000 0.000 0.000 0.000 0.000 0.066 0.200 \n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void FrameView_TellsABlocksFramesWhatItsHeadKnows()
    {
        var kernel = new TestKernel();
        long pfn = kernel.Allocator.AllocPages(5, GfpFlags.Kernel, -2, kernel.Cpu, -1);
        FrameRow row = FrameView.Row(kernel.Pages, pfn + 13);
        Assert.Equal(($"0x{pfn:x}", 5, "allocated", -2, kernel.Journal.NextSequence - 2), (row.Head, row.Order, row.State, row.Owner, row.AllocatedBy));
        Assert.Equal("reserved", FrameView.Row(kernel.Pages, 0x10).State);
        Assert.Equal("low_memory", FrameView.Row(kernel.Pages, 0x10).Use);
        Assert.Equal("hole", FrameView.Row(kernel.Pages, 0xa0).State);
        Assert.Equal("pfn            0xa0\nstate          hole\n", FrameView.Render(kernel.Pages, 0xa0));
        Assert.Throws<ArgumentOutOfRangeException>(() => FrameView.Row(kernel.Pages, 1L << 33));
        for (long at = 0; at < kernel.Pages.Frames.Count; at += 7)
        {
            Assert.NotEqual("tail", FrameView.Row(kernel.Pages, at).State);
        }
    }

    /// <summary>Both indexes from the frames themselves, in rational arithmetic rounded as the kernel's divisions do.</summary>
    private static (int Index, int Unusable) Counted(TestKernel kernel, Zone zone, int order)
    {
        long pages = 0, blocks = 0, usable = 0;
        for (long pfn = zone.StartPfn; pfn < zone.EndPfn; pfn++)
        {
            Frame frame = kernel.Pages.Frames[pfn];
            if (frame.State != FrameState.Buddy)
            {
                continue;
            }
            blocks++;
            pages += 1L << frame.Order;
            usable += frame.Order >= order ? 1L << frame.Order : 0;
        }
        int unusable = pages == 0 ? 1000 : (int)Math.Floor(1000m * (pages - usable) / pages);
        if (blocks == 0 || usable > 0)
        {
            return (blocks == 0 ? 0 : -1000, unusable);
        }
        decimal requested = Math.Floor(1000m * pages / (1L << order));
        return ((int)(1000 - Math.Floor((1000 + requested) / blocks)), unusable);
    }
}
