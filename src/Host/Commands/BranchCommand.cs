using System.CommandLine;
using Sim.Engine.Log;
using Sim.Engine.Snapshots;
using Sim.Host.Branches;
using Sim.Host.Experiments;
using Sim.Host.Runs;

namespace Sim.Host.Commands;

/// <summary><c>branch RUN --at N --set path=value</c>: a run that shares another's past and goes on otherwise.</summary>
internal sealed class BranchCommand(
    StandardStreams streams, CommandLineText commandLine, ExperimentFile experiments, WorkloadRegistry workloads, ISimulator simulator, RunCommand run)
    : ICommandModule
{
    public Command Build()
    {
        var command = new Command("branch",
            "Makes a run that shares the past of another one up to an event and goes on from there with changed settings. The past is read from the "
            + "other run's log, which must stay where it is. Settings that shape the machine's state cannot be changed; \"sim config schema\" says which can.\n\n"
            + "Examples:\n  sim branch runs/first --at 1000000 --set kernel.compaction.enabled=true --out runs/compacted\n  sim diff runs/first runs/compacted");
        var parent = new Argument<string>("RUN") { Description = "The run directory of the parent." };
        var at = new Option<string?>("--at")
        {
            HelpName = "N|T",
            Description = "The last event of the shared past by its sequence number, or the last one before the first that is later than a time such as 10ms. The dispatch that logs it is finished.",
            Required = true,
        };
        var set = new Option<string[]>("--set")
        {
            HelpName = "path=value",
            Description = "Change a setting from there on. May be given several times.",
            Arity = ArgumentArity.OneOrMore,
            DefaultValueFactory = _ => [],
        };
        var output = new Option<string?>("--out") { HelpName = "DIR", Description = "The run directory. Default: runs/EXPERIMENT-SEED-N; runs/latest points at the newest." };
        var quiet = new Option<bool>("--quiet") { Description = "No progress." };
        var json = new Option<bool>("--json") { Description = "Print the manifest as JSON instead of the summary." };
        command.Arguments.Add(parent);
        foreach (Option option in (ReadOnlySpan<Option>)[at, set, output, quiet, json])
        {
            command.Options.Add(option);
        }
        command.SetAction((parsed, cancellation) =>
        {
            ConfigOverride[] changes = [.. parsed.GetValue(set)!.Select(ConfigOverride.Parse)];
            Recording recording = Prepare(
                parsed.GetValue(parent)!, parsed.GetValue(at)!, changes, OptionText.Path("--out", parsed.GetValue(output)), cancellation);
            return Task.FromResult((int)run.Run(recording, parsed.GetValue(quiet), parsed.GetValue(json), cancellation));
        });
        return command;
    }

    private Recording Prepare(string path, string at, ConfigOverride[] changes, string? output, CancellationToken cancellation)
    {
        if (output is not null && (Directory.Exists(output) || File.Exists(output)))
        {
            throw new CommandException(ExitCode.Usage, $"The output directory {output} exists, and runs are never overwritten. Name another with --out, or leave --out out.");
        }
        RunDirectory directory = RunDirectory.Open(path);
        RunManifest manifest = directory.ReadManifest();
        long last;
        using (LogReader log = RunLog.Open(directory, streams.Error, cancellation))
        {
            last = BranchPoint.Find(log, path, manifest, at);
        }
        var past = Ancestry.To(directory, last, experiments);
        Experiment experiment = directory.ReadExperiment(experiments, changes);
        BranchSettings.Require(past.Experiment, experiment, workloads);
        streams.Error.WriteLine($"running {past.Directory.Path} again to event {last}");
        SnapshotDraft end;
        try
        {
            end = past.Reach(simulator, LogSelection.LeftOut(experiment.Log, simulator.Catalogue), cancellation);
        }
        catch (DroppedSegmentException e)
        {
            throw new CommandException(ExitCode.Configuration,
                $"{path} has dropped the events {e.FirstSequence} to {e.LastSequence} (log.keep), and a branch reads its past there. Branch after them, or record the run again with log.keep=all.", e);
        }
        catch (OperationCanceledException e)
        {
            throw new CommandException(ExitCode.Interrupted, $"Interrupted while {past.Directory.Path} ran again: the branch has not begun, and nothing was written.", e);
        }
        if (end.Sequence - 1 > last)
        {
            streams.Error.WriteLine($"event {last} is in the middle of a dispatch; the branch begins after event {end.Sequence - 1}, with which the dispatch ends");
        }
        return Recording.PrepareBranch(simulator, experiments, experiment, past, end, output, commandLine.Text);
    }
}
