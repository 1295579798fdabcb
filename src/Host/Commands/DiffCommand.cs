using System.CommandLine;
using Sim.Host.Comparison;

namespace Sim.Host.Commands;

/// <summary><c>diff A B</c>: where two runs part, and which settings they do not share.</summary>
internal sealed class DiffCommand(StandardStreams streams) : ICommandModule
{
    private const int MostContext = 100_000;

    public Command Build()
    {
        var command = new Command("diff",
            "Finds the first event in which two runs differ, and prints it as either has it, with its causes, the events before it and the settings "
            + "that differ. The runs are equal as long as the links of their logs' chains are, so a difference is found by bisection.\n\n"
            + "Exit code 0 when the runs are equal, 1 when they differ.\n\n"
            + "Examples:\n  sim diff runs/quickstart-1-1 runs/quickstart-1-2\n  sim diff runs/a runs/b -n 20 --json");
        var left = new Argument<string>("RUN") { Description = "A run directory." };
        var right = new Argument<string>("OTHER") { Description = "Another." };
        var count = new Option<string?>("-n") { HelpName = "N", Description = "How many of the events before the difference to show. Default: 5." };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        command.Arguments.Add(left);
        command.Arguments.Add(right);
        command.Options.Add(count);
        command.Options.Add(json);
        command.SetAction((parsed, cancellation) =>
        {
            long context = parsed.GetValue(count) is { } n ? OptionText.Number("-n", n) : 5;
            RunDifference difference = RunComparer.Compare(
                parsed.GetValue(left)!, parsed.GetValue(right)!, (int)Math.Min(context, MostContext), cancellation, streams.Error);
            if (parsed.GetValue(json))
            {
                streams.Out.WriteLine(DifferenceForms.Json(difference).ToJsonString(HostJson.Indented));
            }
            else
            {
                DifferenceForms.Print(difference, streams.Out);
            }
            if (difference is { AreEqual: true, OverSharedKinds: false })
            {
                streams.Error.WriteLine("note: compared by the hashes that the logs carry; \"sim verify\" checks that the events are theirs.");
            }
            return Task.FromResult((int)(difference.AreEqual ? ExitCode.Ok : ExitCode.Difference));
        });
        return command;
    }
}
