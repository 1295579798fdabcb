using System.CommandLine;
using Sim.Host.Experiments;
using Sim.Host.Runs;

namespace Sim.Host.Commands;

/// <summary><c>replay RUN</c>: time travel; prints the moments it comes to, or asks for commands on a terminal.</summary>
internal sealed class ReplayCommand(StandardStreams streams, ExperimentFile experiments, ISimulator simulator) : ICommandModule
{
    public Command Build()
    {
        var command = new Command("replay",
            "Folds the log to a moment and prints where that is: event, time, state hash. On a terminal and without a moment it asks for commands.\n\n"
            + "Examples:\n  sim replay runs/latest --goto 100000\n  sim replay runs/latest --at 5ms --step 3 --json");
        var run = new Argument<string>("RUN") { Description = "The run directory." };
        var position = new PositionOptions();
        var step = new Option<string?>("--step") { HelpName = "N", Description = "Then so many events forward, printing each." };
        var back = new Option<string?>("--back") { HelpName = "N", Description = "Then so many events back." };
        var json = new Option<bool>("--json") { Description = "Print JSON Lines." };
        command.Arguments.Add(run);
        position.AddTo(command);
        command.Options.Add(step);
        command.Options.Add(back);
        command.Options.Add(json);
        command.SetAction((parsed, cancellation) =>
        {
            Action<Timeline> move = position.Read(parsed);
            long forward = parsed.GetValue(step) is { } f ? OptionText.Number("--step", f) : 0;
            long backward = parsed.GetValue(back) is { } b ? OptionText.Number("--back", b) : 0;
            using RecordedRun recorded = RecordedRun.Open(parsed.GetValue(run)!, experiments);
            var timeline = new Timeline(recorded, simulator);
            var printer = new MomentPrinter(streams.Out, recorded, timeline, parsed.GetValue(json));
            if (!position.IsGiven(parsed) && forward + backward == 0 && streams.Input is { } input)
            {
                new ReplaySession(input, streams, timeline, printer).Run(cancellation);
                return Task.FromResult((int)ExitCode.Ok);
            }
            move(timeline);
            printer.Print();
            for (long i = 0; i < forward; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                timeline.GoTo(timeline.Position + 1);
                printer.Print();
            }
            if (backward > 0)
            {
                timeline.GoTo(Math.Max(-1, timeline.Position - backward));
                printer.Print();
            }
            RunLog.NoteEnd(recorded.Log, streams.Error);
            return Task.FromResult((int)ExitCode.Ok);
        });
        return command;
    }
}
