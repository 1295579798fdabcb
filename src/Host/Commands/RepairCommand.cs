using System.CommandLine;
using System.Text.Json;
using Sim.Host.Experiments;
using Sim.Host.Runs;

namespace Sim.Host.Commands;

/// <summary><c>repair RUN --out COPY</c>: a new run directory with what is sound of a damaged one.</summary>
internal sealed class RepairCommand(StandardStreams streams, ExperimentFile experiments) : ICommandModule
{
    public Command Build()
    {
        var command = new Command("repair",
            "Copies what is sound of a damaged run into a new run directory.\n\n"
            + "That is the log from its beginning up to the first damage, and the snapshots that lie in it. "
            + "The damaged run is left as it is. The copy is an interrupted run, which can be resumed.\n\n"
            + "Example:\n  sim repair runs/latest --out runs/repaired");
        var run = new Argument<string>("RUN") { Description = "The run directory." };
        var output = new Option<string>("--out") { HelpName = "COPY", Description = "The new run directory.", Required = true };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        command.Arguments.Add(run);
        command.Options.Add(output);
        command.Options.Add(json);
        command.SetAction(parsed =>
        {
            string copy = OptionText.Path("--out", parsed.GetValue(output))!;
            Print(new RunRepair(experiments).Run(parsed.GetValue(run)!, copy), parsed.GetValue(json));
            return (int)ExitCode.Ok;
        });
        return command;
    }

    private void Print(RepairResult result, bool json)
    {
        if (json)
        {
            streams.Out.WriteLine(JsonSerializer.Serialize(new
            {
                copy = result.Copy,
                events = result.Events,
                lastSequence = result.Events - 1,
                chainHash = result.ChainHash.ToString(),
                snapshots = result.Snapshots,
                lost = result.Lost is { } d ? new { segment = d.Segment, block = d.Block, offset = d.Offset, what = d.What } : null,
            }, HostJson.Line));
            return;
        }
        string snapshots = result.Snapshots == 0 ? "" : $" and {result.Snapshots} snapshot{(result.Snapshots == 1 ? "" : "s")}";
        streams.Out.WriteLine($"{result.Copy}: {result.Events} events{snapshots}, chain hash {result.ChainHash}");
        streams.Out.WriteLine(result.Lost is { } lost
            ? $"lost: all from {lost.Segment}, {(lost.Block is { } block ? $"block {block}" : "header or footer")}, byte {lost.Offset} on: {lost.What}"
            : "nothing was lost: the log is sound");
    }
}
