using System.CommandLine;
using System.Text.Json;
using Sim.Host.Parity;
using Sim.Host.Traces;

namespace Sim.Host.Commands;

/// <summary><c>parity exec FILE…</c>: recorded program layouts against this kernel's.</summary>
internal sealed class ExecParityCommand(StandardStreams streams)
{
    public Command Build()
    {
        var command = new Command("exec",
            "Lays out the programs of recorded execve calls from their ELF headers (readelf listings in the folder elf beside the "
            + "recording) and compares areas, pages, stack, auxiliary vector, entry and fault counts before the first instruction.\n\n"
            + "Example:\n  sim parity exec traces/vma/exec.jsonl.gz --json");
        var files = new Argument<string[]>("FILE") { Description = "Recordings, plain or gzip.", Arity = ArgumentArity.OneOrMore };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        command.Arguments.Add(files);
        command.Options.Add(json);
        command.SetAction((parsed, cancellation) => Task.FromResult((int)Run(parsed.GetValue(files)!, parsed.GetValue(json), cancellation)));
        return command;
    }

    private ExitCode Run(string[] files, bool json, CancellationToken cancellation)
    {
        var reports = new List<SequenceParityReport>();
        foreach (string file in files)
        {
            try
            {
                SequenceParityReport report = ExecParity.Run(file, cancellation);
                reports.Add(report);
                if (!json)
                {
                    Print(report);
                }
            }
            catch (TraceFormatException e)
            {
                throw new CommandException(ExitCode.Configuration, e.Message, e);
            }
        }
        if (json)
        {
            streams.Out.WriteLine(JsonSerializer.Serialize(reports, HostJson.Indented));
        }
        return reports.TrueForAll(r => r.SequencesEqual == r.Sequences) ? ExitCode.Ok : ExitCode.Difference;
    }

    private void Print(SequenceParityReport report)
    {
        streams.Out.WriteLine($"{report.File}: {report.SequencesEqual} of {report.Sequences} layouts equal");
        foreach (SequenceDifference difference in report.Differences)
        {
            streams.Out.WriteLine($"  layout {difference.Sequence}: {difference.Field}");
            streams.Out.WriteLine($"    recorded  {difference.Expected}");
            streams.Out.WriteLine($"    here      {difference.Actual}");
        }
    }
}
