using System.CommandLine;
using System.Text.Json;
using Sim.Engine.Time;
using Sim.Host.Experiments;
using Sim.Host.Runs;

namespace Sim.Host.Commands;

/// <summary><c>show RUN VIEW</c>: the memory at a moment of a run, as the kernel's own files show it.</summary>
internal sealed class ShowCommand(StandardStreams streams, ExperimentFile experiments, ISimulator simulator) : ICommandModule
{
    public Command Build()
    {
        var command = new Command("show",
            $"Shows the memory at a moment of a run, in the kernel's own layout where it has one.\n\nViews: {string.Join(' ', StateViews.All.Select(StateViews.Usage))}\n\n"
            + "Examples:\n  sim show runs/latest buddyinfo --at 5ms\n  sim show runs/latest frame:0x1a00 --goto 1000 --json");
        var run = new Argument<string>("RUN") { Description = "The run directory." };
        var view = new Argument<string>("VIEW") { Description = "What to show." };
        var position = new PositionOptions();
        var json = new Option<bool>("--json") { Description = "Print the rows as JSON, with the kernel's field names." };
        command.Arguments.Add(run);
        command.Arguments.Add(view);
        position.AddTo(command);
        command.Options.Add(json);
        command.SetAction((parsed, cancellation) =>
        {
            (StateView wanted, long number) = StateViews.Parse(parsed.GetValue(view)!);
            Action<Timeline> move = position.Read(parsed);
            using RecordedRun recorded = RecordedRun.Open(parsed.GetValue(run)!, experiments, streams.Error, cancellation);
            var timeline = new Timeline(recorded, simulator);
            move(timeline);
            Show(timeline, wanted, number, parsed.GetValue(json));
            RunLog.NoteEnd(recorded.Log, streams.Error);
            return Task.FromResult((int)ExitCode.Ok);
        });
        return command;
    }

    private void Show(Timeline timeline, StateView view, long number, bool json)
    {
        if (json)
        {
            streams.Out.WriteLine(JsonSerializer.Serialize(view.Rows(new ViewRequest(timeline.State.State, timeline.Symbols, number, timeline.TimePs)), HostJson.Line));
            return;
        }
        string text = view.Render(new ViewRequest(timeline.State.State, timeline.Symbols, number, timeline.TimePs));
        streams.Error.WriteLine($"after event {timeline.Position} of {timeline.Last}, {new SimTime(timeline.TimePs)}");
        streams.Out.Write(text);
    }
}
