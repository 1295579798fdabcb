using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Sim.Engine.Log;
using Sim.Host.Experiments;
using Sim.Host.Runs;

namespace Sim.Host.Commands;

/// <summary><c>run EXPERIMENT.json</c>: runs an experiment and writes a run directory.</summary>
internal sealed partial class RunCommand(
    StandardStreams streams, CommandLineText commandLine, ExperimentFile experiments, WorkloadRegistry workloads, ISimulator simulator,
    ILogger<RunCommand> logger) : ICommandModule
{
    public Command Build()
    {
        var command = new Command("run",
            "Runs an experiment and writes a run directory; progress on standard error.\n\n"
            + "Examples:\n  sim run traces/quickstart.json\n  sim run traces/quickstart.json --seed 7 --set machine.memory=512MiB --until 2s --out runs/small\n  sim run --resume runs/small");
        var arguments = new ExperimentArguments();
        arguments.AddTo(command);
        var output = new Option<string?>("--out") { HelpName = "DIR", Description = "The run directory. Default: runs/EXPERIMENT-SEED-N; runs/latest points at the newest." };
        var resume = new Option<string?>("--resume") { HelpName = "RUN", Description = "Go on with a run that was interrupted, killed or stopped by an error; its log becomes that of an uninterrupted run." };
        var durability = new Option<string?>("--durability")
        {
            HelpName = "none|flush|block|seal",
            Description = "What a crash may lose; the same as --set log.durability=….",
        };
        var quiet = new Option<bool>("--quiet") { Description = "No progress." };
        var json = new Option<bool>("--json") { Description = "Print the manifest as JSON instead of the summary." };
        command.Options.Add(output);
        command.Options.Add(resume);
        command.Options.Add(durability);
        command.Options.Add(quiet);
        command.Options.Add(json);
        command.SetAction((parsed, cancellation) =>
        {
            ConfigOverride[] level = parsed.GetValue(durability) is { } d ? [Level(d)] : [];
            string? target = OptionText.Path("--out", parsed.GetValue(output));
            Recording recording;
            if (OptionText.Path("--resume", parsed.GetValue(resume)) is { } run)
            {
                if (target is not null || arguments.IsGiven(parsed))
                {
                    throw new CommandException(ExitCode.Usage, "--resume goes on with a run as it was begun: no experiment, --out, --seed, --set or --until beside it.");
                }
                recording = Recording.Reopen(simulator, experiments, run, level);
            }
            else
            {
                recording = Recording.Prepare(simulator, experiments, arguments.Load(parsed, experiments, level), target, commandLine.Text);
            }
            return Task.FromResult((int)Run(recording, parsed.GetValue(quiet), parsed.GetValue(json), cancellation));
        });
        return command;
    }

    /// <summary>Drives a prepared recording to its end and prints what it came to.</summary>
    public ExitCode Run(Recording recording, bool quiet, bool json, CancellationToken cancellation)
    {
        Experiment experiment = recording.Experiment;
        string path = recording.Directory.Path;
        if (recording.IsComplete())
        {
            streams.Error.WriteLine($"{path} is complete; there is nothing to resume. \"sim verify {path}\" checks every byte of it.");
            if (json)
            {
                PrintJson(path, recording.Reopened!);
            }
            return ExitCode.Ok;
        }
        streams.Error.WriteLine(
            $"{(recording.Reopened is null ? "running" : "resuming")} {experiment.Name}, seed {experiment.Seed}, configHash {recording.Identity.ConfigHash[..16]}…, into {path}");
        LogIdentity(recording.Identity.RunId, recording.Identity.ConfigHash, EngineVersion.Current);
        RecordingResult result;
        try
        {
            result = recording.Reopened is null
                ? recording.Run(work => Show(quiet, work), cancellation)
                : recording.Resume(work => Show(quiet, work), streams.Error.WriteLine, cancellation);
        }
        catch (LogWriteException e)
        {
            throw new CommandException(ExitCode.InputOutput,
                $"{e.Message} When that is mended, \"sim run --resume {path}\" goes on.", e);
        }
        catch (RunDivergedException e)
        {
            throw new CommandException(ExitCode.Diverged,
                $"{path}: {e.Message} \"sim events {path} --from {e.Sequence}\" shows the recorded ones; the run cannot be resumed by this build.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Recording.Unwritable(recording.Directory, e);
        }
        LogSealed(result.Manifest.Events, result.Manifest.Status);
        if (json)
        {
            PrintJson(path, result.Manifest);
        }
        else
        {
            streams.Out.Write(RunSummary.Text(Describe(experiment), path, result));
        }
        if (result.SnapshotFailure is { } failure)
        {
            streams.Error.WriteLine($"note: snapshots could not be written, so resuming and time travel take longer: {failure.Message}");
        }
        if (!result.Finished)
        {
            streams.Error.WriteLine($"interrupted after event {result.Manifest.LastSequence}; the log up to there is whole and readable. \"sim run --resume {path}\" goes on.");
            return ExitCode.Interrupted;
        }
        return ExitCode.Ok;
    }

    private static ConfigOverride Level(string durability)
    {
        string[] known = [.. Enum.GetValues<Experiments.LogDurability>().Select(l => SettingNames.Of(l))];
        return known.Contains(durability) ? new ConfigOverride($"--durability {durability}", "log.durability", durability)
            : throw new CommandException(ExitCode.Usage, $"--durability {durability}: expected one of {string.Join(", ", known)}.{Suggestion.For(durability, known)}");
    }

    private void PrintJson(string path, RunManifest manifest) =>
        streams.Out.Write(JsonSerializer.Serialize(new { run = path, manifest }, HostJson.Line) + "\n");

    private bool Show(bool quiet, Func<IProgress<RunSample>, bool> work)
    {
        long start = Stopwatch.GetTimestamp();
        TimeSpan Elapsed() => Stopwatch.GetElapsedTime(start);
        return quiet ? work(new NoProgress())
            : streams.ErrorIsTerminal && streams.Color ? TerminalProgress.Show(streams.Error, Elapsed, work)
            : work(new LineProgress(streams.Error, Elapsed));
    }

    private string Describe(Experiment experiment) =>
        $"{string.Join(" + ", experiment.Workload.Select(w => workloads.Of(w).Name))} on {experiment.Machine.Cpus} CPU{(experiment.Machine.Cpus > 1 ? "s" : "")}, "
        + $"{(experiment.Machine.MemoryMap is null ? experiment.Machine.Memory.ToString() : "a given memory map")}, {SettingNames.Of(experiment.Kernel.Profile)}";

    [LoggerMessage(LogLevel.Debug, "run id {RunId}, configuration {ConfigHash}, engine version {EngineVersion}")]
    private partial void LogIdentity(string runId, string configHash, int engineVersion);

    [LoggerMessage(LogLevel.Debug, "sealed: {Events} events, status {Status}")]
    private partial void LogSealed(long events, RunStatus status);

    private sealed class NoProgress : IProgress<RunSample>
    {
        public void Report(RunSample value)
        {
        }
    }
}
