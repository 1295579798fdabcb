using Sim.Engine.Random;
using Sim.Host.Parity;

namespace Sim.Host.Tests.Parity;

/// <summary>Mapped ranges against a set of single addresses.</summary>
public sealed class AddressRangesTests
{
    private const ulong Base = 65_536 + 300;

    [Fact]
    public void RangesAreTheSetOfTheirAddresses()
    {
        var random = new RandomStream(1, "ranges");
        for (int round = 0; round < 50; round++)
        {
            var ranges = new AddressRanges(Base);
            var mapped = new HashSet<ulong>();
            for (int step = 0; step < 60; step++)
            {
                ulong start = 65_536 + random.NextBelow(320);
                ulong end = start + 1 + random.NextBelow(40);
                switch (random.NextBelow(4))
                {
                    case 0:
                        ranges.Add(start, end);
                        mapped.UnionWith(All(start, end));
                        break;
                    case 1:
                        ranges.Remove(start, end);
                        mapped.ExceptWith(All(start, end));
                        break;
                    case 2:
                        ulong? got = ranges.Map(end - start);
                        Assert.Equal(Highest(mapped, end - start), got);
                        mapped.UnionWith(got is { } at ? All(at, at + end - start) : []);
                        break;
                    default:
                        Assert.Equal(!All(start, end).Any(mapped.Contains), ranges.IsFree(start, end));
                        break;
                }
                Assert.Equal(mapped.Order(), ranges.All.SelectMany(r => All(r.Start, r.End)));
                Assert.All(ranges.All.Zip(ranges.All.Skip(1)), pair => Assert.True(pair.First.End < pair.Second.Start));
            }
        }
    }

    [Fact]
    public void AMappingGrowsInPlaceWhereItCan()
    {
        var ranges = new AddressRanges(Base);
        ulong first = ranges.Map(50)!.Value;
        ulong second = ranges.Map(50)!.Value;
        Assert.Equal((Base - 50, Base - 100), (first, second));
        Assert.Equal(Base - 180, ranges.Remap(second, 50, 80));
        Assert.Equal(Base - 180, ranges.Remap(Base - 180, 80, 120));
        Assert.Equal(Base - 180, ranges.Remap(Base - 180, 120, 10));
        Assert.Equal([(Base - 180, Base - 170), (Base - 50, Base)], ranges.All);
        Assert.Null(ranges.Map(400));
    }

    private static IEnumerable<ulong> All(ulong start, ulong end)
    {
        for (; start < end; start++)
        {
            yield return start;
        }
    }

    private static ulong? Highest(HashSet<ulong> mapped, ulong length)
    {
        for (ulong start = Base - length; start >= 65_536; start--)
        {
            if (!All(start, start + length).Any(mapped.Contains))
            {
                return start;
            }
        }
        return null;
    }
}
