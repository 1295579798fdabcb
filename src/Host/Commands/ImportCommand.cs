using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using Sim.Host.Captures;
using Sim.Host.Traces;

namespace Sim.Host.Commands;

/// <summary><c>import lackey|strace|ftrace FILE -o TRACE</c>: a captured text becomes a trace that experiments replay.</summary>
internal sealed class ImportCommand(StandardStreams streams) : ICommandModule
{
    private delegate ImportReport Importer(string input, ImportOptions options, string output, CancellationToken cancellation);

    public Command Build() => new("import", "Turns recordings of real programs and kernels into traces.")
    {
        Format("lackey", "Imports what valgrind's lackey writes with --trace-mem=yes and --trace-syscalls=yes.",
            "valgrind's segment list, when it is not in FILE", LackeyImporter.Import),
        Format("strace", "Imports the mapping calls that strace -f -o FILE records; there are no accesses in it.",
            "a copy of the program's /proc/PID/maps", StraceImporter.Import),
        Ftrace(),
    };

    private Command Ftrace()
    {
        var command = new Command("ftrace",
            "Imports the page requests and frees of a real kernel from ftrace's text with the kmem events, for the workload \"capture\" on any "
            + "machine.\n\nExamples:\n  sim import ftrace trace.txt.gz -o requests.simpages");
        var file = new Argument<string>("FILE") { Description = "The captured text; may be gzip-compressed." };
        var output = new Option<string>("--output", "-o") { HelpName = "TRACE", Description = "The trace to write.", Required = true };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        command.Arguments.Add(file);
        command.Options.Add(output);
        command.Options.Add(json);
        command.SetAction(parsed =>
        {
            string target = parsed.GetValue(output)!;
            ImportedCaptureHeader header = FtraceImporter.Import(InputFile(parsed.GetValue(file)!), target);
            streams.Out.WriteLine(parsed.GetValue(json)
                ? JsonSerializer.Serialize(new
                {
                    trace = target,
                    requests = header.Requests,
                    frees = header.Frees,
                    freesByReclaim = header.FreesByReclaim,
                    records = header.Records,
                    bytes = header.FileLength,
                    contentHash = header.ContentHashHex,
                    source = header.Metadata.Split('\n').Select(l => l.Split(": ", 2)).ToDictionary(l => l[0], l => l[^1]),
                }, HostJson.Line)
                : $"{target}: {header.Requests} requests, {header.Frees} frees ({header.FreesByReclaim} by reclaim), {header.Records} records, {header.FileLength} bytes, content {header.ContentHashHex}");
            return (int)ExitCode.Ok;
        });
        return command;
    }

    private Command Format(string name, string description, string maps, Importer import)
    {
        var command = new Command(name, description);
        var file = new Argument<string>("FILE") { Description = "The captured text; may be gzip-compressed." };
        var output = new Option<string>("--output", "-o") { HelpName = "TRACE", Description = "The trace to write.", Required = true };
        var mapsFile = new Option<string?>("--maps") { HelpName = "FILE", Description = $"Initial areas: {maps}." };
        var truncated = new Option<bool>("--allow-truncated") { Description = "Accept a text that was cut off before the program's end." };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        command.Arguments.Add(file);
        command.Options.Add(output);
        command.Options.Add(mapsFile);
        command.Options.Add(truncated);
        command.Options.Add(json);
        command.SetAction((parsed, cancellation) =>
        {
            string target = parsed.GetValue(output)!;
            var options = new ImportOptions
            {
                MapsPath = parsed.GetValue(mapsFile),
                AllowTruncated = parsed.GetValue(truncated),
                Progress = Progress(),
            };
            ImportReport report = import(InputFile(parsed.GetValue(file)!), options, target, cancellation);
            Print(target, report, parsed.GetValue(json));
            return Task.FromResult((int)ExitCode.Ok);
        });
        return command;
    }

    private static string InputFile(string path) => File.Exists(path) ? path : throw new CommandException(ExitCode.Configuration,
        $"The file {path} does not exist. Name the text that was recorded.");

    private Action<long, long> Progress()
    {
        long last = Stopwatch.GetTimestamp();
        return (done, all) =>
        {
            if (Stopwatch.GetElapsedTime(last).TotalSeconds >= 10)
            {
                last = Stopwatch.GetTimestamp();
                streams.Error.WriteLine($"read {done >> 20} of {all >> 20} MiB");
            }
        };
    }

    private void Print(string target, ImportReport report, bool json)
    {
        TraceHeader header = report.Header;
        if (json)
        {
            streams.Out.WriteLine(JsonSerializer.Serialize(new
            {
                trace = target,
                accesses = header.Accesses,
                fetches = header.Fetches,
                loads = header.Loads,
                stores = header.Stores,
                modifies = header.Modifies,
                mappingCalls = report.MappingCalls,
                unknownBuffers = report.UnknownBuffers,
                accessesOutsideAreas = report.AccessesOutsideAreas,
                lines = report.Lines,
                bytes = header.FileLength,
                contentHash = header.ContentHashHex,
                warnings = report.Warnings,
            }, HostJson.Line));
            return;
        }
        streams.Out.WriteLine($"{target}: {header.Accesses} accesses ({header.Fetches} fetches, {header.Loads} loads, {header.Stores} stores, {header.Modifies} modifies), "
            + $"{report.MappingCalls} mapping calls, {header.FileLength} bytes, content {header.ContentHashHex}");
        foreach (string warning in report.Warnings)
        {
            streams.Error.WriteLine($"note: {warning}");
        }
    }
}
