using Sim.Engine.Log;

namespace Sim.Host.Runs;

/// <summary>
/// The log of a run that is taken up again: blocks that it has already are compared with what is made again, those that
/// follow are appended. Nothing is written before the first block that the log lacks.
/// </summary>
internal sealed class ResumedLog : IBlockSink
{
    private readonly LogReader? _recorded;
    private readonly LogWriter? _writer;
    private readonly BlockBuffer _buffer = new();

    /// <param name="recorded">The sound prefix; null when there is none.</param>
    /// <param name="writer">Goes on with it; null for a log that is complete.</param>
    public ResumedLog(LogReader? recorded, LogWriter? writer) => (_recorded, _writer) = (recorded, writer);

    /// <summary>Events that the log had.</summary>
    public long RecordedEvents => _recorded?.Events ?? 0;

    /// <summary>The chain's link after them.</summary>
    public ChainHash ChainHash => _recorded?.ChainHash ?? ChainHash.Zero;

    /// <inheritdoc/>
    /// <exception cref="RunDivergedException">It was made otherwise this time.</exception>
    public byte[] Submit(in RawBlock block)
    {
        if (block.FirstSequence >= RecordedEvents)
        {
            return _writer is { } writer ? writer.Submit(in block) : throw new RunDivergedException(block.FirstSequence);
        }
        ReadOnlySpan<byte> made = block.Payload.AsSpan(0, block.Length), recorded = Read(block.FirstSequence);
        if (made.SequenceEqual(recorded))
        {
            return block.Payload;
        }
        bool closedEarly = _writer?.Resumed is { SealedAs: SegmentEnd.Provisional, LastBlock.NextSequence: var last } && last == block.FirstSequence;
        return closedEarly && made.StartsWith(recorded)
            ? _writer!.Submit(in block)
            : throw new RunDivergedException(FirstDifference(made));
    }

    /// <summary>The chain's link before the block that starts with an event, once it is known.</summary>
    public Task<LogBoundary> BoundaryBefore(long sequence)
    {
        if (sequence >= RecordedEvents)
        {
            return _writer!.BoundaryBefore(sequence);
        }
        lock (_buffer)
        {
            return _recorded!.FindSequence(sequence) is { } address
                ? Task.FromResult(new LogBoundary(address, sequence, _recorded.ChainBefore(address)))
                : throw new ArgumentOutOfRangeException(nameof(sequence));
        }
    }

    private ReadOnlySpan<byte> Read(long sequence)
    {
        lock (_buffer)
        {
            BlockAddress address = _recorded!.FindSequence(sequence)!.Value;
            _recorded.Read(address, _buffer);
            return _buffer.Header.FirstSequence == sequence
                ? _buffer.Payload
                : throw new RunDivergedException(sequence);
        }
    }

    private long FirstDifference(ReadOnlySpan<byte> made) =>
        _buffer.Header.FirstSequence + BlockPrefix.WholeEvents(_buffer, _buffer.Payload.CommonPrefixLength(made), _recorded!.Header.Catalogue);
}

/// <summary>An experiment run again came to another event than the one in the log.</summary>
public sealed class RunDivergedException(long sequence) : Exception($"Run again, the experiment comes to another event {sequence} than the log has.")
{
    /// <summary>Sequence of the first event that differs.</summary>
    public long Sequence { get; } = sequence;
}
