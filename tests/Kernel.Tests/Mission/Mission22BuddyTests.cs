using Sim.Engine.Random;
using Sim.Kernel.Boot;
using Sim.Kernel.ProcFs;
using Sim.Kernel.Tests.Boot;
using Sim.Kernel.Tests.Support;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Mission;

/// <summary>Mission row 22, the buddy system: eleven orders, split and merge, the three conditions for buddies, any number of frames.</summary>
public sealed class Mission22BuddyTests
{
    [Fact]
    public void ElevenOrdersOf1To1024Frames()
    {
        Assert.Equal([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024], Enumerable.Range(0, PageOrder.Count).Select(o => 1 << o));
        var kernel = new TestKernel();
        for (int order = 0; order < PageOrder.Count; order++)
        {
            long pfn = kernel.Allocator.AllocPages(order, GfpFlags.Kernel, 1, kernel.Cpu, -1);
            Assert.Equal((0L, (byte)order), (pfn % (1 << order), kernel.Pages.Frames[pfn].Order));
        }
        Assert.Throws<ArgumentOutOfRangeException>(() => kernel.Allocator.AllocPages(PageOrder.Count, GfpFlags.Kernel, 1, kernel.Cpu, -1));
    }

    /// <summary>One page of a whole block of order 10: the halves left over are one block of every order from 4 on (smaller ones go to the CPU's list).</summary>
    [Fact]
    public void ABlockIsSplitIntoHalvesAndMergedAgain()
    {
        var kernel = new TestKernel();
        Zone zone = kernel.Pages.Zone(ZoneType.Dma32);
        int[] before = Blocks(zone);
        var taken = new List<long>();
        // Use up what is smaller than the greatest block.
        while (Enumerable.Range(4, 6).Any(o => zone.FreeBlocks(o, MigrateType.Movable) > 0))
        {
            taken.Add(kernel.Allocator.AllocPages(4, GfpFlags.HighUserMovable, 1, kernel.Cpu, -1));
        }
        int[] whole = Blocks(zone);
        long pfn = kernel.Allocator.AllocPages(4, GfpFlags.HighUserMovable, 1, kernel.Cpu, -1);
        Assert.Equal(0, pfn % 1024);
        Assert.Equal(whole.Select((n, o) => o == 10 ? n - 1 : o >= 4 ? n + 1 : n), Blocks(zone));
        kernel.Allocator.FreePages(pfn, 4, kernel.Cpu, -1);
        Assert.Equal(whole, Blocks(zone));
        taken.ForEach(p => kernel.Allocator.FreePages(p, 4, kernel.Cpu, -1));
        Assert.Equal(before, Blocks(zone));
        kernel.AssertInvariants();
    }

    /// <summary>
    /// Blocks are buddies when they are of one size, are neighbours, and come from one block: the address of their pair is a multiple of its
    /// size. Two free neighbours that only fulfil the first two stay apart.
    /// </summary>
    [Fact]
    public void ThreeConditionsMakeBuddies()
    {
        var kernel = new TestKernel();
        long pair = kernel.Allocator.AllocPages(10, GfpFlags.HighUserMovable, 1, kernel.Cpu, -1);
        kernel.Allocator.FreePages(pair, 10, kernel.Cpu, -1);
        long[] blocks = [.. Enumerable.Range(0, 64).Select(_ => kernel.Allocator.AllocPages(4, GfpFlags.HighUserMovable, 1, kernel.Cpu, -1))];
        long at = blocks.First(b => b % 64 == 0 && blocks.Contains(b + 16) && blocks.Contains(b + 32) && blocks.Contains(b + 48));
        FrameTable frames = kernel.Pages.Frames;
        void Free(long pfn) => kernel.Allocator.FreePages(pfn, 4, kernel.Cpu, -1);
        (FrameState, byte) Head(long pfn) => (frames[pfn].State, frames[pfn].Order);
        // Same size, neighbours, but halves of different blocks of 32.
        Free(at + 16);
        Free(at + 32);
        Assert.Equal(((FrameState.Buddy, (byte)4), (FrameState.Buddy, (byte)4)), (Head(at + 16), Head(at + 32)));
        // From one block, neighbours: they merge to 32, which is no buddy of the 16 beside it.
        Free(at + 48);
        Assert.Equal(((FrameState.Buddy, (byte)5), (FrameState.Buddy, (byte)4)), (Head(at + 32), Head(at + 16)));
        // The last one completes both, recursively.
        Free(at);
        Assert.True(frames[FrameView.Head(frames, at)].Order >= 6);
        kernel.AssertInvariants();
    }

    /// <summary>Any number of frames in a row: what is too much goes back at once, as a sum of powers of two, and all of it merges again.</summary>
    [Fact]
    public void AnyNumberOfFramesIsASumOfPowersOfTwo()
    {
        var kernel = new TestKernel();
        Zone zone = kernel.Pages.Zone(ZoneType.Dma32);
        int[] before = Blocks(zone);
        var random = new RandomStream(22, "exact");
        foreach (int pages in Enumerable.Range(1, 40).Concat(Enumerable.Range(0, 40).Select(_ => 1 + (int)random.NextBelow(1_024))))
        {
            kernel.Allocator.DrainAll(kernel.Cpu, -1);
            long free = kernel.Pages.Zones.Sum(z => z.FreePages + z.PerCpu.Sum(p => (long)p.Count));
            long pfn = kernel.Allocator.AllocPagesExact(pages, GfpFlags.Kernel, 1, kernel.Cpu, -1);
            Assert.Equal(free - pages, kernel.Pages.Zones.Sum(z => z.FreePages + z.PerCpu.Sum(p => (long)p.Count)));
            Assert.All(Enumerable.Range(0, pages), i => Assert.Equal(FrameState.Allocated, kernel.Pages.Frames[pfn + i].State));
            // Behind the frames kept, to the end of the block: free blocks, one for each bit of the rest.
            int order = System.Numerics.BitOperations.Log2((uint)((pages * 2) - 1));
            Assert.Equal(0, pfn % (1 << order));
            var sizes = new List<int>();
            for (long at = pfn + pages; at < pfn + (1 << order); at += sizes[^1])
            {
                Assert.Equal(FrameState.Buddy, kernel.Pages.Frames[at].State);
                sizes.Add(1 << kernel.Pages.Frames[at].Order);
            }
            Assert.Equal(((1 << order) - pages, sizes.Count), (sizes.Sum(), sizes.Distinct().Count()));
            kernel.Allocator.FreePagesExact(pfn, pages, kernel.Cpu, -1);
            kernel.AssertInvariants();
        }
        kernel.Allocator.DrainAll(kernel.Cpu, -1);
        Assert.Equal(before.Sum(), Blocks(zone).Sum());
    }

    /// <summary>Free lists as a real kernel's: every list of every order and type, in its order, when its boot hands memory over.</summary>
    [Theory]
    [InlineData("amd64-256")]
    [InlineData("amd64-512")]
    public void FreeListsAreARealKernels(string machine)
    {
        BootLog log = BootRecording.Log(machine);
        Assert.Equal(
            BootRecording.Lists(machine).Where(l => l.StartsWith("free ", StringComparison.Ordinal)),
            BootRecording.Describe(RecordedBootTests.HandOver(log)).Where(l => l.StartsWith("free ", StringComparison.Ordinal)));
    }

    private static int[] Blocks(Zone zone) => [.. Enumerable.Range(0, PageOrder.Count).Select(zone.FreeBlocks)];
}
