using System.CommandLine;
using System.Text.Json;
using Sim.Host.Parity;
using Sim.Host.Traces;

namespace Sim.Host.Commands;

/// <summary><c>parity exec FILE…</c>: recorded program layouts against this kernel's.</summary>
internal sealed class ExecParityCommand(StandardStreams streams)
{
    public Command Build() => RecordingsCommand.Build("exec",
        "Lays out the programs of recorded execve calls from their ELF headers (readelf listings in the folder elf beside the "
        + "recording) and compares areas, pages, stack, auxiliary vector, entry and fault counts before the first instruction.\n\n"
        + "Example:\n  sim parity exec traces/vma/exec.jsonl.gz --json",
        Run);

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
