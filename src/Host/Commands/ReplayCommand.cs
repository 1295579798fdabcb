using System.CommandLine;
using Sim.Host.Debugger;
using Sim.Host.Experiments;
using Sim.Host.Index;
using Sim.Host.Provenance;
using Sim.Host.Runs;

namespace Sim.Host.Commands;

/// <summary><c>replay RUN</c>: time travel; prints the moments it comes to, runs a script, or asks for commands on a terminal.</summary>
internal sealed class ReplayCommand(StandardStreams streams, ExperimentFile experiments, ISimulator simulator, Interrupts interrupts) : ICommandModule
{
    private readonly PositionOptions _position = new();
    private readonly Option<string?> _until = new("--until") { HelpName = "EXPR", Description = "Then to the next event that the expression means; from the start when no moment is given." };
    private readonly Option<string?> _step = new("--step") { HelpName = "N", Description = "Then so many events forward, printing each; no further than the end." };
    private readonly Option<string?> _back = new("--back") { HelpName = "N", Description = "Then so many events back; no further than the start." };
    private readonly Option<string[]> _script = new("-c") { HelpName = "COMMANDS", Description = "Then these commands of the debugger, separated by semicolons. May be given several times.", DefaultValueFactory = _ => [] };
    private readonly Option<string?> _commands = new("--commands") { HelpName = "FILE", Description = "The same from a file, one command a line; # begins a comment. - is standard input." };
    private readonly Option<bool> _json = new("--json") { Description = "Print JSON Lines, one object an answer." };

    public Command Build()
    {
        var command = new Command("replay",
            "Goes to a moment of a run and prints where that is: event, time, state hash. On a terminal and without a moment it asks for commands; "
            + "-c and --commands run them from a script, which stops at the first that fails.\n\n"
            + $"Commands: {string.Join(", ", DebugCommand.All.Select(c => c.Name))}, quit. \"sim replay RUN -c help\" describes them.\n\n"
            + "Examples:\n  sim replay runs/latest --goto 100000\n  sim replay runs/latest --at 5ms --step 3 --json\n"
            + "  sim replay runs/latest --until 'kind == page.alloc_failed and page_order >= 9'\n"
            + "  sim replay runs/latest -c 'at 5ms; watch frame:0x1a00; why frame:0x1a00; back-until kind == buddy.steal'");
        var run = new Argument<string>("RUN") { Description = "The run directory." };
        command.Arguments.Add(run);
        _position.AddTo(command);
        foreach (Option option in (ReadOnlySpan<Option>)[_until, _step, _back, _script, _commands, _json])
        {
            command.Options.Add(option);
        }
        command.SetAction((parsed, cancellation) =>
        {
            Replay(parsed, parsed.GetValue(run)!, cancellation);
            return Task.FromResult((int)ExitCode.Ok);
        });
        return command;
    }

    private void Replay(ParseResult parsed, string path, CancellationToken cancellation)
    {
        Action<Timeline> move = _position.Read(parsed);
        long forward = parsed.GetValue(_step) is { } f ? OptionText.Number("--step", f) : 0;
        long backward = parsed.GetValue(_back) is { } b ? OptionText.Number("--back", b) : 0;
        IReadOnlyList<ScriptCommand>? script = Script(parsed);
        using RecordedRun recorded = RecordedRun.Open(path, experiments, streams.Error, cancellation);
        var index = RunIndex.Open(recorded.Directory, recorded.Log, streams.Error, cancellation);
        var context = new DebugContext(new RunMoment(recorded, simulator, index)) { Cancellation = cancellation };
        var session = new ReplaySession(streams, context, parsed.GetValue(_json));
        bool moves = _position.IsGiven(parsed) || forward + backward > 0;
        if (parsed.GetValue(_until) is { } until)
        {
            if (_position.IsGiven(parsed))
            {
                move(context.Timeline);
            }
            session.Print(MovingCommands.Until(context, until));
            Walk(session, context, forward, backward, cancellation);
        }
        else if (moves || (script is null && streams.Input is null))
        {
            move(context.Timeline);
            session.Print(context.Here());
            Walk(session, context, forward, backward, cancellation);
        }
        if (script is not null)
        {
            session.RunScript(script, cancellation);
        }
        else if (!moves && parsed.GetValue(_until) is null && streams.Input is { } input)
        {
            session.Run(input, interrupts, cancellation);
            return;
        }
        RunLog.NoteEnd(recorded.Log, streams.Error);
    }

    private static void Walk(ReplaySession session, DebugContext context, long forward, long backward, CancellationToken cancellation)
    {
        Timeline timeline = context.Timeline;
        for (long i = 0; i < forward && timeline.Position < timeline.Last; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            timeline.GoTo(timeline.Position + 1);
            session.Print(context.Here());
        }
        if (backward > 0)
        {
            timeline.GoTo(Math.Max(-1, timeline.Position - backward));
            session.Print(context.Here());
        }
    }

    private IReadOnlyList<ScriptCommand>? Script(ParseResult parsed)
    {
        string[] given = parsed.GetValue(_script)!;
        string? file = parsed.GetValue(_commands);
        if (given.Length == 0 && file is null)
        {
            return null;
        }
        return [.. given.SelectMany(c => DebugScript.Cut(c)), .. file is null ? [] : DebugScript.Read(file, streams.Piped)];
    }
}
