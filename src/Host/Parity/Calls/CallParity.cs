using Sim.Host.Traces;

namespace Sim.Host.Parity.Calls;

/// <summary>The first difference of a sequence.</summary>
/// <param name="Sequence">Number of the sequence.</param>
/// <param name="Step">Number of the step; -1 for the state before the first.</param>
/// <param name="Call">The call with its arguments.</param>
/// <param name="Field">What differs.</param>
/// <param name="Expected">As recorded.</param>
/// <param name="Actual">As here.</param>
/// <param name="ExpectedAreas">All areas as recorded.</param>
/// <param name="ActualAreas">All areas here.</param>
internal sealed record CallDifference(
    int Sequence, int Step, string Call, string Field, string Expected, string Actual, IReadOnlyList<RecordedArea> ExpectedAreas,
    IReadOnlyList<RecordedArea> ActualAreas);

/// <summary>What the replay of one recording found; <c>Disturbed</c> counts sequences that differed and were equal when recorded again.</summary>
internal sealed record CallParityReport(
    string File, int Sequences, int SequencesEqual, int Steps, int StepsEqual, IReadOnlyList<CallDifference> Differences, bool Finished,
    int Disturbed = 0);

/// <summary>
/// Replays recorded calls on a simulated machine and compares result and memory after each. After a difference a sequence goes on from
/// the machine's own state.
/// </summary>
internal sealed class CallParity
{
    private readonly Dictionary<RecordedKernel, CallMachine> _machines = [];

    /// <summary>Replays a file.</summary>
    /// <exception cref="TraceFormatException">The file is no recording.</exception>
    public CallParityReport Run(string path, CancellationToken cancellation) => Run(path, CallRecordingReader.Read(path), cancellation);

    /// <summary>Replays sequences as they come.</summary>
    /// <param name="path">Where they come from.</param>
    /// <param name="recording">The sequences.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <param name="again">Records a sequence that differed again; null where that cannot be.</param>
    /// <exception cref="TraceFormatException">A recorded process cannot have been.</exception>
    public CallParityReport Run(
        string path, IEnumerable<RecordedSequence> recording, CancellationToken cancellation, Func<int, RecordedSequence>? again = null)
    {
        int disturbed = 0;
        int sequences = 0, equal = 0, steps = 0, stepsEqual = 0;
        var differences = new List<CallDifference>();
        bool finished = true;
        foreach (RecordedSequence sequence in recording)
        {
            if (cancellation.IsCancellationRequested)
            {
                finished = false;
                break;
            }
            if (!_machines.TryGetValue(sequence.Kernel, out CallMachine? machine))
            {
                _machines.Add(sequence.Kernel, machine = new CallMachine(sequence.Kernel));
            }
            CallDifference? first = Replay(path, machine, sequence, out int same);
            if (first is not null && again is not null)
            {
                first = Replay(path, machine, again(sequence.Number), out same);
                disturbed += first is null ? 1 : 0;
            }
            sequences++;
            steps += sequence.Steps.Count;
            stepsEqual += same;
            equal += first is null ? 1 : 0;
            if (first is not null)
            {
                differences.Add(first);
            }
        }
        return new CallParityReport(path, sequences, equal, steps, stepsEqual, differences, finished, disturbed);
    }

    private static CallDifference? Replay(string path, CallMachine machine, RecordedSequence sequence, out int same)
    {
        using var process = new RecordedProcess(path, machine, sequence);
        CallDifference? first = null;
        same = 0;
        if (StateDifference.Of(sequence.Init, process.Read()) is { } before)
        {
            first = new CallDifference(
                sequence.Number, -1, "init", before.Field, before.Expected, before.Actual, sequence.Init.Areas, process.Read().Areas);
        }
        foreach (RecordedStep step in sequence.Steps)
        {
            StateDifference? difference = process.Step(step, out RecordedState after);
            if (difference is null)
            {
                same++;
            }
            else
            {
                first ??= new CallDifference(
                    sequence.Number, step.Index, $"{step.Call}({string.Join(", ", step.Args.Select(CallRecordingReader.Hex))})", difference.Field,
                    difference.Expected, difference.Actual, step.State.Areas, after.Areas);
            }
        }
        return first;
    }
}
