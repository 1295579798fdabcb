using System.Globalization;
using Sim.Engine.Time;

namespace Sim.Host.Runs;

/// <summary>Progress in words: simulated time, rate, free memory, fragmentation, time left.</summary>
internal sealed class ProgressText
{
    private readonly Func<TimeSpan> _elapsed;
    private TimeSpan _lastAt;
    private long _lastEvents;

    /// <param name="elapsed">Wall-clock time since the run began.</param>
    public ProgressText(Func<TimeSpan> elapsed) => _elapsed = elapsed;

    /// <summary>One line for a sample; the rate is that since the line before.</summary>
    public string Line(RunSample sample)
    {
        TimeSpan now = _elapsed();
        double seconds = Math.Max((now - _lastAt).TotalSeconds, 1e-3);
        double rate = (sample.Events - _lastEvents) / seconds;
        (_lastAt, _lastEvents) = (now, sample.Events);
        return string.Create(CultureInfo.InvariantCulture,
            $"{new SimTime(sample.SimulatedPs)} simulated, {Count(sample.Events)} events, {Count((long)rate)} events/s, free {Size(sample.FreePages)} of {Size(sample.TotalPages)}, extfrag(9) {Extfrag(sample.ExtfragIndex)}, {Left(sample.Done, now)}");
    }

    /// <summary>The kernel's index as <c>/sys/kernel/debug/extfrag/extfrag_index</c> prints it.</summary>
    public static string Extfrag(int index) => (index / 1000m).ToString("0.000", CultureInfo.InvariantCulture);

    /// <summary>A count with a prefix: <c>12.3 M</c>.</summary>
    public static string Count(long n) => n switch
    {
        >= 1_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{n / 1e9:0.00} G"),
        >= 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{n / 1e6:0.0} M"),
        >= 10_000 => string.Create(CultureInfo.InvariantCulture, $"{n / 1e3:0} k"),
        _ => n.ToString(CultureInfo.InvariantCulture),
    };

    private static string Size(long pages) => pages >= 1 << 18
        ? string.Create(CultureInfo.InvariantCulture, $"{pages / (double)(1 << 18):0.00} GiB")
        : string.Create(CultureInfo.InvariantCulture, $"{pages / 256.0:0.0} MiB");

    private static string Left(double done, TimeSpan elapsed)
    {
        if (!(done > 0.001))
        {
            return "ETA unknown";
        }
        var left = TimeSpan.FromSeconds(Math.Min(elapsed.TotalSeconds * (1 - done) / done, 1e7));
        return string.Create(CultureInfo.InvariantCulture, $"{done * 100:0.0} % done, ETA {left:d\\.hh\\:mm\\:ss}").Replace(" 0.", " ", StringComparison.Ordinal);
    }
}
