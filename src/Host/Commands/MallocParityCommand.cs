using System.CommandLine;
using System.Text.Json;
using Sim.Host.Parity;

namespace Sim.Host.Commands;

/// <summary><c>parity malloc FILE…</c>: recorded memory calls of programs against the model of their C library.</summary>
internal sealed class MallocParityCommand(StandardStreams streams)
{
    public Command Build() => RecordingsCommand.Build("malloc",
        "Runs the recorded programs again on the model of glibc's malloc and compares every brk, mmap, munmap and mremap with the recording, "
        + "arguments and results.\n\nExamples:\n  sim parity malloc traces/malloc/malloc-6.1.jsonl.gz\n"
        + "  sim parity malloc traces/malloc/malloc-host.jsonl.gz --json",
        Run);

    private ExitCode Run(string[] files, bool json, CancellationToken cancellation)
    {
        // What can be seen to be wrong beforehand ends nothing half-way.
        List<(string File, List<MallocRecording> Recordings)> inputs = [.. files.Select(f => (f, MallocRecordings.Read(f)))];
        List<(string File, List<MallocSequence> Sequences)> reports = [];
        foreach ((string file, List<MallocRecording> recordings) in inputs)
        {
            List<MallocSequence> sequences = [];
            foreach (MallocRecording recording in recordings)
            {
                cancellation.ThrowIfCancellationRequested();
                sequences.Add(MallocParity.Run(recording));
            }
            reports.Add((file, sequences));
            if (!json)
            {
                Print(file, sequences);
            }
        }
        if (json)
        {
            streams.Out.WriteLine(JsonSerializer.Serialize(reports.Select(r => Json(r.File, r.Sequences)), HostJson.Indented));
        }
        return reports.TrueForAll(r => r.Sequences.TrueForAll(s => s.Difference is null)) ? ExitCode.Ok : ExitCode.Difference;
    }

    private static object Json(string file, List<MallocSequence> sequences) => new
    {
        file,
        sequences = sequences.Count,
        sequencesEqual = sequences.Count(s => s.Difference is null),
        steps = sequences.Sum(s => s.Steps),
        stepsEqual = sequences.Sum(s => s.StepsEqual),
        differences = sequences.Index().Where(s => s.Item.Difference is not null).Select(s => new
        {
            sequence = s.Index,
            program = s.Item.Title,
            s.Item.Difference!.Step,
            s.Item.Difference.Call,
            s.Item.Difference.Field,
            s.Item.Difference.Expected,
            s.Item.Difference.Actual,
        }),
    };

    private void Print(string file, List<MallocSequence> sequences)
    {
        TextWriter text = streams.Out;
        text.WriteLine($"{file}: {sequences.Count(s => s.Difference is null)} of {sequences.Count} sequences equal, "
            + $"{sequences.Sum(s => s.StepsEqual)} of {sequences.Sum(s => s.Steps)} calls");
        foreach (MallocSequence sequence in sequences)
        {
            text.WriteLine($"  {sequence.Title}: {sequence.LibraryCalls} library calls, {sequence.Steps} system calls, "
                + (sequence.Difference is null ? "equal" : $"{sequence.StepsEqual} equal"));
            if (sequence.Difference is { } difference)
            {
                text.WriteLine($"    call {difference.Step}, {difference.Field}: recorded {difference.Expected}");
                text.WriteLine($"    here {difference.Actual}");
            }
        }
    }
}
