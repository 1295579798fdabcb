using Sim.Kernel.Reclaim.Generations;

namespace Sim.Kernel.Tests.Reclaim.Generations;

/// <summary>Whom the controller of the multi-generational LRU would evict.</summary>
public sealed class TierControlTests
{
    /// <summary>order_base_2, as the comment at MAX_NR_TIERS has it.</summary>
    [Fact]
    public void ATierIsTheLogarithmOfTheUses() =>
        Assert.Equal([0, 0, 1, 2, 2], Enumerable.Range(0, 5).Select(TierControl.TierOf));

    [Fact]
    public void WithoutRefaultsFilesGoAndNoTierIsProtected()
    {
        var control = new TierControl();
        control.Evict(file: true, 0, 1_000);
        control.Evict(file: false, 0, 1_000);
        Assert.Equal((true, TierControl.Tiers - 1), control.Choose(swappiness: 60));
        Assert.Equal(TierControl.Tiers - 1, control.LastTier(file: true));
    }

    /// <summary>Files that come back more often, by their weight, than anonymous pages do are spared.</summary>
    [Theory]
    [InlineData(60, 100, 100, true)]
    [InlineData(60, 500, 100, false)]
    [InlineData(190, 100, 100, false)]
    public void TheKindThatRefaultsMoreIsSpared(int swappiness, int fileRefaults, int anonRefaults, bool file)
    {
        var control = new TierControl();
        foreach (bool kind in (bool[])[false, true])
        {
            control.Evict(kind, 0, 1_000);
            control.Refault(kind, 0, kind ? fileRefaults : anonRefaults);
        }
        Assert.Equal(file, control.Choose(swappiness).File);
    }

    [Fact]
    public void ATierTwiceAsBadAsTheFirstIsProtected_UntilTheAverageHasForgotten()
    {
        var control = new TierControl();
        control.Evict(file: true, 0, 1_000);
        control.Refault(file: true, 0, 100);
        control.Evict(file: true, 1, 1_000);
        control.Refault(file: true, 1, 150);
        Assert.Equal(3, control.LastTier(file: true));
        control.Refault(file: true, 1, 150);
        Assert.Equal(0, control.LastTier(file: true));
        control.Advance(file: true);
        Assert.Equal((150L, 500L), (control.Average(file: true, 1).Refaulted, control.Average(file: true, 1).Total));
        Assert.Equal(0, control.LastTier(file: true));
        for (int generation = 0; generation < 2; generation++)
        {
            control.Advance(file: true);
        }
        Assert.Equal(3, control.LastTier(file: true));
    }

    [Fact]
    public void ProtectedPagesCountAsLookedAt()
    {
        var control = new TierControl();
        control.Evict(file: true, 0, 1_000);
        control.Refault(file: true, 0, 100);
        control.Refault(file: true, 1, 300);
        control.Protect(file: true, 1, 10_000);
        Assert.Equal(3, control.LastTier(file: true));
    }
}
