using Sim.Kernel.Reclaim;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Reclaim;

/// <summary>Refault distance: a page is active again if it would have been kept, had the lists been that much longer.</summary>
public class WorkingSetTests
{
    [Theory]
    [InlineData(0, true)]
    [InlineData(9, true)]
    [InlineData(10, false)]
    public void ActivatesWithinTheSizeOfTheLists(int evictedSince, bool activates)
    {
        long[] counters = new long[VmEvents.Count];
        var frames = new FrameTable(64, LruState.Heads);
        var lru = new LruState(frames, frames.FirstList, 1);
        var set = new WorkingSet(lru, counters);
        for (int pfn = 0; pfn < 10; pfn++)
        {
            // Ten inactive file pages, which an anonymous page competes with.
            (frames[pfn].State, frames[pfn].Use) = (FrameState.Allocated, FrameUse.File);
            lru.Put(pfn);
        }
        var page = new Frame { Use = FrameUse.Anon };
        uint shadow = set.Evict(in page);
        Assert.NotEqual(0u, shadow);
        for (int i = 0; i < evictedSince; i++)
        {
            set.Evict(in page);
        }
        set.Refault(ref page, shadow, swap: true);
        Assert.Equal(activates, page.Has(PageFlags.Active));
        Assert.Equal(1, counters[(int)VmEvent.WorkingsetRefaultAnon]);
        Assert.Equal(activates ? 1 : 0, counters[(int)VmEvent.WorkingsetActivateAnon]);
        Assert.Equal(0, counters[(int)VmEvent.WorkingsetRestoreAnon]);
    }

    [Fact]
    public void AWorkingSetPageIsRestored_AndItsCostNoted()
    {
        long[] counters = new long[VmEvents.Count];
        var frames = new FrameTable(256, LruState.Heads);
        var lru = new LruState(frames, frames.FirstList, 1);
        var set = new WorkingSet(lru, counters);
        for (int pfn = 0; pfn < 100; pfn++)
        {
            (frames[pfn].State, frames[pfn].Use) = (FrameState.Allocated, FrameUse.File);
            lru.Put(pfn);
        }
        var page = new Frame { Use = FrameUse.Anon, Flags = PageFlags.Workingset };
        uint shadow = set.Evict(in page);
        page.Flags = PageFlags.None;
        set.Refault(ref page, shadow, swap: false);
        Assert.True(page.Has(PageFlags.Workingset));
        Assert.Equal(1, counters[(int)VmEvent.WorkingsetRestoreAnon]);
        Assert.Equal((1, 0), (set.AnonCost, set.FileCost));
        // Beyond a quarter of the lists both costs are halved.
        set.NoteCost(file: true, 25);
        Assert.Equal((0, 12), (set.AnonCost, set.FileCost));
    }
}
