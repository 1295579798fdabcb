namespace Sim.Engine.Log;

/// <summary>Where a block is: its segment's number and its own number in it.</summary>
public readonly record struct BlockAddress(int Segment, int Block);

/// <summary>
/// Reads a log: any block by number, by sequence or by time. Segments are opened when needed, so opening a log costs
/// the same however long it is. A log without a seal is read as far as it is sound. Not thread-safe.
/// </summary>
public sealed class LogReader : IDisposable
{
    private readonly ILogStorage _storage;
    private readonly List<long> _firstSequences;
    private readonly SegmentReader _last;
    private readonly Dictionary<int, LogIdentity> _runs = [];
    private readonly Dictionary<int, (ChainHash Start, ChainHash End)> _links = [];
    private SegmentReader? _current;

    private LogReader(ILogStorage storage, List<long> firstSequences, SegmentReader last, SegmentHeader header, string? unread)
    {
        _storage = storage;
        _firstSequences = firstSequences;
        _last = last;
        Header = header;
        Require(last);
        End = last.Footer?.End switch
        {
            SegmentEnd.Complete => LogEnd.Complete,
            SegmentEnd.Provisional => LogEnd.Provisional,
            _ => LogEnd.Open,
        };
        string tail = last.Footer is { End: SegmentEnd.Continued } ? "the next segment is missing" : last.Tail?.What ?? "";
        Unread = unread ?? tail;
    }

    /// <summary>A segment's header: whose log it is and what its events mean. Of a branch it is one of its own, if it has any.</summary>
    public SegmentHeader Header { get; }

    /// <summary>False for a branch that was cut short before it had a segment of its own: all there is is its parent's.</summary>
    public bool IsOwn => _storage.RunOf(LogFormat.SegmentName(_firstSequences[^1])) == 0;

    /// <summary>Makes dropped segments again when they are read; null to refuse them.</summary>
    public ISegmentSource? Source { get; set; }

    /// <summary>How the log ends.</summary>
    public LogEnd End { get; }

    /// <summary>What kept the rest of an unsealed log from being read; empty when nothing did.</summary>
    public string Unread { get; }

    /// <summary>Number of segments.</summary>
    public int SegmentCount => _firstSequences.Count;

    /// <summary>Number of events.</summary>
    public long Events => LastSequence + 1;

    /// <summary>Sequence of the last event; -1 for an empty log.</summary>
    public long LastSequence => _last.LastSequence;

    /// <summary>Greatest event time, in picoseconds.</summary>
    public long RunningMaxTimePs => _last.RunningMaxTimePs;

    /// <summary>The chain's link after the last block.</summary>
    public ChainHash ChainHash => _last.ChainHash;

    /// <summary>Opens the log in a directory.</summary>
    /// <exception cref="CorruptLogException">It is damaged where opening looks: at the first header and in the last segment.</exception>
    /// <exception cref="IncompatibleLogException">It has another format version.</exception>
    /// <exception cref="IOException">It is not there or cannot be read.</exception>
    public static LogReader Open(string directory) => Open(new DirectoryStorage(directory));

    /// <inheritdoc cref="Open(string)"/>
    public static LogReader Open(ILogStorage storage)
    {
        List<long> firstSequences = ListSegments(storage);
        if (firstSequences.Count == 0)
        {
            throw new FileNotFoundException($"{storage.Path} holds no log: there is no file such as {LogFormat.SegmentName(0)}.");
        }
        string? unread = DropUnbornSegment(storage, firstSequences);
        SegmentReader? last = null;
        try
        {
            int number = firstSequences.Count - 1;
            last = SegmentReader.Open(storage, number, firstSequences[number], mayBeOpen: true);
            using SegmentReader? first = number > 0 ? SegmentReader.Open(storage, 0, firstSequences[0], mayBeOpen: false) : null;
            SegmentHeader header = first?.Header ?? last.Header;
            if (header.FirstSequence != 0)
            {
                throw new CorruptLogException("the log does not start at sequence 0: its first segment is missing", LogFormat.SegmentName(header.FirstSequence), null, 0);
            }
            bool branched = storage.RunOf(LogFormat.SegmentName(0)) > 0;
            var reader = new LogReader(storage, firstSequences, last, branched ? last.Header : header, unread);
            if (first is not null)
            {
                reader.Require(first);
            }
            return reader;
        }
        catch
        {
            last?.Dispose();
            throw;
        }
    }

