namespace Sim.Host.Runs;

/// <summary>Says what is being done when that takes long: after a second, and then every ten.</summary>
/// <param name="error">Standard error; null to be silent.</param>
/// <param name="clockMs">Wall-clock time in milliseconds.</param>
internal sealed class SlowWork(TextWriter? error, Func<long> clockMs)
{
    private const long FirstAfterMs = 1_000, EveryMs = 10_000;

    private long _dueMs = -1;

    /// <summary>Called often while the work is done.</summary>
    /// <param name="text">What is being done.</param>
    public void Tick(Func<string> text)
    {
        if (error is null)
        {
            return;
        }
        long nowMs = clockMs();
        if (_dueMs < 0)
        {
            _dueMs = nowMs + FirstAfterMs;
        }
        else if (nowMs >= _dueMs)
        {
            _dueMs = nowMs + EveryMs;
            error.WriteLine(text());
        }
    }
}
