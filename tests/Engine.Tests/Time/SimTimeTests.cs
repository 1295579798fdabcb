using Sim.Engine.Time;

namespace Sim.Engine.Tests.Time;

public class SimTimeTests
{
    [Theory]
    [InlineData("10s", 10_000_000_000_000)]
    [InlineData("2.5 ms", 2_500_000_000)]
    [InlineData("250us", 250_000_000)]
    [InlineData("1ns", 1_000)]
    [InlineData("7ps", 7)]
    public void WhenATimeHasAUnit_ItIsRead(string text, long ps)
    {
        Assert.True(SimTime.TryParse(text, out SimTime time));
        Assert.Equal(ps, time.Ps);
    }

    [Theory]
    [InlineData("")]
    [InlineData("10")]
    [InlineData("s")]
    [InlineData("-1s")]
    [InlineData("1.5ps")]
    [InlineData("1e3s")]
    [InlineData("99999999999999999999s")]
    [InlineData("1..2s")]
    public void WhenATimeIsMalformed_ItIsRefused(string text) => Assert.False(SimTime.TryParse(text, out _));

    [Theory]
    [InlineData("999999999s", true)]
    [InlineData("99999999999999999999s", true)]
    [InlineData("99999999999999999999999999999999999999999999ps", true)]
    [InlineData("9223372036854775808ps", true)]
    [InlineData("9223372036854775807ps", false)]
    [InlineData("999999999", false)]
    [InlineData("s", false)]
    [InlineData(".s", false)]
    [InlineData("1..2s", false)]
    [InlineData("0.5ps", false)]
    public void WhenATimeIsWrittenWellAndTooLate_ThatIsSaid(string text, bool isTooLate)
    {
        SimTime.TryParse(text, out _, out bool tooLate);
        Assert.Equal(isTooLate, tooLate);
    }

    [Fact]
    public void WhenTimeOverflows_ItThrows() =>
        Assert.Throws<OverflowException>(() => SimTime.MaxValue + new SimTime(1));

    [Fact]
    public void WhenDdr4CyclesAreConverted_NothingAccumulates()
    {
        var dram = new ClockDomain(2_500, 3);
        Assert.Equal(2_500_000_000, dram.TimePsOf(3_000_000));
        Assert.Equal(833, dram.TimePsOf(1));
        for (long cycle = 0; cycle < 10_000; cycle++)
        {
            long ps = dram.TimePsOf(cycle);
            Assert.Equal(cycle, dram.CycleAtOrAfter(ps));
            Assert.Equal(cycle + 1, dram.CycleAtOrAfter(ps + 1));
        }
    }
}
