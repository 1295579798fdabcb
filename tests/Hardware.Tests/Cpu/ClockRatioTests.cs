using FsCheck;
using FsCheck.Fluent;
using Sim.Engine.Time;
using Sim.Hardware.Cpu;
using Sim.Hardware.Dram;

namespace Sim.Hardware.Tests.Cpu;

/// <summary>One multiplication gives what 128-bit division gives.</summary>
public sealed class ClockRatioTests
{
    private const long TopCycle = long.MaxValue / 8192;

    private static readonly Gen<long> Cycles = Gen.OneOf(
        Gen.Choose(0, 100_000).Select(n => (long)n),
        Gen.Choose(0, int.MaxValue).Select(n => (long)n * 3_333_331),
        Gen.Choose(0, int.MaxValue).Select(n => TopCycle - n));

    [Fact]
    public void ConvertsExactly() => Prop.ForAll(
        Gen.Choose(100, 9973).ToArbitrary(), Cycles.ToArbitrary(),
        (mhz, cycle) =>
        {
            ClockDomain core = ClockDomain.FromMegahertz(mhz), dram = DramTimings.Ddr4_2400.Clock;
            return Agrees(core, dram, cycle) && Agrees(dram, core, cycle);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));

    [Theory]
    [InlineData(2500), InlineData(1200), InlineData(600), InlineData(3001), InlineData(1)]
    public void TimeOfACycleIsTheClockDomains(int mhz)
    {
        ClockDomain clock = ClockDomain.FromMegahertz(mhz);
        var toPs = new ClockRatio((ulong)clock.PeriodNumeratorPs, (ulong)clock.PeriodDenominator);
        for (long cycle = 0; cycle < 50_000; cycle++)
        {
            long far = cycle * 1_000_003;
            Assert.Equal(clock.TimePsOf(cycle), toPs.Floor(cycle));
            Assert.Equal(clock.TimePsOf(far), toPs.Floor(far));
        }
    }

    private static bool Agrees(ClockDomain from, ClockDomain to, long cycle)
    {
        Int128 numerator = (Int128)from.PeriodNumeratorPs * to.PeriodDenominator;
        Int128 denominator = (Int128)from.PeriodDenominator * to.PeriodNumeratorPs;
        var ratio = new ClockRatio(from, to);
        return ratio.Floor(cycle) == (long)(cycle * numerator / denominator)
            && ratio.Ceiling(cycle) == (long)((cycle * numerator + denominator - 1) / denominator);
    }
}
