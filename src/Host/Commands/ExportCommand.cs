using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using Sim.Engine.Log;
using Sim.Engine.Tables;
using Sim.Host.Experiments;
using Sim.Host.Exports;
using Sim.Host.Runs;

namespace Sim.Host.Commands;

/// <summary><c>export RUN --to parquet</c>: the log as tables.</summary>
internal sealed class ExportCommand(StandardStreams streams, ExperimentFile experiments, ISimulator simulator) : ICommandModule
{
    public Command Build()
    {
        var command = new Command("export",
            "Writes a run's log in a form that other programs read.\n\n"
            + "parquet: one table per kind of event, and the tables fragmentation and slab_usage sampled in simulated time;\n"
            + "for DuckDB, pandas, Polars, Spark. docs/format/tables.md describes them.\n\n"
            + "Examples:\n  sim export runs/latest --to parquet\n  sim export runs/latest --to parquet --out tables --sample 1ms");
        var run = new Argument<string>("RUN") { Description = "The run directory." };
        var to = new Option<string>("--to") { HelpName = "parquet", Description = "The form.", Required = true };
        var output = new Option<string?>("--out") { HelpName = "DIR", Description = "A new directory. Default: tables/ in the run directory, where older tables are replaced." };
        var sample = new Option<string?>("--sample")
        {
            HelpName = "T|none",
            Description = $"Simulated time between samples, such as 1ms; none for no sampled tables. Default: a round time that gives at most {ParquetExport.DefaultSamples:N0} samples.",
        };
        var json = new Option<bool>("--json") { Description = "Print the list of tables as JSON." };
        command.Arguments.Add(run);
        foreach (Option option in (ReadOnlySpan<Option>)[to, output, sample, json])
        {
            command.Options.Add(option);
        }
        command.SetAction((parsed, cancellation) =>
        {
            string form = parsed.GetValue(to)!;
            if (form != "parquet")
            {
                throw new CommandException(ExitCode.Usage, $"--to {form}: this build writes parquet.{Suggestion.For(form, ["parquet"])}");
            }
            string? samples = parsed.GetValue(sample);
            long everyPs = samples is null or "none" ? 0 : OptionText.Time("--sample", samples).Ps;
            if (samples is not (null or "none") && everyPs <= 0)
            {
                throw new CommandException(ExitCode.Usage, $"--sample {samples}: expected a time greater than 0, or none.");
            }
            Export(parsed.GetValue(run)!, OptionText.Path("--out", parsed.GetValue(output)), samples != "none", everyPs, parsed.GetValue(json), cancellation);
            return Task.FromResult((int)ExitCode.Ok);
        });
        return command;
    }

    private void Export(string path, string? output, bool withSamples, long everyPs, bool json, CancellationToken cancellation)
    {
        RunDirectory directory = RunDirectory.Open(path);
        if (output is not null && (Directory.Exists(output) || File.Exists(output)))
        {
            throw new CommandException(ExitCode.Usage, $"The output directory {output} exists. Name another with --out, or leave --out out.");
        }
        string target = output ?? directory.TablesPath;
        var export = new ParquetExport(simulator.Catalogue);
        TableManifest manifest;
        if (withSamples)
        {
            using RecordedRun run = RecordedRun.Open(path, experiments, streams.Error, cancellation);
            manifest = export.Write(run.Log, new Timeline(run, simulator), everyPs, target, Progress(run.Log), cancellation);
            RunLog.NoteEnd(run.Log, streams.Error);
        }
        else
        {
            using LogReader log = RunLog.Open(directory, streams.Error, cancellation);
            manifest = export.Write(log, null, 0, target, Progress(log), cancellation);
            RunLog.NoteEnd(log, streams.Error);
        }
        Print(manifest, target, json);
    }

    private void Print(TableManifest manifest, string target, bool json)
    {
        if (json)
        {
            streams.Out.WriteLine(JsonSerializer.Serialize(new
            {
                directory = target,
                events = manifest.Events,
                rows = manifest.Tables.Sum(table => table.Rows),
                bytes = manifest.Tables.Sum(table => table.Bytes),
                tables = manifest.Tables.Select(table => new { table = table.Table, rows = table.Rows, bytes = table.Bytes, files = table.Parts.Count }),
            }, HostJson.Line));
            return;
        }
        int width = manifest.Tables.Select(table => table.Table.Length).DefaultIfEmpty(0).Max();
        foreach (TableEntry table in manifest.Tables)
        {
            streams.Out.WriteLine($"{table.Table.PadRight(width)}  {table.Rows,14:N0} rows  {table.Bytes,14:N0} bytes");
        }
        streams.Out.WriteLine($"{manifest.Tables.Count} tables in {target}");
        streams.Out.WriteLine($"try: duckdb -c \"SELECT * FROM read_parquet('{Path.Combine(target, "fragmentation", "*.parquet")}') LIMIT 20\"");
    }

    private LogProgress Progress(LogReader log) => new(streams.Error, log.Events);

    /// <summary>A line every ten seconds.</summary>
    private sealed class LogProgress(TextWriter output, long total) : IProgress<long>
    {
        private readonly long _start = Stopwatch.GetTimestamp();
        private int _lines;

        public void Report(long value)
        {
            double seconds = Stopwatch.GetElapsedTime(_start).TotalSeconds;
            if (seconds >= 10 * (_lines + 1))
            {
                _lines++;
                output.WriteLine($"{value:N0} of {total:N0} events, {value / seconds:N0} events/s");
            }
        }
    }
}
