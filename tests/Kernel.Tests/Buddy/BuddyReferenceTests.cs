using System.Numerics;
using Sim.Engine.Random;
using Sim.Kernel.Tests.Support;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Buddy;

/// <summary>The free lists beside a bitmap: whatever happened, the free blocks are the largest aligned ones that are all free.</summary>
public sealed class BuddyReferenceTests
{
    private static readonly int[] DirectOrders = [4, 5, 6, 7, 8, 10];

    [Theory]
    [InlineData(KernelProfile.X86_64, 1)]
    [InlineData(KernelProfile.I386Classic, 2)]
    public void FreeBlocks_AreTheLargestAlignedOnesOfTheBitmap(KernelProfile profile, ulong seed)
    {
        var kernel = new TestKernel(128L << 20, 1, new KernelOptions { Profile = profile });
        bool[] free = Bitmap(kernel);
        var random = new RandomStream(seed, "reference");
        var live = new List<(long Pfn, int Order)>();
        for (int i = 0; i < 3000; i++)
        {
            if (live.Count > 0 && random.NextChance(live.Count > 120 ? 60u : 45u, 100))
            {
                int k = (int)random.NextBelow((ulong)live.Count);
                (long pfn, int order) = live[k];
                live[k] = live[^1];
                live.RemoveAt(live.Count - 1);
                kernel.Allocator.FreePages(pfn, order, kernel.Cpu, -1);
                Array.Fill(free, true, (int)pfn, 1 << order);
            }
            else
            {
                int order = DirectOrders[(int)random.NextBelow((ulong)DirectOrders.Length)];
                GfpFlags gfp = random.NextChance(1, 2) ? GfpFlags.HighUserMovable : GfpFlags.Kernel;
                long pfn = kernel.Allocator.AllocPages(order, gfp, 1, kernel.Cpu, -1);
                if (pfn < 0)
                {
                    continue;
                }
                Assert.Equal(0, pfn & ((1L << order) - 1));
                Assert.All(free.Skip((int)pfn).Take(1 << order), Assert.True);
                Array.Fill(free, false, (int)pfn, 1 << order);
                live.Add((pfn, order));
            }
            if (i % 50 == 0)
            {
                Assert.Equal(LargestBlocks(free), Enumerable.Range(0, PageOrder.Count).Select(o => kernel.Pages.Zones.Sum(z => z.FreeBlocks(o))));
            }
        }
    }

    [Fact]
    public void Request_TakesTheLowerHalf_AndTheUpperHalvesStayFree()
    {
        var kernel = new TestKernel(256L << 20);
        Zone zone = kernel.Pages.Zone(ZoneType.Dma32);
        int[] before = [.. Enumerable.Range(0, PageOrder.Count).Select(zone.FreeBlocks)];
        int from = Enumerable.Range(4, 7).First(o => zone.FreeBlocks(o, MigrateType.Movable) > 0);
        int head = kernel.Pages.Frames.At(zone.FreeList(from, MigrateType.Movable)).Next;
        long pfn = kernel.Allocator.AllocPages(4, GfpFlags.HighUserMovable, 7, kernel.Cpu, -1);
        Assert.Equal(head, pfn);
        before[from]--;
        for (int order = 4; order < from; order++)
        {
            before[order]++;
        }
        Assert.Equal(before, Enumerable.Range(0, PageOrder.Count).Select(zone.FreeBlocks));
    }

    private static bool[] Bitmap(TestKernel kernel)
    {
        bool[] free = new bool[kernel.Pages.Frames.FirstList];
        for (long pfn = 0; pfn < kernel.Pages.Frames.Count; pfn++)
        {
            free[pfn] = kernel.Pages.Frames[pfn].State is FrameState.Buddy or FrameState.Tail;
        }
        return free;
    }

    private static int[] LargestBlocks(bool[] free)
    {
        int[] blocks = new int[PageOrder.Count];
        for (int pfn = 0; pfn < free.Length;)
        {
            int order = pfn == 0 ? PageOrder.Max : Math.Min(PageOrder.Max, BitOperations.TrailingZeroCount(pfn));
            while (order >= 0 && !AllFree(free, pfn, 1 << order))
            {
                order--;
            }
            blocks[Math.Max(order, 0)] += order >= 0 ? 1 : 0;
            pfn += order >= 0 ? 1 << order : 1;
        }
        return blocks;
    }

    private static bool AllFree(bool[] free, int start, int pages) => free.AsSpan(start, pages).IndexOf(false) < 0;
}
