using Sim.Host.Runs;

namespace Sim.Host.Tests.Runs;

public class SlowWorkTests
{
    [Fact]
    public void ItIsSaidAfterASecond_AndThenEveryTen()
    {
        using var error = new StringWriter { NewLine = "\n" };
        long nowMs = 5_000_000;
        var work = new SlowWork(error, () => nowMs);
        for (int step = 0; step < 2_350; step++, nowMs += 10)
        {
            work.Tick(() => $"after {nowMs - 5_000_000} ms");
        }
        Assert.Equal("after 1000 ms\nafter 11000 ms\nafter 21000 ms\n", error.ToString());
        new SlowWork(null, () => nowMs += 60_000).Tick(() => throw new InvalidOperationException("nobody listens"));
    }
}
