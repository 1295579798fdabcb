using System.CommandLine;
using System.Text.Json;
using Sim.Host.Parity.Calls;
using Sim.Host.Traces;

namespace Sim.Host.Commands;

/// <summary><c>parity calls FILE…</c>: recorded address-space calls of processes against this kernel.</summary>
internal sealed class CallParityCommand(StandardStreams streams)
{
    private const int MostShown = 3;

    public Command Build() => RecordingsCommand.Build("calls",
        "Makes the address-space calls that recorded processes made, and compares result, areas, pages, page tables and fault counts "
        + "after each.\n\nExamples:\n  sim parity calls traces/calls/vmaseq-amd64.jsonl.gz\n"
        + "  sim parity calls traces/calls/vmaseq-686-pae.jsonl.gz --json",
        Run);

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
