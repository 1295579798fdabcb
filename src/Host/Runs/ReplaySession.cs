namespace Sim.Host.Runs;

/// <summary>Time travel by typed commands. A wrong command is answered and the session goes on.</summary>
internal sealed class ReplaySession(TextReader input, StandardStreams streams, Timeline timeline, MomentPrinter printer)
{
    private const string Help =
        "goto N      after event N\nat T        after the last event not later than T, such as 5ms\nstep [N]    N events on\nback [N]    N events back\n"
        + "show VIEW   the memory now\nquit";

    public void Run(CancellationToken cancellation)
    {
        printer.Print();
        while (!cancellation.IsCancellationRequested)
        {
            streams.Out.Flush();
            streams.Error.Write("(replay) ");
            if (input.ReadLine() is not { } line || line.Trim() is "quit" or "q")
            {
                return;
            }
            try
            {
                Execute(line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
            }
            catch (CommandException e)
            {
                streams.Error.WriteLine(e.Message);
            }
        }
    }

    private void Execute(string[] words)
    {
        string argument = words.Length > 1 ? words[1] : "";
        switch (words)
        {
            case []:
                break;
            case ["goto", _]:
                timeline.GoTo(Commands.OptionText.Number("goto", argument));
                printer.Print();
                break;
            case ["at", ..]:
                timeline.GoTo(Commands.OptionText.Time("at", string.Concat(words[1..])));
                printer.Print();
                break;
            case ["step" or "s"] or ["step" or "s", _]:
                timeline.GoTo(Math.Min(timeline.Last, timeline.Position + Count(argument)));
                printer.Print();
                break;
            case ["back" or "b"] or ["back" or "b", _]:
                timeline.GoTo(Math.Max(-1, timeline.Position - Count(argument)));
                printer.Print();
                break;
            case ["show", _]:
                (StateView view, long number) = StateViews.Parse(argument);
                streams.Out.Write(view.Render(new ViewRequest(timeline.State.State, timeline.Symbols, number)));
                break;
            default:
                streams.Error.WriteLine(Help);
                break;
        }
    }

    private static long Count(string argument) => argument.Length == 0 ? 1 : Commands.OptionText.Number("step", argument, 1);
}
