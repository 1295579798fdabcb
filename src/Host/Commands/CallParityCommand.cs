using System.CommandLine;
using System.Text.Json;
using Sim.Host.Parity.Calls;
using Sim.Host.Parity.Calls.Live;
using Sim.Host.Traces;

namespace Sim.Host.Commands;

/// <summary><c>parity calls FILE…</c>: recorded address-space calls of processes against this kernel.</summary>
internal sealed class CallParityCommand(StandardStreams streams)
{
    private const int MostShown = 3, DefaultSequences = 300, MostSequences = 1_000_000;

    public Command Build()
    {
        var command = new Command("calls",
            "Makes the address-space calls that recorded processes made, and compares result, areas, pages, page tables and fault counts "
            + "after each. With --live the calls are random ones, made at that moment on this machine's own kernel, whose version says which rules hold.\n\n"
            + "Examples:\n  sim parity calls traces/calls/vmaseq-amd64.jsonl.gz\n"
            + "  sim parity calls traces/calls/vmaseq-686-pae.jsonl.gz --json\n  sim parity calls --live --sequences 1000 --seed 7 --out seen.jsonl");
        var files = new Argument<string[]>("FILE") { Description = "Recordings; may be gzip-compressed.", Arity = ArgumentArity.ZeroOrMore };
        var live = new Option<bool>("--live") { Description = "Record this machine's kernel instead of reading files." };
        var sequences = new Option<int>("--sequences") { HelpName = "N", Description = "With --live: processes, of 40 calls each.", DefaultValueFactory = _ => DefaultSequences };
        var seed = new Option<ulong>("--seed") { HelpName = "S", Description = "With --live: what the calls are drawn with.", DefaultValueFactory = _ => 1 };
        var folder = new Option<string?>("--dir") { HelpName = "DIR", Description = "With --live: where the files to map are made, on ext4; else the folder of temporary files." };
        var output = new Option<string?>("--out") { HelpName = "FILE", Description = "With --live: keep what was recorded, as JSON lines." };
        var legacy = new Option<bool>("--legacy-layout") { Description = "With --live: processes whose mappings go upward, as setarch -L starts them." };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        command.Arguments.Add(files);
        foreach (Option option in new Option[] { live, sequences, seed, folder, legacy, output, json })
        {
            command.Options.Add(option);
        }
        command.SetAction((parsed, cancellation) =>
        {
            string[] names = parsed.GetValue(files)!;
            bool asJson = parsed.GetValue(json);
            if (!parsed.GetValue(live))
            {
                return names.Length == 0
                    ? throw new CommandException(ExitCode.Usage, "No recording: give a FILE, or --live for this machine's kernel.")
                    : Task.FromResult((int)Run(names, asJson, cancellation));
            }
            if (names.Length > 0)
            {
                throw new CommandException(ExitCode.Usage, "--live makes its own recording: give no FILE, or leave --live out.");
            }
            int count = parsed.GetValue(sequences);
            if (count is < 1 or > MostSequences)
            {
                throw new CommandException(ExitCode.Usage, $"--sequences {count}: give 1 to {MostSequences}.");
            }
            var wanted = new LiveRequest(
                count, parsed.GetValue(seed), OptionText.Path("--dir", parsed.GetValue(folder)) ?? Path.GetTempPath(), parsed.GetValue(legacy),
                OptionText.Path("--out", parsed.GetValue(output)));
            return Task.FromResult((int)RunLive(wanted, asJson, cancellation));
        });
        return command;
    }

    private ExitCode RunLive(LiveRequest wanted, bool json, CancellationToken cancellation)
    {
        CallParityReport report;
        try
        {
            report = LiveParity.Run(wanted, cancellation);
        }
        catch (Exception e) when (e is LiveKernelException or TraceFormatException)
        {
            throw new CommandException(ExitCode.Configuration, $"--live: {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.InputOutput, $"--live: {e.Message}", e);
        }
        if (!json)
        {
            Print(report);
        }
        else
        {
            streams.Out.WriteLine(JsonSerializer.Serialize(new[] { Json(report) }, HostJson.Indented));
        }
        return !report.Finished ? ExitCode.Interrupted : report.Differences.Count == 0 ? ExitCode.Ok : ExitCode.Difference;
    }

    private ExitCode Run(string[] files, bool json, CancellationToken cancellation)
    {
        var parity = new CallParity();
        var reports = new List<CallParityReport>();
        foreach (string file in files)
        {
            CallParityReport report;
            try
            {
                report = parity.Run(file, cancellation);
            }
            catch (TraceFormatException e)
            {
                throw new CommandException(ExitCode.Configuration, e.Message, e);
            }
            reports.Add(report);
            if (!json)
            {
                Print(report);
            }
            if (!report.Finished)
            {
                streams.Error.WriteLine("interrupted; the report covers what was replayed until then.");
                break;
            }
        }
        if (json)
        {
            streams.Out.WriteLine(JsonSerializer.Serialize(reports.Select(Json), HostJson.Indented));
        }
        return reports.Exists(r => !r.Finished) ? ExitCode.Interrupted
            : reports.TrueForAll(r => r.Differences.Count == 0) ? ExitCode.Ok
            : ExitCode.Difference;
    }

    private static object Json(CallParityReport report) => new
    {
        report.File,
        report.Sequences,
        report.SequencesEqual,
        report.Steps,
        report.StepsEqual,
        differences = report.Differences.Select(d => new { d.Sequence, d.Step, d.Call, d.Field, d.Expected, d.Actual }),
    };

    private void Print(CallParityReport report)
    {
        TextWriter text = streams.Out;
        text.WriteLine(report.File);
        text.WriteLine($"  sequences  {report.SequencesEqual} of {report.Sequences} equal");
        text.WriteLine($"  steps      {report.StepsEqual} of {report.Steps} equal");
        if (report.Disturbed > 0)
        {
            text.WriteLine($"  disturbed  {report.Disturbed} sequences, by other work on this machine: equal when recorded again");
        }
        foreach (CallDifference difference in report.Differences.Take(MostShown))
        {
            text.WriteLine($"  sequence {difference.Sequence} step {difference.Step}: {difference.Call}");
            text.WriteLine($"    {difference.Field}");
            text.WriteLine($"      recorded  {difference.Expected}");
            text.WriteLine($"      here      {difference.Actual}");
            text.WriteLine("    areas, - recorded, + here, = both");
            foreach (string line in SideBySide(difference))
            {
                text.WriteLine($"      {line}");
            }
        }
        if (report.Differences.Count > MostShown)
        {
            text.WriteLine($"  {report.Differences.Count - MostShown} more sequences differ; --json lists them.");
        }
    }

    private static IEnumerable<string> SideBySide(CallDifference difference)
    {
        var expected = difference.ExpectedAreas.ToHashSet();
        var actual = difference.ActualAreas.ToHashSet();
        return expected.Union(actual).OrderBy(a => a.Start).ThenBy(a => !expected.Contains(a)).Select(a =>
            $"{(expected.Contains(a) ? actual.Contains(a) ? '=' : '-' : '+')} {StateDifference.Line([a], 0)}");
    }
}