    /// <summary>The first block; null for an empty log.</summary>
    public BlockAddress? First => _last.LastSequence >= 0 ? new BlockAddress(0, 0) : null;

    /// <summary>The block after another; null at the end.</summary>
    public BlockAddress? Next(BlockAddress address)
    {
        if (address.Block + 1 < Segment(address.Segment).Index.Length)
        {
            return address with { Block = address.Block + 1 };
        }
        return address.Segment + 1 < SegmentCount && Segment(address.Segment + 1).Index.Length > 0
            ? new BlockAddress(address.Segment + 1, 0)
            : null;
    }

    /// <summary>The block that holds an event; null when the log has no such event.</summary>
    public BlockAddress? FindSequence(long sequence)
    {
        if (sequence < 0 || sequence > LastSequence)
        {
            return null;
        }
        int segment = _firstSequences.BinarySearch(sequence);
        segment = segment >= 0 ? segment : ~segment - 1;
        ReadOnlySpan<BlockIndexEntry> index = Segment(segment).Index;
        int low = 0, high = index.Length - 1;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            (low, high) = index[middle].FirstSequence <= sequence ? (middle, high) : (low, middle - 1);
        }
        return new BlockAddress(segment, low);
    }

    /// <summary>The first block with an event later than a time; null when there is none.</summary>
    public BlockAddress? FindTime(long timePs)
    {
        int low = 0, high = SegmentCount;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = Segment(middle).RunningMaxTimePs <= timePs ? (middle + 1, high) : (low, middle);
        }
        if (low == SegmentCount)
        {
            return null;
        }
        ReadOnlySpan<BlockIndexEntry> index = Segment(low).Index;
        int first = 0, end = index.Length;
        while (first < end)
        {
            int middle = (first + end) / 2;
            (first, end) = index[middle].RunningMaxTimePs <= timePs ? (middle + 1, end) : (first, middle);
        }
        return first < index.Length ? new BlockAddress(low, first) : null;
    }

    /// <summary>Reads a block and checks it: both CRCs, and that it is the block the index names.</summary>
    /// <exception cref="CorruptLogException">It is damaged.</exception>
    /// <exception cref="DroppedSegmentException">Its segment was dropped, and there is no <see cref="Source"/>.</exception>
    public void Read(BlockAddress address, BlockBuffer buffer) => Segment(address.Segment).Read(address.Block, buffer, Source);

    /// <summary>Greatest event time before a block, in picoseconds.</summary>
    public long TimeBefore(BlockAddress address) => address.Block > 0
        ? Segment(address.Segment).Index[address.Block - 1].RunningMaxTimePs
        : Segment(address.Segment).Header.RunningMaxTimePs;

    /// <summary>The chain's link before a block.</summary>
    public ChainHash ChainBefore(BlockAddress address) => address.Block > 0
        ? Segment(address.Segment).Index[address.Block - 1].ChainHash
        : Segment(address.Segment).Header.ChainHash;

    /// <summary>A segment's block index.</summary>
    public ReadOnlySpan<BlockIndexEntry> Index(int segment) => Segment(segment).Index;

    /// <summary>Raw bytes of the blocks, and bytes on the disk, of the sealed segments; of a branch of its own ones.</summary>
    public (long RawBytes, long BytesOnDisk) Sizes()
    {
        long rawBytes = 0, bytes = 0;
        for (int i = 0; i < SegmentCount; i++)
        {
            if (_storage.RunOf(LogFormat.SegmentName(_firstSequences[i])) == 0 && Segment(i) is { Footer: { } footer } segment)
            {
                rawBytes += footer.RawBytes;
                bytes += segment.Bytes;
            }
        }
        return (rawBytes, bytes);
    }

    /// <summary>What is left of a segment that was dropped; null for one that is there.</summary>
    public (SegmentHeader Header, SegmentFooter Footer)? Dropped(int segment) =>
        Segment(segment) is { IsDropped: true, Footer: { } footer } dropped ? (dropped.Header, footer) : null;

    /// <summary>Sequence of a segment's last event.</summary>
    public long LastSequenceOf(int segment) => segment + 1 < SegmentCount ? _firstSequences[segment + 1] - 1 : LastSequence;

    /// <summary>The chain's link after an event, -1 standing for before the first; null when no block ends with it.</summary>
    public ChainHash? LinkAfter(long sequence)
    {
        if (FindSequence(sequence) is not { } at)
        {
            return sequence == -1 ? ChainHash.Zero : null;
        }
        ReadOnlySpan<BlockIndexEntry> index = Segment(at.Segment).Index;
        long last = at.Block + 1 < index.Length ? index[at.Block + 1].FirstSequence - 1 : LastSequenceOf(at.Segment);
        return last == sequence ? index[at.Block].ChainHash : null;
    }

    public void Dispose()
    {
        _current?.Dispose();
        _last.Dispose();
    }

    /// <summary>First sequences of a folder's segments, ascending.</summary>
    internal static List<long> ListSegments(ILogStorage storage)
    {
        var sequences = new List<long>();
        foreach (string name in storage.List())
        {
            // Of a segment that is being dropped there are both, one after the other.
            if ((LogFormat.TryParseSegmentName(name, out long sequence) || LogFormat.TryParseHashesName(name, out sequence))
                && (sequences.Count == 0 || sequences[^1] != sequence))
            {
                sequences.Add(sequence);
            }
        }
        return sequences;
    }

    // A writer that died before a new segment's header was whole has left nothing to read there.
    private static string? DropUnbornSegment(ILogStorage storage, List<long> firstSequences)
    {
        if (firstSequences.Count < 2)
        {
            return null;
        }
        using SegmentFile file = SegmentFile.Open(storage, firstSequences[^1]);
        if (!file.IsUnborn())
        {
            return null;
        }
        firstSequences.RemoveAt(firstSequences.Count - 1);
        return $"{file.Name} has no sound header";
    }

    private SegmentReader Segment(int number)
    {
        if (number == SegmentCount - 1)
        {
            return _last;
        }
        if (_current?.Header.Segment != number)
        {
            SegmentReader next = SegmentReader.Open(_storage, number, _firstSequences[number], mayBeOpen: false);
            try
            {
                if (next.LastSequence + 1 != _firstSequences[number + 1])
                {
                    throw new CorruptLogException(
                        $"the next segment starts at sequence {_firstSequences[number + 1]}, expected {next.LastSequence + 1}: a segment is missing",
                        LogFormat.SegmentName(_firstSequences[number]), null, 0);
                }
                Require(next);
            }
            catch
            {
                next.Dispose();
                throw;
            }
            _current?.Dispose();
            _current = next;
        }
        return _current!;
    }

    // All segments of a run carry its identity, and what a branch has of its parent logs the same categories.
    private void Require(SegmentReader segment)
    {
        SegmentHeader header = segment.Header;
        string name = LogFormat.SegmentName(header.FirstSequence);
        if (!_runs.TryAdd(_storage.RunOf(name), header.Identity) && _runs[_storage.RunOf(name)] != header.Identity)
        {
            throw new CorruptLogException("the segment belongs to another run", name, null, 0);
        }
        if ((_links.TryGetValue(header.Segment - 1, out var before) && before.End != header.ChainHash)
            || (_links.TryGetValue(header.Segment + 1, out var after) && after.Start != segment.ChainHash))
        {
            throw new CorruptLogException("the chain does not lead from one segment to the next", name, null, 0);
        }
        _links[header.Segment] = (header.ChainHash, segment.ChainHash);
        if (!header.Categories.SequenceEqual(Header.Categories))
        {
            throw new CorruptLogException("the segment has other categories of events than the rest of the log", name, null, 0);
        }
    }
}
