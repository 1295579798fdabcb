using Sim.Engine.Random;
using Sim.Host.Workloads;

namespace Sim.Host.Tests.Workloads;

/// <summary>Fidelity of the integer distributions to the formulas they stand for.</summary>
public class DistributionTests
{
    private static double[] Draw(DurationDistribution distribution, int n)
    {
        var random = new RandomStream(11, "draws");
        double[] draws = new double[n];
        for (int i = 0; i < n; i++)
        {
            draws[i] = distribution.Sample(random);
        }
        Array.Sort(draws);
        return draws;
    }

    [Fact]
    public void LogarithmsAreThoseOfMath()
    {
        for (int i = 1; i <= 4_096; i++)
        {
            Assert.Equal(Math.Log(i), DurationDistribution.LnQ32(i) / 4294967296.0, 1e-8);
        }
    }

    [Fact]
    public void AnExponentialHasItsMeanAndQuantiles()
    {
        const double Mean = 2e9;
        double[] draws = Draw(DurationDistribution.Exponential((long)Mean), 200_000);
        Assert.InRange(draws.Average(), 0.99 * Mean, 1.01 * Mean);
        foreach (double p in (double[])[0.1, 0.5, 0.9, 0.99])
        {
            Assert.InRange(draws[(int)(p * draws.Length)], -Math.Log(1 - p) * Mean * 0.97, -Math.Log(1 - p) * Mean * 1.03);
        }
    }

    [Fact]
    public void AUniformFillsItsRange()
    {
        double[] draws = Draw(DurationDistribution.Uniform(1_000, 3_000), 50_000);
        Assert.InRange(draws[0], 1_000, 1_010);
        Assert.InRange(draws[^1], 2_990, 3_000);
        Assert.InRange(draws.Average(), 1_980, 2_020);
    }

    [Fact]
    public void AFixedDurationIsItself() => Assert.All(Draw(DurationDistribution.Fixed(77), 100), d => Assert.Equal(77, d));

    [Fact]
    public void AVeryLongMeanDoesNotOverflow()
    {
        double[] draws = Draw(DurationDistribution.Exponential(100_000_000_000_000_000), 10_000);
        Assert.All(draws, d => Assert.True(d >= 0));
    }

    [Fact]
    public void AChoiceKeepsToItsWeights()
    {
        var choice = new WeightedChoice([5, 0, 15]);
        var random = new RandomStream(2, "choice");
        int[] counts = new int[3];
        for (int i = 0; i < 100_000; i++)
        {
            counts[choice.Sample(random)]++;
        }
        Assert.InRange(counts[0], 24_000, 26_000);
        Assert.Equal(0, counts[1]);
    }
}
