using System.CommandLine;
using System.Text.Json;
using Sim.Engine.Log;
using Sim.Engine.Replay;
using Sim.Engine.Snapshots;
using Sim.Host.Branches;
using Sim.Host.Experiments;
using Sim.Host.Runs;

namespace Sim.Host.Commands;

/// <summary><c>verify RUN [--deep]</c>: is the log whole, and does it give the state that the run had?</summary>
internal sealed class VerifyCommand(StandardStreams streams, ExperimentFile experiments, ISimulator simulator) : ICommandModule
{
    public Command Build()
    {
        var command = new Command("verify",
            "Checks every byte of a run's log: CRCs, chain, catalogue, events.\n\n"
            + "--deep also folds the log and compares the state at every checkpoint, and runs the experiment again and compares every event.");
        var run = new Argument<string>("RUN") { Description = "The run directory." };
        var deep = new Option<bool>("--deep") { Description = "Fold and run again, too." };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        command.Arguments.Add(run);
        command.Options.Add(deep);
        command.Options.Add(json);
        command.SetAction((parsed, cancellation) =>
            Task.FromResult((int)Verify(parsed.GetValue(run)!, parsed.GetValue(deep), parsed.GetValue(json), cancellation)));
        return command;
    }

    private ExitCode Verify(string path, bool deep, bool json, CancellationToken cancellation)
    {
        RunDirectory directory = RunDirectory.Open(path);
        LogReport report = RunLog.Verify(directory);
        if (!report.Ok)
        {
            Print(report, null, json);
            streams.Error.WriteLine($"error: {report.Damage.Count} damaged place{(report.Damage.Count == 1 ? "" : "s")}; the {report.Events} events before the first are whole. {Advice(directory, report)}");
            return ExitCode.CorruptLog;
        }
        if (report.Dropped.Count > 0)
        {
            streams.Error.WriteLine($"note: {report.Dropped.Count} segment{(report.Dropped.Count == 1 ? " was" : "s were")} dropped (log.keep), from {report.Dropped[0]} to {report.Dropped[^1]}; of those only headers, footers and hashes could be checked.");
        }
        RunManifest manifest = directory.ReadManifest();
        bool cutShort = report.Status == LogStatus.Incomplete && manifest.ChainHash is not null && report.Events < manifest.Events;
        if (!cutShort && manifest.ChainHash is { } chain && (chain != report.ChainHash.ToString() || manifest.Events != report.Events))
        {
            throw new CommandException(ExitCode.Diverged,
                $"{path}: manifest.json names {manifest.Events} events and chain hash {chain}; the log has {report.Events} and {report.ChainHash}. One of them is of another run.");
        }
        string? stateHash = cutShort ? null : manifest.StateHash;
        if (deep && report.Events > 0)
        {
            using RecordedRun recorded = RecordedRun.Open(path, experiments, streams.Error, cancellation);
            stateHash = Fold(recorded, stateHash);
            Reexecute(recorded, stateHash, cancellation);
        }
        Print(report, stateHash, json);
        if (report.Status == LogStatus.Incomplete)
        {
            string lost = cutShort ? $"the run logged {manifest.Events} events, and the rest of them is lost" : "the run did not end";
            string whole = report.Events == 0 ? "holds no event" : $"is whole up to event {report.Events - 1}";
            streams.Error.WriteLine($"error: the log {whole}, but {lost}: {report.Unfinished}. \"sim run --resume {path}\" goes on with it.");
            return ExitCode.Incomplete;
        }
        return ExitCode.Ok;
    }

    // Of a branch, repair copies the own part.
    private static string Advice(RunDirectory directory, LogReport report)
    {
        long shared = LogFolder.Of(directory) is BranchStorage branch ? branch.Start.NextSequence : 0;
        return report.Events > shared ? $"\"sim repair {directory.Path} --out COPY\" keeps them in a new run directory, which can be resumed."
            : report.Events < shared ? "The damage is in what the branch shares with its parent: see there."
            : shared > 0 ? "None of them is the branch's own: make it again."
            : directory.HowToRunAgain;
    }

