using Sim.Kernel.Slab;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Slab;

/// <summary>SLUB's page requests beside those of a recorded 6.1 kernel (docs/slab.md says what the figures mean).</summary>
public sealed class RecordedSlabTests(ITestOutputHelper output)
{
    /// <summary>Every page request the kernel made for a slab has the order and the gfp bits that SLUB gives it here.</summary>
    [Fact]
    public void PageRequests_HaveTheRecordedOrderAndGfp()
    {
        var (kernel, slab) = SlabKernel.Boot(SlabAllocatorKind.Slub, options: new SlabAllocatorOptions { Merge = false });
        int count = 0;
        foreach ((RecordedSlabs.CacheOf cache, GfpFlags asked, GfpFlags passedOn, int order) in new RecordedSlabs("slabs-6.1-amd64-512.txt.gz").Requests())
        {
            int number = slab.CreateCache(cache.Name, cache.Size, 0, cache.Reclaimable ? SlabFlags.ReclaimAccount : 0, kernel.Cpu, -1);
            SlabCache made = slab.State.Caches[number];
            Assert.Equal((passedOn, order), (Slub.FirstAttempt(made, asked), made.GfpOrder));
            count++;
        }
        Assert.Equal(111, count);
    }

    /// <summary>
    /// From the allocations and frees alone, SLUB asks for pages at the very allocations at which the recorded kernel did, in
    /// every cache whose allocations all have a tracepoint. Maple nodes are mostly allocated in bulk, without one, so when
    /// each was is a guess there.
    /// </summary>
    [Fact]
    public void PageRequests_ComeAtTheRecordedAllocations()
    {
        var (kernel, slab) = SlabKernel.Boot(SlabAllocatorKind.Slub, bytes: 512L << 20, options: new SlabAllocatorOptions { Merge = false });
        RecordedSlabs.Outcome outcome = new RecordedSlabs("slabs-6.1-amd64-512.txt.gz").Replay(kernel, slab);
        kernel.AssertInvariants();
        foreach ((string cache, (int Recorded, int Model, int Same) requests) in outcome.Requests.Where(r => r.Value != default))
        {
            output.WriteLine($"{cache}: {requests.Recorded} recorded, {requests.Model} of the model, {requests.Same} at the same allocation");
        }
        output.WriteLine($"{outcome.Allocations} allocations; slabs given back: {outcome.Frees}");

        Assert.Equal(7535, outcome.Allocations);
        (int, int, int)[] traced = [.. outcome.Requests.Where(r => r.Key != "maple_node").Select(r => r.Value)];
        Assert.All(traced, r => Assert.Equal((r.Item1, r.Item1, r.Item1), r));
        Assert.Equal((49, 101), (traced.Length, traced.Sum(r => r.Item1)));
        Assert.Equal(10, outcome.Requests["maple_node"].Recorded);
        Assert.InRange(outcome.Requests["maple_node"].Same, 2, 10);
    }
}
