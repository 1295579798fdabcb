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
            + "Examples:\n  sim run traces/quickstart.json\n  sim run traces/quickstart.json --seed 7 --set machine.memory=512MiB --until 2s --out runs/small");
        var arguments = new ExperimentArguments();
        arguments.AddTo(command);
        var output = new Option<string?>("--out") { HelpName = "DIR", Description = "The run directory. Default: runs/EXPERIMENT-SEED-N; runs/latest points at the newest." };
        var durability = new Option<string?>("--durability")
        {
            HelpName = "none|flush|block|seal",
            Description = "What a crash may lose; the same as --set log.durability=….",
        };
        var quiet = new Option<bool>("--quiet") { Description = "No progress." };
        var json = new Option<bool>("--json") { Description = "Print the manifest as JSON instead of the summary." };
        command.Options.Add(output);
        command.Options.Add(durability);
        command.Options.Add(quiet);
        command.Options.Add(json);
        command.SetAction((parsed, cancellation) =>
        {
            Experiment experiment = arguments.Load(parsed, experiments,
                parsed.GetValue(durability) is { } level ? [new ConfigOverride($"--durability {level}", "log.durability", level)] : []);
            return Task.FromResult((int)Run(experiment, OptionText.Path("--out", parsed.GetValue(output)), parsed.GetValue(quiet), parsed.GetValue(json), cancellation));
        });
        return command;
    }

    private ExitCode Run(Experiment experiment, string? output, bool quiet, bool json, CancellationToken cancellation)
    {
        Recording recording = Recording.Prepare(simulator, experiments, experiment, output, commandLine.Text);
        string path = recording.Directory.Path;
        streams.Error.WriteLine($"running {experiment.Name}, seed {experiment.Seed}, configHash {recording.Identity.ConfigHash[..16]}…, into {path}");
        LogIdentity(recording.Identity.RunId, recording.Identity.ConfigHash, EngineVersion.Current);
        RecordingResult result;
        try
        {
            result = recording.Run(work => Show(quiet, work), cancellation);
        }
        catch (LogWriteException e)
        {
            throw new CommandException(ExitCode.InputOutput,
                $"{e.Message} Free some space; \"sim verify {path}\" shows how much of the log is whole.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Recording.Unwritable(recording.Directory, e);
        }
        LogSealed(result.Manifest.Events, result.Manifest.Status);
        streams.Out.Write(json
            ? JsonSerializer.Serialize(new { run = path, manifest = result.Manifest }, HostJson.Line) + "\n"
            : RunSummary.Text(Describe(experiment), path, result));
        if (!result.Finished)
        {
            streams.Error.WriteLine($"interrupted after event {result.Manifest.LastSequence}; the log up to there is whole and readable.");
            return ExitCode.Interrupted;
        }
        return ExitCode.Ok;
    }

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
