using Sim.Kernel.Reclaim.Generations;

namespace Sim.Kernel.Tests.Reclaim.Generations;

/// <summary>Bloom filters of page tables.</summary>
public sealed class TableFilterTests
{
    private const int Tables = 1_000;

    [Fact]
    public void AFilterNeverWrittenHoldsAll() => Assert.True(new TableFilter().MayContain(3, 0x1234_5678));

    [Fact]
    public void NothingThatWasAddedIsMissed_AndLittleElseIsFound()
    {
        var filter = new TableFilter();
        filter.Reset(4);
        filter.Reset(5);
        for (long table = 0; table < Tables; table++)
        {
            filter.Add(4, table * 24);
        }
        Assert.All(Enumerable.Range(0, Tables), table => Assert.True(filter.MayContain(4, table * 24)));
        // (1 - e^(-2 * 1000 / 2^15))^2 = 0.4 %.
        Assert.InRange(Enumerable.Range(0, 100_000).Count(i => filter.MayContain(4, 0x1000_0000 + (i * 8L))), 0, 2_000);
        Assert.DoesNotContain(Enumerable.Range(0, Tables), table => filter.MayContain(5, table * 24));
        filter.Reset(6);
        Assert.DoesNotContain(Enumerable.Range(0, Tables), table => filter.MayContain(6, table * 24));
    }
}