    private string Fold(RecordedRun run, string? recorded)
    {
        FoldedMachine state = simulator.CreateState(run.Experiment, run.LeftOut(simulator));
        var check = new CheckpointCheck(state.StateHash);
        var invariants = new InvariantCheck(state.State, run.Log.Events, run.Log.Header.Categories.Contains("tlb"));
        var fold = new Fold(run.Log, simulator.Catalogue, [check, invariants, .. state.Appliers]);
        fold.ToEnd();
        string stateHash = state.StateHash().ToString("x16");
        streams.Error.WriteLine(
            $"folded {fold.NextSequence} events; the state is the recorded one at {check.Checked} checkpoints, and was looked through at {invariants.Checked} of them");
        return recorded is not null && recorded != stateHash
            ? throw new CommandException(ExitCode.Diverged,
                $"{run.Directory.Path}: after the last event the run recorded the state hash {recorded}, the fold has {stateHash}.")
            : stateHash;
    }

    private void Reexecute(RecordedRun run, string stateHash, CancellationToken cancellation)
    {
        run.RequireSameExperiment(experiments);
        Reexecution again;
        try
        {
            again = Reexecution.Run(run, simulator, cancellation);
        }
        catch (RunDivergedException e)
        {
            throw new CommandException(ExitCode.Diverged,
                $"{run.Directory.Path}: {e.Message} \"sim events {run.Directory.Path} --from {e.Sequence}\" shows the recorded ones.", e);
        }
        catch (SnapshotDivergedException e)
        {
            throw new CommandException(ExitCode.Diverged,
                $"{run.Directory.Path}: {e.Message} Delete {Path.Combine(run.Directory.SnapshotsPath, SnapshotFile.Name(e.Sequence))}; snapshots are caches.", e);
        }
        catch (Hardware.Tlb.StaleTranslationException e)
        {
            throw new CommandException(ExitCode.Diverged, $"{run.Directory.Path}: run again, {e.Message} Please report it with the run's config.effective.json.", e);
        }
        if (again.StateHash is { } hash && hash.ToString("x16") != stateHash)
        {
            throw new CommandException(ExitCode.Diverged,
                $"{run.Directory.Path}: run again, the experiment ends with the state hash {hash:x16}, the fold with {stateHash}.");
        }
        foreach (long sequence in again.Useless)
        {
            streams.Error.WriteLine($"note: {Path.Combine(run.Directory.SnapshotsPath, SnapshotFile.Name(sequence))} is damaged or another build's, and was passed over; snapshots are caches.");
        }
        string from = again.Stretches == 1 ? "" : $", in {again.Stretches} stretches from snapshot to snapshot";
        streams.Error.WriteLine($"ran again: {run.Log.Events} events are the recorded ones{from}");
    }

    private void Print(LogReport report, string? stateHash, bool json)
    {
        if (json)
        {
            streams.Out.WriteLine(JsonSerializer.Serialize(new
            {
                ok = report.Ok && report.Status == LogStatus.Complete,
                events = report.Events,
                chainHash = report.ChainHash.ToString(),
                stateHash,
                damage = report.Damage.Select(d => new { segment = d.Segment, block = d.Block, offset = d.Offset, what = d.What }),
            }, HostJson.Line));
            return;
        }
        foreach (LogDamage damage in report.Damage)
        {
            streams.Out.WriteLine($"{damage.Segment}, {(damage.Block is { } block ? $"block {block}" : "header or footer")}, byte {damage.Offset}: {damage.What}");
        }
        streams.Out.WriteLine($"{(report.Ok ? report.Status == LogStatus.Complete ? "ok" : "incomplete" : "damaged")}: {report.Events} events, chain hash {report.ChainHash}{(stateHash is null ? "" : $", state hash {stateHash}")}");
    }
}
