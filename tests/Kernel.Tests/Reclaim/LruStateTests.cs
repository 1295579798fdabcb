using Sim.Engine.Events;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Reclaim;

public class LruStateTests
{
    private static readonly EventHeader Header = new(0, 0, -1);

    [Fact]
    public void PagesReachTheListsFifteenAtATime()
    {
        (LruState lru, _) = Make(64);
        for (int pfn = 0; pfn < 14; pfn++)
        {
            lru.Apply(new LruAdd(pfn, 0, false), in Header);
        }
        Assert.Equal(0, lru.Size(LruList.InactiveAnon));
        Assert.Equal(14, lru.Batch(0).Length);
        lru.Apply(new LruAdd(14, 0, false), in Header);
        Assert.Equal(15, lru.Size(LruList.InactiveAnon));
        Assert.Equal(0, lru.Batch(0).Length);
    }

    [Fact]
    public void TheOldestIsTakenFirst_AndHigherZonesAreSpared()
    {
        (LruState lru, FrameTable frames) = Make(64);
        for (int pfn = 0; pfn < 30; pfn++)
        {
            frames[pfn].Zone = pfn % 3 == 0 ? ZoneType.HighMem : ZoneType.Normal;
            lru.Apply(new LruAdd(pfn, 0, false), in Header);
        }
        Assert.Equal(10, lru.Size(LruList.InactiveAnon, ZoneType.HighMem));
        Assert.Equal(20, lru.SizeUpTo(LruList.InactiveAnon, ZoneType.Normal));
        Assert.Equal(5, lru.Isolate(LruList.InactiveAnon, 5, ZoneType.Normal));
        var order = new List<int>();
        while (lru.FirstIsolated is var pfn && pfn >= 0)
        {
            order.Add(pfn);
            lru.Release(pfn);
        }
        Assert.Equal([1, 2, 4, 5, 7], order);
        Assert.Equal(15, lru.Isolate(LruList.InactiveAnon, 100, ZoneType.Normal));
        Assert.Equal(10, lru.Size(LruList.InactiveAnon));
    }

    [Fact]
    public void APageFreedInABatchLeavesIt()
    {
        (LruState lru, FrameTable frames) = Make(64);
        for (int pfn = 0; pfn < 3; pfn++)
        {
            lru.Apply(new LruAdd(pfn, 1, false), in Header);
        }
        lru.Remove(1);
        Assert.Equal([0, 2], lru.Batch(1).ToArray());
        Assert.Equal(PageFlags.None, frames[1].Flags);
        lru.Apply(new LruDrain(1), in Header);
        lru.Remove(0);
        Assert.Equal(1, lru.Size(LruList.InactiveAnon));
    }

    [Fact]
    public void MapCountAndFlagsDoNotTouchEachOther()
    {
        var frame = new Frame { MapCount = 3, Flags = PageFlags.Lru | PageFlags.Batched };
        frame.MapCount++;
        Assert.Equal((4, PageFlags.Lru | PageFlags.Batched), (frame.MapCount, frame.Flags));
        frame.Flags &= ~PageFlags.Lru;
        Assert.Equal((4, PageFlags.Batched), (frame.MapCount, frame.Flags));
        Assert.Throws<OverflowException>(() => frame.MapCount = 1 << 18);
        Assert.Equal(32, System.Runtime.CompilerServices.Unsafe.SizeOf<Frame>());
    }

    private static (LruState, FrameTable) Make(int pages)
    {
        var frames = new FrameTable(pages, LruState.Heads);
        for (int pfn = 0; pfn < pages; pfn++)
        {
            (frames[pfn].State, frames[pfn].Use) = (FrameState.Allocated, FrameUse.Anon);
        }
        return (new LruState(frames, frames.FirstList, 2), frames);
    }
}
