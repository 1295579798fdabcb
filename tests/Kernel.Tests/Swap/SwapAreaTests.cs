using Sim.Engine.Random;
using Sim.Kernel.Swap;

namespace Sim.Kernel.Tests.Swap;

public class SwapAreaTests
{
    /// <summary>Whatever is taken and freed: no slot is given out twice, none is lost, and slot 0 never.</summary>
    [Theory]
    [InlineData(true, 1, 700)]
    [InlineData(false, 1, 700)]
    [InlineData(false, 3, 5_000)]
    [InlineData(true, 2, 70)]
    public void SlotsAreTakenOnceAndComeBack(bool rotational, int cpus, int slots)
    {
        var random = new RandomStream(7, $"slots {rotational} {cpus} {slots}");
        var area = new SwapArea(slots, cpus, rotational, clusterSlots: 256);
        var taken = new List<int>();
        Span<int> batch = stackalloc int[64];
        for (int i = 0; i < 3_000; i++)
        {
            if (random.NextBelow(2) == 0)
            {
                int wanted = 1 + (int)random.NextBelow(64);
                int got = area.Take((int)random.NextBelow((ulong)cpus), batch[..wanted]);
                Assert.True(got > 0 || area.Free == 0);
                foreach (int slot in batch[..got])
                {
                    Assert.InRange(slot, 1, slots - 1);
                    Assert.DoesNotContain(slot, taken);
                    Assert.True(area.IsCached(slot));
                    taken.Add(slot);
                }
            }
            else
            {
                for (int n = (int)random.NextBelow(80); n > 0 && taken.Count > 0; n--)
                {
                    int at = (int)random.NextBelow((ulong)taken.Count);
                    area.Release(taken[at]);
                    taken.RemoveAt(at);
                }
            }
            Assert.Equal(taken.Count, area.InUse);
            Assert.Equal(slots - 1 - taken.Count, area.Free);
        }
    }

    /// <summary>A disk with a head gets runs of 256 slots, one after the other.</summary>
    [Fact]
    public void ADiskIsFilledInOrder()
    {
        var area = new SwapArea(1_024, 1, rotational: true, clusterSlots: 256);
        int[] slots = new int[64];
        var all = new List<int>();
        for (int i = 0; i < 8; i++)
        {
            Assert.Equal(64, area.Take(0, slots));
            all.AddRange(slots);
        }
        Assert.Equal(Enumerable.Range(1, 512), all);
        // A hole shorter than a run is passed over while longer ones are left.
        area.Release(3);
        area.Take(0, slots);
        Assert.Equal(Enumerable.Range(513, 64), slots);
    }

    /// <summary>On other devices each CPU fills a cluster of its own, and neighbours begin 64 clusters apart (<c>SWAP_CLUSTER_COLS</c>).</summary>
    [Fact]
    public void EachCpuFillsItsOwnCluster()
    {
        var area = new SwapArea(256 * 200, 2, rotational: false, clusterSlots: 256);
        int[] first = new int[64], second = new int[64];
        Assert.Equal(64, area.Take(0, first));
        Assert.Equal(64, area.Take(1, second));
        // Cluster 0 has the header and is no free cluster; of column 0 the next is cluster 64.
        Assert.Equal(Enumerable.Range(64 * 256, 64), first);
        Assert.Equal(Enumerable.Range(128 * 256, 64), second);
        area.Take(0, first);
        Assert.Equal(Enumerable.Range((64 * 256) + 64, 64), first);
    }

    [Fact]
    public void ASlotIsFreedOnceTooOften_IsAnError()
    {
        var area = new SwapArea(64, 1, rotational: true, clusterSlots: 256);
        int[] slots = new int[1];
        area.Take(0, slots);
        area.AddEntry(slots[0]);
        Assert.Equal(0, area.DropEntry(slots[0]));
        Assert.Throws<InvalidOperationException>(() => area.DropEntry(slots[0]));
    }
}
