namespace Sim.Host.Runs;

/// <summary>Progress where nobody watches: one line every ten seconds, no control characters.</summary>
/// <param name="elapsed">Wall-clock time since the run began.</param>
internal sealed class LineProgress(TextWriter error, Func<TimeSpan> elapsed) : IProgress<RunSample>
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(10);
    private readonly ProgressText _text = new(elapsed);
    private TimeSpan _next = Every;

    public void Report(RunSample value)
    {
        if (elapsed() >= _next)
        {
            _next = elapsed() + Every;
            error.WriteLine(_text.Line(value));
        }
    }
}
