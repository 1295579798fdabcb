using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Sim.Host.Experiments;
using Sim.Host.Runs;
using Sim.Host.Sweeps;

namespace Sim.Host.Commands;

/// <summary><c>sweep SWEEP.json</c>: many runs of one experiment, resumable, with a table and charts of what they came to.</summary>
internal sealed class SweepCommand(
    StandardStreams streams, CommandLineText commandLine, ExperimentFile experiments, SweepFile sweeps, ISimulator simulator) : ICommandModule
{
    public Command Build()
    {
        var command = new Command("sweep",
            "Runs an experiment once for every combination of the values that a sweep file names, and writes results.csv, results.json and charts. "
            + "Runs that are complete are not run again, so that an interrupted sweep goes on.\n\n"
            + "Examples:\n  sim sweep traces/sweeps/cc1-memory.json --jobs 4\n  sim sweep traces/sweeps/cc1-memory.json --status\n  sim sweep traces/sweeps/cc1-memory.json --slurm | sbatch");
        var file = new Argument<string>("SWEEP.json") { Description = "The sweep file." };
        var output = new Option<string?>("--out") { HelpName = "DIR", Description = "The sweep's directory. Default: runs/SWEEP." };
        var jobs = new Option<string?>("--jobs") { HelpName = "N", Description = "Runs at a time. Default: 1." };
        var slurm = new Option<bool>("--slurm") { Description = "Run nothing, and print the script of a Slurm job array, a task for each run." };
        var index = new Option<string?>("--index") { HelpName = "N", Description = "Run only the run of this number, from 0; write no results." };
        var status = new Option<bool>("--status") { Description = "Run nothing, and tell how many runs are complete; exit code 6 when not all are." };
        var json = new Option<bool>("--json") { Description = "Print the results, or the status, as JSON." };
        command.Arguments.Add(file);
        foreach (Option option in (Option[])[output, jobs, slurm, index, status, json])
        {
            command.Options.Add(option);
        }
        command.SetAction((parsed, cancellation) =>
        {
            string path = parsed.GetValue(file)!;
            if (((bool[])[parsed.GetValue(slurm), parsed.GetValue(index) is not null, parsed.GetValue(status), parsed.GetValue(jobs) is not null]).Count(g => g) > 1)
            {
                throw new CommandException(ExitCode.Usage, "--jobs, --slurm, --index and --status exclude each other.");
            }
            SweepSettings sweep = sweeps.Load(path);
            var directory = new SweepDirectory(OptionText.Path("--out", parsed.GetValue(output)) ?? Path.Combine("runs", sweep.Name!));
            IReadOnlyList<SweepPoint> points = SweepPoint.Of(sweep);
            if (parsed.GetValue(slurm))
            {
                PrintSlurm(path, directory, points.Count);
                return Task.FromResult((int)ExitCode.Ok);
            }
            if (parsed.GetValue(index) is { } one)
            {
                long number = OptionText.Number("--index", one);
                points = number < points.Count ? [points[(int)number]] : throw new CommandException(ExitCode.Usage,
                    $"--index {one}: the sweep has {points.Count} runs, from 0 to {points.Count - 1}.");
            }
            Planned[] planned = [.. points.Select(p => Plan(sweep, directory, p))];
            ExitCode code = parsed.GetValue(status)
                ? PrintStatus(planned, parsed.GetValue(json))
                : Run(sweep, directory, planned, parsed.GetValue(jobs) is { } n ? (int)Math.Min(OptionText.Number("--jobs", n, 1), 1024) : 1,
                    parsed.GetValue(index) is null, parsed.GetValue(json), cancellation);
            return Task.FromResult((int)code);
        });
        return command;
    }

    private sealed record Planned(SweepPoint Point, Experiment Experiment, SweepPointStatus Status);

    private Planned Plan(SweepSettings sweep, SweepDirectory directory, SweepPoint point)
    {
        Experiment experiment = experiments.Load(sweep.Experiment.Path, point.Overrides);
        return new Planned(point, experiment, directory.StatusOf(point, experiment, experiments.Identify(experiment, EngineVersion.Current)));
    }

    private ExitCode Run(SweepSettings sweep, SweepDirectory directory, Planned[] planned, int jobs, bool whole, bool json, CancellationToken cancellation)
    {
        (SweepPoint, Experiment)[] toDo = [.. planned.Where(p => p.Status != SweepPointStatus.Complete).Select(p => (p.Point, p.Experiment))];
        int done = planned.Length - toDo.Length;
        streams.Error.WriteLine($"{sweep.Name}: {planned.Length} runs, {done} complete, into {directory.Path}");
        var runner = new SweepRunner(simulator, experiments, directory, commandLine.Text);
        if (!runner.Run(toDo, jobs, p => streams.Error.WriteLine($"{++done} of {planned.Length}: {string.Join(", ", sweep.Axes.Zip(p.Labels).Select(a => $"{a.First.Name} {a.Second}"))}"), cancellation))
        {
            streams.Error.WriteLine($"interrupted after {done} of {planned.Length} runs; the same command goes on.");
            return ExitCode.Interrupted;
        }
        if (!whole)
        {
            return ExitCode.Ok;
        }
        var table = new SweepTable(sweep);
        foreach (Planned point in planned)
        {
            table.Add(point.Point, directory.FiguresOf(point.Point));
        }
        string csv = table.ToCsv();
        // Results come before the charts: a chart of a figure that no run counts is refused, and takes nothing with it.
        Write(directory, "results.csv", csv);
        Write(directory, "results.json", table.ToJson());
        foreach (SweepPlot plot in sweep.Plots)
        {
            Write(directory, plot.File, SweepChart.Draw(sweep, plot, table));
        }
        streams.Out.Write(json ? table.ToJson() : csv);
        string[] written = ["results.csv", "results.json", .. sweep.Plots.Select(p => p.File)];
        streams.Error.WriteLine($"written: {string.Join(", ", written.Select(f => Path.Combine(directory.Path, f)))}");
        return ExitCode.Ok;
    }

    private static void Write(SweepDirectory directory, string file, string content)
    {
        try
        {
            DurableFile.Write(Path.Combine(directory.Path, file), content);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.InputOutput, $"{directory.Path} cannot be written: {e.Message} When that is mended, the same command goes on.", e);
        }
    }

    private ExitCode PrintStatus(Planned[] planned, bool json)
    {
        int Count(SweepPointStatus status) => planned.Count(p => p.Status == status);
        var counts = new { runs = planned.Length, complete = Count(SweepPointStatus.Complete), begun = Count(SweepPointStatus.Begun), missing = Count(SweepPointStatus.Missing) };
        streams.Out.WriteLine(json
            ? JsonSerializer.Serialize(counts, HostJson.Line)
            : string.Create(CultureInfo.InvariantCulture, $"{counts.runs} runs: {counts.complete} complete, {counts.begun} begun, {counts.missing} missing"));
        return counts.complete == counts.runs ? ExitCode.Ok : ExitCode.Incomplete;
    }

    private void PrintSlurm(string path, SweepDirectory directory, int runs)
    {
        static string Quoted(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
        streams.Out.Write(string.Create(CultureInfo.InvariantCulture,
            $"#!/bin/sh\n#SBATCH --array=0-{runs - 1}\n#SBATCH --cpus-per-task=2\n# Afterwards, without --index: the results.\nexec sim sweep {Quoted(Path.GetFullPath(path))} --out {Quoted(Path.GetFullPath(directory.Path))} --index \"$SLURM_ARRAY_TASK_ID\"\n"));
    }
}
