using Sim.Engine.Log;

namespace Sim.Host.Runs;

/// <summary>The blocks of a log, to compare with those that the experiment comes to when it runs again.</summary>
internal sealed class RecordedBlocks(LogReader log)
{
    private readonly BlockBuffer _buffer = new();

    /// <summary>The log.</summary>
    public LogReader Log => log;

    /// <summary>What a block that was made again is, compared with the recorded one.</summary>
    /// <exception cref="RunDivergedException">It is another one.</exception>
    public Likeness Compare(long firstSequence, ReadOnlySpan<byte> made)
    {
        BlockAddress address = log.FindSequence(firstSequence)!.Value;
        try
        {
            log.Read(address, _buffer);
        }
        catch (DroppedSegmentException)
        {
            return log.Index(address.Segment)[address.Block] is var entry
                && entry.FirstSequence == firstSequence && entry.ChainHash == ChainHash.After(log.ChainBefore(address), made)
                ? Likeness.Equal
                : throw new RunDivergedException(firstSequence);
        }
        ReadOnlySpan<byte> recorded = _buffer.Payload;
        if (_buffer.Header.FirstSequence != firstSequence)
        {
            throw new RunDivergedException(firstSequence);
        }
        int common = made.CommonPrefixLength(recorded);
        return common == made.Length ? (common == recorded.Length ? Likeness.Equal : Likeness.Beginning)
            : common == recorded.Length ? Likeness.Longer
            : throw new RunDivergedException(firstSequence + BlockPrefix.WholeEvents(_buffer, common, log.Header.Catalogue));
    }

    /// <summary>Sequence of the first event that the recorded block has and the made one, its beginning, has not; or the other way about.</summary>
    public long FirstBeyond(long firstSequence, int length) =>
        firstSequence + (length >= _buffer.Payload.Length ? _buffer.Header.Count : BlockPrefix.WholeEvents(_buffer, length, log.Header.Catalogue));

    /// <summary>How a block is like the recorded one.</summary>
    public enum Likeness
    {
        Equal,

        /// <summary>It is the recorded one's beginning.</summary>
        Beginning,

        /// <summary>The recorded one is its beginning.</summary>
        Longer,
    }
}
