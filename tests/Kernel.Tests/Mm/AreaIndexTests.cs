using Sim.Engine.Random;
using Sim.Kernel.Mm;

namespace Sim.Kernel.Tests.Mm;

public class AreaIndexTests
{
    [Theory]
    [InlineData(1, 300)]
    [InlineData(2, 3_000)]
    [InlineData(3, 40_000)]
    public void FindsWhatASortedDictionaryFinds(ulong seed, int operations)
    {
        var random = new RandomStream(seed, "areas");
        var index = new AreaIndex();
        var model = new SortedDictionary<ulong, (ulong End, int Handle)>();
        int handle = 0;
        for (int i = 0; i < operations; i++)
        {
            ulong draw = random.NextUInt64();
            ulong start = (draw >> 8) % 20_000 * 4;
            if (model.TryGetValue(start, out var present))
            {
                AreaCursor at = index.Find(start);
                Assert.Equal(present.Handle, index.Handle(at));
                if ((draw & 1) == 0)
                {
                    AreaCursor next = index.Remove(at);
                    model.Remove(start);
                    AreaCursor expected = index.Find(start);
                    Assert.Equal(index.IsValid(expected), index.IsValid(next));
                    Assert.True(!index.IsValid(next) || next == expected);
                }
                else
                {
                    ulong end = start + 1 + (draw >> 40) % 4;
                    index.SetBounds(at, start, end);
                    model[start] = (end, present.Handle);
                }
            }
            else
            {
                index.Insert(start, start + 2, ++handle);
                model[start] = (start + 2, handle);
            }
        }
        Assert.Equal(model.Count, index.Count);
        Assert.Equal(model.Select(m => (m.Key, m.Value.End, m.Value.Handle)), Forward(index));
        Assert.Equal(model.Select(m => m.Value.Handle).Reverse(), Backward(index));
        foreach (ulong address in Enumerable.Range(0, 2_000).Select(i => (ulong)i * 41))
        {
            var expected = model.Where(m => m.Value.End > address).Select(m => m.Value.Handle).FirstOrDefault();
            AreaCursor at = index.Find(address);
            Assert.Equal(expected, index.IsValid(at) ? index.Handle(at) : 0);
        }
    }

    [Fact]
    public void KnowsTheWidestGapBeforeTheAreasOfEachChunk()
    {
        var random = new RandomStream(7, "gaps");
        var index = new AreaIndex();
        for (ulong i = 0; i < 5_000; i++)
        {
            ulong start = 4_096 * (1 + i * 16 + random.NextUInt64() % 8);
            index.Insert(start, start + 4_096 * (1 + random.NextUInt64() % 7), (int)i + 1);
        }
        for (int i = 0; i < 2_000; i++)
        {
            AreaCursor at = index.Find(random.NextUInt64() % (4_096UL * 80_000));
            if (index.IsValid(at))
            {
                index.Remove(at);
            }
        }
        var widest = new Dictionary<int, long>();
        ulong end = 0;
        for (AreaCursor at = AreaIndex.First; index.IsValid(at); at = index.Next(at))
        {
            widest[at.Chunk] = Math.Max(widest.GetValueOrDefault(at.Chunk), (long)(index.Start(at) - end));
            end = index.End(at);
        }
        Assert.Equal(index.Chunks, widest.Count);
        Assert.All(widest, w => Assert.Equal(w.Value, index.WidestGap(w.Key)));
    }

    private static IEnumerable<(ulong, ulong, int)> Forward(AreaIndex index)
    {
        for (AreaCursor at = AreaIndex.First; index.IsValid(at); at = index.Next(at))
        {
            yield return (index.Start(at), index.End(at), index.Handle(at));
        }
    }

    private static IEnumerable<int> Backward(AreaIndex index)
    {
        for (AreaCursor at = index.Last; index.IsValid(at); at = index.Previous(at))
        {
            yield return index.Handle(at);
        }
    }
}
