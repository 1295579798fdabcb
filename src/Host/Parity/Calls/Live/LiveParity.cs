using System.Runtime.ExceptionServices;

namespace Sim.Host.Parity.Calls.Live;

/// <summary>What to record of this machine's kernel.</summary>
/// <param name="Sequences">Processes.</param>
/// <param name="Seed">What calls are drawn with.</param>
/// <param name="Folder">Where files to map are made.</param>
/// <param name="Legacy">Processes have the legacy layout (ADDR_COMPAT_LAYOUT).</param>
/// <param name="Output">Where the recording is kept; null: it is not kept.</param>
internal sealed record LiveRequest(int Sequences, ulong Seed, string Folder, bool Legacy, string? Output);

/// <summary>Records this machine's kernel and compares at once, sequence by sequence.</summary>
internal static class LiveParity
{
    /// <summary>Records and compares, on a thread of its own: a traced process obeys the thread that traces it.</summary>
    /// <exception cref="LiveKernelException">This machine's kernel cannot be recorded.</exception>
    /// <exception cref="IOException">The recording cannot be written.</exception>
    public static CallParityReport Run(LiveRequest wanted, CancellationToken cancellation)
    {
        CallParityReport? report = null;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                report = RunHere(wanted, cancellation);
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
        return report!;
    }

    private static CallParityReport RunHere(LiveRequest wanted, CancellationToken cancellation)
    {
        using var recorder = new LiveRecorder(wanted.Folder, wanted.Seed, wanted.Legacy);
        using RecordingWriter? writer = wanted.Output is null ? null : new RecordingWriter(wanted.Output, recorder.Kernel);
        CallParityReport report = new CallParity().Run($"live: {recorder.Kernel.Release}, seed {wanted.Seed}", Sequences(), cancellation, recorder.Record);
        writer?.Finish();
        return report;

        IEnumerable<RecordedSequence> Sequences()
        {
            for (int i = 0; i < wanted.Sequences; i++)
            {
                RecordedSequence sequence = recorder.Record(i);
                writer?.Write(sequence);
                yield return sequence;
            }
        }
    }
}
