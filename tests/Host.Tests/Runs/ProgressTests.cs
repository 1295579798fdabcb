using Sim.Host.Runs;

namespace Sim.Host.Tests.Runs;

public sealed class ProgressTests
{
    [Fact]
    public void LineHasTimeRateMemoryFragmentationAndTimeLeft()
    {
        TimeSpan now = TimeSpan.FromSeconds(10);
        var text = new ProgressText(() => now);
        Assert.Equal(
            "1.5 ms simulated, 12.0 M events, 1.2 M events/s, free 512.0 MiB of 1.00 GiB, extfrag(9) 0.987, 25.0 % done, ETA 00:00:30",
            text.Line(new RunSample(1_500_000_000, 12_000_000, 1 << 17, 1 << 18, 987, 0.25)));
        now = TimeSpan.FromSeconds(20);
        Assert.Equal(
            "3 ms simulated, 12.0 M events, 500 events/s, free 0.0 MiB of 1.00 GiB, extfrag(9) -1.000, ETA unknown",
            text.Line(new RunSample(3_000_000_000, 12_005_000, 0, 1 << 18, -1000, double.NaN)));
    }

    [Fact]
    public void OneLineEveryTenSeconds()
    {
        TimeSpan now = TimeSpan.Zero;
        var error = new StringWriter { NewLine = "\n" };
        var progress = new LineProgress(error, () => now);
        for (int quarter = 0; quarter <= 140; quarter++)
        {
            now = TimeSpan.FromSeconds(quarter * 0.25);
            progress.Report(new RunSample(1, 1, 1, 1, 0, double.NaN));
        }
        string[] lines = error.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, lines.Length);
        Assert.All(lines, line => Assert.DoesNotContain(line, char.IsControl));
    }
}
