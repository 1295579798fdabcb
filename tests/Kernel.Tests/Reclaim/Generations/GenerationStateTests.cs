using Sim.Engine.Random;
using Sim.Kernel.Reclaim.Generations;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Reclaim.Generations;

/// <summary>Lists of generations.</summary>
public sealed class GenerationStateTests
{
    private const int Pages = 64;

    /// <summary>The four cases of lru_gen_add_folio.</summary>
    [Fact]
    public void NewPagesGoToTheGenerationOfTheirKind()
    {
        (GenerationState lru, FrameTable frames) = Make();
        Assert.Equal((0L, 3L), (lru.Oldest(file: true), lru.Youngest));
        frames[0].Flags = PageFlags.Active;
        frames[1].Use = FrameUse.Anon;
        lru.Add(0, reclaiming: false);
        lru.Add(1, reclaiming: false);
        lru.Add(2, reclaiming: false);
        lru.Add(3, reclaiming: true);
        Assert.Equal(1, lru.Size(3, file: true));
        Assert.Equal(1, lru.Size(2, file: false));
        Assert.Equal(1, lru.Size(1, file: true));
        Assert.Equal(1, lru.Size(0, file: true));
        Assert.False(frames[0].Has(PageFlags.Active));
        lru.Take(0, reclaiming: false);
        Assert.True(frames[0].Has(PageFlags.Active));
    }

    [Fact]
    public void APromotedPageStaysOnItsListUntilItIsSorted()
    {
        (GenerationState lru, FrameTable frames) = Make();
        lru.Add(0, reclaiming: true);
        Assert.True(lru.Promote(0, lru.Youngest));
        Assert.Equal((0L, 1L), (lru.Size(0, file: true), lru.Size(3, file: true)));
        Assert.Equal(0, lru.Last(file: true, ZoneType.Dma));
        Assert.False(lru.IsOldest(in frames[0]));
        lru.MoveOn(0, first: true, reclaiming: false);
        Assert.Equal(-1, lru.Last(file: true, ZoneType.Dma));
        Assert.True(lru.SkipEmpty(canSwap: false));
        Assert.Equal((0L, 2L), (lru.Oldest(file: false), lru.Oldest(file: true)));
    }

    [Fact]
    public void APageThatIsOnNoListIsMarkedReferenced()
    {
        (GenerationState lru, FrameTable frames) = Make();
        Assert.False(lru.Promote(5, lru.Youngest));
        Assert.True(frames[5].Has(PageFlags.Referenced));
    }

    /// <summary>Sizes are what frames say, lists hold each page once, and the window keeps its bounds, whatever happens.</summary>
    [Fact]
    public void EverythingIsCounted()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            (GenerationState lru, FrameTable frames) = Make();
            var random = new RandomStream((ulong)seed, "generations");
            var there = new HashSet<int>();
            for (int i = 0; i < 500; i++)
            {
                int pfn = (int)random.NextBelow(Pages);
                bool on = there.Contains(pfn), yes = random.NextBelow(2) == 0;
                switch (random.NextBelow(6))
                {
                    case 0 when on:
                        lru.Take(pfn, reclaiming: yes);
                        there.Remove(pfn);
                        break;
                    case 1 when on:
                        lru.Promote(pfn, lru.Youngest);
                        break;
                    case 2:
                        lru.SkipEmpty(canSwap: true);
                        break;
                    case 3 when yes:
                        lru.Open(i, canSwap: true);
                        break;
                    case 4 when lru.Last(yes, ZoneType.Dma) is var last && last >= 0:
                        lru.MoveOn(last, first: random.NextBelow(2) == 0, reclaiming: false);
                        break;
                    default:
                        if (there.Add(pfn))
                        {
                            frames[pfn].Use = yes ? FrameUse.Anon : FrameUse.File;
                            lru.Add(pfn, reclaiming: random.NextBelow(3) == 0);
                        }
                        break;
                }
                Check(lru, frames, there);
            }
        }
    }

    private static void Check(GenerationState lru, FrameTable frames, HashSet<int> there)
    {
        var found = new List<int>();
        foreach (bool file in (bool[])[false, true])
        {
            Assert.InRange(lru.Count(file), GenerationState.MinGenerations, GenerationState.MaxGenerations);
            for (long sequence = lru.Youngest - GenerationState.MaxGenerations + 1; sequence <= lru.Youngest; sequence++)
            {
                int named = there.Count(p => (frames[p].Use != FrameUse.Anon) == file
                    && frames[p].Generation - 1 == sequence % GenerationState.MaxGenerations);
                Assert.Equal(named, lru.Size(sequence, file));
                for (int pfn = frames.First(lru.Head(sequence, file, ZoneType.Dma)); pfn >= 0; pfn = frames.Next(pfn))
                {
                    Assert.Equal(file, frames[pfn].Use != FrameUse.Anon);
                    found.Add(pfn);
                }
                if (sequence < lru.Oldest(file))
                {
                    Assert.Equal(0, named);
                }
            }
        }
        Assert.Equal(there.Order(), found.Order());
    }

    private static (GenerationState Lru, FrameTable Frames) Make()
    {
        var frames = new FrameTable(Pages, GenerationState.Heads);
        for (int pfn = 0; pfn < Pages; pfn++)
        {
            frames[pfn].Use = FrameUse.File;
        }
        return (new GenerationState(frames, frames.FirstList), frames);
    }
}
