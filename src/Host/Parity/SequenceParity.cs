namespace Sim.Host.Parity;

/// <summary>What a file of recorded sequences came to: the report of <c>parity calls</c>, <c>exec</c> and <c>malloc</c>.</summary>
/// <param name="File">The recording.</param>
/// <param name="Sequences">Sequences in it.</param>
/// <param name="SequencesEqual">Those equal in every step.</param>
/// <param name="Steps">Steps of all.</param>
/// <param name="StepsEqual">Those equal.</param>
/// <param name="Differences">The first difference of each sequence that has one.</param>
internal sealed record SequenceParityReport(
    string File, int Sequences, int SequencesEqual, int Steps, int StepsEqual, IReadOnlyList<SequenceDifference> Differences);

/// <summary>Where a sequence first differs.</summary>
/// <param name="Sequence">Its number in the file, from 0.</param>
/// <param name="Step">The step, from 0.</param>
/// <param name="Call">What was called.</param>
/// <param name="Field">What differs.</param>
/// <param name="Expected">The recording.</param>
/// <param name="Actual">This machine.</param>
internal sealed record SequenceDifference(int Sequence, int Step, string Call, string Field, string Expected, string Actual);
