using Sim.Engine.Log;

namespace Sim.Host.Runs;

/// <summary>
/// The log of a run that is taken up again: blocks that it has already are compared with what is made again, those that
/// follow are appended. Nothing is written before the first block that the log lacks.
/// </summary>
internal sealed class ResumedLog : IBlockSink
{
    private readonly RecordedBlocks? _recorded;
    private readonly LogWriter? _writer;

    /// <param name="recorded">The sound prefix; null when there is none.</param>
    /// <param name="writer">Goes on with it; null for a log that is complete.</param>
    public ResumedLog(LogReader? recorded, LogWriter? writer)
    {
        _recorded = recorded is null ? null : new RecordedBlocks(recorded);
        _writer = writer;
    }

    /// <summary>Events that the log had.</summary>
    public long RecordedEvents => _recorded?.Log.Events ?? 0;

    /// <summary>The chain's link after them.</summary>
    public ChainHash ChainHash => _recorded?.Log.ChainHash ?? ChainHash.Zero;

    /// <summary>Raw bytes and bytes on the disk of a log that is complete.</summary>
    public (long RawBytes, long BytesOnDisk) Sizes()
    {
        lock (_recorded!)
        {
            return _recorded.Log.Sizes();
        }
    }

    /// <inheritdoc/>
    /// <exception cref="RunDivergedException">It was made otherwise this time.</exception>
    public byte[] Submit(in RawBlock block)
    {
        if (block.FirstSequence >= RecordedEvents)
        {
            return _writer is { } writer ? writer.Submit(in block) : throw new RunDivergedException(block.FirstSequence);
        }
        RecordedBlocks.Likeness likeness;
        lock (_recorded!)
        {
            likeness = _recorded.Compare(block.FirstSequence, block.Payload.AsSpan(0, block.Length));
        }
        if (likeness == RecordedBlocks.Likeness.Equal)
        {
            return block.Payload;
        }
        // The footer that would say so may be torn.
        bool closedEarly = _writer?.Resumed is { LastBlock.NextSequence: var last } && last == block.FirstSequence;
        return closedEarly && likeness == RecordedBlocks.Likeness.Longer
            ? _writer!.Submit(in block)
            : throw new RunDivergedException(_recorded.FirstBeyond(block.FirstSequence, block.Length));
    }

    /// <summary>The chain's link before the block that starts with an event, once it is known.</summary>
    public Task<LogBoundary> BoundaryBefore(long sequence)
    {
        if (sequence >= RecordedEvents && _writer is { } writer)
        {
            return writer.BoundaryBefore(sequence);
        }
        lock (_recorded!)
        {
            LogReader log = _recorded.Log;
            return log.FindSequence(sequence) is { } address ? Task.FromResult(new LogBoundary(address, sequence, log.ChainBefore(address)))
                : sequence == log.Events ? Task.FromResult(new LogBoundary(new BlockAddress(log.SegmentCount, 0), sequence, log.ChainHash))
                : throw new ArgumentOutOfRangeException(nameof(sequence));
        }
    }
}

/// <summary>An experiment run again came to another event than the one in the log.</summary>
public sealed class RunDivergedException(long sequence) : Exception($"Run again, the experiment comes to another event {sequence} than the log has.")
{
    /// <summary>Sequence of the first event that differs.</summary>
    public long Sequence { get; } = sequence;
}
