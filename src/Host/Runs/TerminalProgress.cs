using Spectre.Console;

namespace Sim.Host.Runs;

/// <summary>Progress on a terminal: one line that is redrawn in place.</summary>
internal sealed class TerminalProgress : IProgress<RunSample>
{
    private readonly ProgressText _text;
    private readonly LiveDisplayContext _display;

    private TerminalProgress(LiveDisplayContext display, Func<TimeSpan> elapsed)
    {
        _display = display;
        _text = new ProgressText(elapsed);
    }

    public void Report(RunSample value) => _display.UpdateTarget(new Text(_text.Line(value)).Overflow(Overflow.Ellipsis));

    /// <summary>Shows progress while the work is done, then clears the line.</summary>
    public static bool Show(TextWriter error, Func<TimeSpan> elapsed, Func<IProgress<RunSample>, bool> work)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(error) });
        bool result = false;
        console.Live(new Text("starting")).AutoClear(true).Start(display => result = work(new TerminalProgress(display, elapsed)));
        return result;
    }
}
