using Sim.Engine.Log;
using Sim.Host.Branches;

namespace Sim.Host.Runs;

/// <summary>
/// Runs an experiment again and compares every block of events with the recorded one. A run that was cut short is
/// compared as far as its log goes.
/// </summary>
public sealed class Reexecution : IBlockSink
{
    private const int BatchDispatches = 256;
    private readonly LogReader _log;
    private readonly BlockBuffer _buffer = new();
    private BlockAddress? _next;

    private Reexecution(LogReader log, long first)
    {
        _log = log;
        _next = first < log.Events ? log.FindSequence(first) : null;
        Events = first;
    }

    /// <summary>Events found equal.</summary>
    public long Events { get; private set; }

    /// <summary>Sequence of the first event of the first block that differs; null when none does.</summary>
    public long? FirstDifference { get; private set; }

    /// <summary>Runs again until the log's end, or the first difference.</summary>
    /// <returns>What was compared, and the state hash at the end; null when the run was cut short.</returns>
    public static (Reexecution Result, ulong? StateHash) Run(RecordedRun run, ISimulator simulator, CancellationToken cancellation)
    {
        var sink = new Reexecution(run.Log, run.Manifest.Parent?.SharedEvents ?? 0);
        IRunnable machine = Ancestry.Begin(run.Past, simulator, run.Experiment, sink, run.LeftOut(simulator), cancellation);
        StepStatus status = machine.Dispatched > 0 ? machine.Look() : StepStatus.More;
        while (status == StepStatus.More && sink.FirstDifference is null && machine.Events <= run.Log.Events)
        {
            cancellation.ThrowIfCancellationRequested();
            status = machine.Step(BatchDispatches);
        }
        machine.CompleteLog();
        bool whole = status != StepStatus.More && sink.FirstDifference is null;
        if (whole && sink.Events != run.Log.Events)
        {
            sink.FirstDifference = sink.Events;
        }
        return (sink, whole ? machine.StateHash() : null);
    }

    /// <inheritdoc/>
    public byte[] Submit(in RawBlock block)
    {
        if (FirstDifference is null && _next is { } address)
        {
            _log.Read(address, _buffer);
            ReadOnlySpan<byte> recorded = _buffer.Payload;
            ReadOnlySpan<byte> made = block.Payload.AsSpan(0, block.Length);
            _next = _log.Next(address);
            bool equal = made.SequenceEqual(recorded);
            bool cutShort = _next is null && _log.End != LogEnd.Complete && made.StartsWith(recorded);
            if (equal || cutShort)
            {
                Events += _buffer.Header.Count;
            }
            else
            {
                FirstDifference = block.FirstSequence;
            }
        }
        return block.Payload;
    }
}
