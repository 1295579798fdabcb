namespace Sim.Engine.Log;

/// <summary>How the log ends, as a reader finds it.</summary>
public enum LogEnd : byte
{
    /// <summary>Sealed: the run completed.</summary>
    Complete,

    /// <summary>Sealed provisionally: the run was interrupted.</summary>
    Provisional,

    /// <summary>Not sealed: the writer is still at work, or died.</summary>
    Open,
}

/// <summary>One segment, opened: its header and its block index, from the footer or, for lack of one, from a scan.</summary>
internal sealed class SegmentReader : IDisposable
{
    private readonly SegmentFile _file;
    private readonly ReadOnlyMemory<BlockIndexEntry> _index;

    // A dropped segment, made again.
    private SegmentFile? _again;

    private SegmentReader(SegmentFile file, SegmentHeader header, ReadOnlyMemory<BlockIndexEntry> index)
    {
        _file = file;
        Header = header;
        _index = index;
    }

    public SegmentHeader Header { get; }

    /// <summary>The footer; null for an unsealed segment.</summary>
    public SegmentFooter? Footer { get; private init; }

    public ReadOnlySpan<BlockIndexEntry> Index => _index.Span;

    /// <summary>Only its hashes are left.</summary>
    public bool IsDropped => _file.IsDropped;

    /// <summary>Bytes of the file.</summary>
    public long Bytes => _file.Length;

    /// <summary>Sequence of the last event; one less than the first sequence when there is none.</summary>
    public long LastSequence { get; private init; }

    public long RunningMaxTimePs => _index.Length > 0 ? _index.Span[^1].RunningMaxTimePs : Header.RunningMaxTimePs;

    public ChainHash ChainHash => _index.Length > 0 ? _index.Span[^1].ChainHash : Header.ChainHash;

    /// <summary>What the scan of an unsealed segment found at its end; null for a sealed one.</summary>
    public SegmentTail? Tail { get; private init; }

    /// <summary>Opens a segment.</summary>
    /// <param name="storage">Its folder.</param>
    /// <param name="number">Its number.</param>
    /// <param name="firstSequence">Its first sequence.</param>
    /// <param name="mayBeOpen">It is the last one, so it may lack a footer.</param>
    /// <exception cref="CorruptLogException">It is damaged, beyond a torn tail.</exception>
    public static SegmentReader Open(ILogStorage storage, int number, long firstSequence, bool mayBeOpen)
    {
        SegmentFile file = SegmentFile.Open(storage, firstSequence);
        try
        {
            SegmentHeader header = file.ReadHeader(out int headerBytes);
            if (header.Segment != number || header.FirstSequence != firstSequence)
            {
                throw new CorruptLogException(
                    $"the header is that of segment {header.Segment} from sequence {header.FirstSequence}, expected segment {number}", file.Name, null, 0);
            }
            if (file.IsDropped)
            {
                SegmentFooter left = DroppedSegment.ReadFooter(file, header, headerBytes);
                return new SegmentReader(file, header, left.Index) { Footer = left, LastSequence = left.LastSequence };
            }
            SegmentFooter? footer = file.ReadFooter(out long footerOffset, out string what);
            if (footer is not null)
            {
                CheckFooter(file, header, headerBytes, footer, footerOffset, mayBeOpen);
                return new SegmentReader(file, header, footer.Index) { Footer = footer, LastSequence = footer.LastSequence };
            }
            if (!mayBeOpen)
            {
                throw new CorruptLogException(what, file.Name, null, footerOffset);
            }
            SegmentTail tail = SegmentTail.Scan(file, header, headerBytes);
            if (tail.State == TailState.Damaged)
            {
                throw new CorruptLogException(tail.What, file.Name, tail.Block, tail.Offset);
            }
            return new SegmentReader(file, header, tail.Index) { Tail = tail, LastSequence = tail.LastSequence };
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Reads a block.</summary>
    /// <exception cref="CorruptLogException">It is damaged, or not the one that belongs there.</exception>
    /// <exception cref="DroppedSegmentException">The segment was dropped, and there is no source for it.</exception>
    public void Read(int block, BlockBuffer buffer, ISegmentSource? source)
    {
        if (_file.IsDropped)
        {
            if (source is null)
            {
                throw new DroppedSegmentException(LogFormat.SegmentName(Header.FirstSequence), Header.FirstSequence, LastSequence);
            }
            _again ??= new SegmentFile(LogFormat.SegmentName(Header.FirstSequence), source.Open(Header, Footer!));
        }
        SegmentFile file = _again ?? _file;
        BlockIndexEntry entry = _index.Span[block];
        if (file.ReadBlock(entry.Offset, buffer, out string what) != BlockFinding.Sound)
        {
            throw new CorruptLogException(what, file.Name, block, entry.Offset);
        }
        ref readonly BlockHeader header = ref buffer.Header;
        long next = block + 1 < _index.Length ? _index.Span[block + 1].FirstSequence : LastSequence + 1;
        if (header.Segment != Header.Segment || header.Block != block || header.FirstSequence != entry.FirstSequence
            || header.FirstSequence + header.Count != next || header.RunningMaxTimePs != entry.RunningMaxTimePs
            || header.ChainHash != entry.ChainHash)
        {
            throw new CorruptLogException("the block is not the one that belongs here", file.Name, block, entry.Offset);
        }
    }

    public void Dispose()
    {
        _again?.Dispose();
        _file.Dispose();
    }

    private static void CheckFooter(
        SegmentFile file, SegmentHeader header, int headerBytes, SegmentFooter footer, long footerOffset, bool isLast)
    {
        string? wrong = footer.Contradiction(header, headerBytes, footerOffset);
        if (wrong is null && isLast == (footer.End == SegmentEnd.Continued))
        {
            wrong = isLast ? null : "the footer says that the log ends here, but another segment follows";
        }
        if (wrong is not null)
        {
            throw new CorruptLogException(wrong, file.Name, null, footerOffset);
        }
    }
}
