namespace Sim.Engine.Log;

/// <summary>
/// Turns closed blocks into segments: chain, compression, framing, rolling and durability. One thread at a time;
/// nothing is allocated per block.
/// </summary>
internal sealed class SegmentWriter : IDisposable
{
    private const int GatherBytes = 1024 * 1024;

    private readonly ILogStorage _storage;
    private readonly LogOptions _options;
    private readonly SegmentHeader _first;
    private readonly ChainHasher _hasher = new();
    private readonly byte[] _out = new byte[GatherBytes + BlockHeader.Size + LogFormat.MaxStoredBlockBytes];
    private readonly FixedBufferWriter _outWriter;
    private ILogAppender? _file;
    private BlockIndexEntry[] _index = new BlockIndexEntry[64];
    private int _outLength, _segment = -1, _blocks;
    private long _segmentBytes, _segmentRaw, _segmentEvents, _lastSequence = -1, _writtenSequence = -1, _runningMaxPs;
    private ChainHash _chain;

    public SegmentWriter(ILogStorage storage, LogOptions options, SegmentHeader first)
    {
        _storage = storage;
        _options = options;
        _first = first;
        _outWriter = new FixedBufferWriter(_out);
    }

    /// <summary>The chain's link after the last block written.</summary>
    public ChainHash ChainHash => _chain;

    /// <summary>Events written.</summary>
    public long Events => _lastSequence + 1;

    /// <summary>Bytes of all segments so far.</summary>
    public long BytesWritten { get; private set; }

    /// <summary>Raw bytes of all blocks so far.</summary>
    public long RawBytes { get; private set; }

    /// <summary>The last event that the chosen durability promises to keep; -1 for none.</summary>
    public long DurableSequence { get; private set; } = -1;

    /// <summary>Starts the first segment, so that even an empty log says whose it is.</summary>
    public void Start() => OpenSegment();

    /// <summary>Writes a block.</summary>
    public void Write(in RawBlock block)
    {
        if (_segmentRaw >= _options.SegmentRawBytes)
        {
            Seal(SegmentEnd.Continued);
            OpenSegment();
        }
        ReadOnlySpan<byte> raw = block.Payload.AsSpan(0, block.Length);
        _chain = _hasher.Next(_chain, raw);
        Span<byte> stored = _out.AsSpan(_outLength + BlockHeader.Size);
        LogCodec codec = _options.Codec;
        int length = codec == LogCodec.Snappy ? Snappier.Snappy.Compress(raw, stored) : raw.Length;
        if (length >= raw.Length)
        {
            codec = LogCodec.None;
            length = raw.Length;
            raw.CopyTo(stored);
        }
        var header = new BlockHeader
        {
            Segment = _segment,
            Block = _blocks,
            FirstSequence = block.FirstSequence,
            Count = block.Count,
            MinTimePs = block.MinTimePs,
            MaxTimePs = block.MaxTimePs,
            RunningMaxTimePs = block.RunningMaxTimePs,
            Codec = codec,
            RawLength = raw.Length,
            StoredLength = length,
            PayloadCrc = Crc32C.Compute(stored[..length]),
            ChainHash = _chain,
        };
        _outWriter.Position = _outLength;
        header.Write(_outWriter);
        if (_blocks == _index.Length)
        {
            Array.Resize(ref _index, _index.Length * 2);
        }
        _index[_blocks++] = new BlockIndexEntry(_segmentBytes, block.FirstSequence, block.RunningMaxTimePs, _chain);
        _segmentBytes += BlockHeader.Size + length;
        _segmentRaw += raw.Length;
        RawBytes += raw.Length;
        _segmentEvents += block.Count;
        _lastSequence = block.FirstSequence + block.Count - 1;
        _runningMaxPs = block.RunningMaxTimePs;
        _outLength += BlockHeader.Size + length;
        if (_options.Durability != LogDurability.None || _outLength >= GatherBytes)
        {
            Flush();
        }
        if (_options.Durability == LogDurability.Block)
        {
            _file!.FlushToDisk();
            DurableSequence = _writtenSequence;
        }
    }

    /// <summary>Writes the footer and closes the segment.</summary>
    public void Seal(SegmentEnd end)
    {
        Flush();
        byte[] footer = Footer(end).Encode();
        Append(footer);
        if (_options.Durability is LogDurability.Block or LogDurability.Seal)
        {
            _file!.FlushToDisk();
            DurableSequence = _writtenSequence;
        }
        _file!.Dispose();
        _file = null;
    }

    public void Dispose()
    {
        _file?.Dispose();
        _hasher.Dispose();
    }

    private SegmentFooter Footer(SegmentEnd end) => new()
    {
        Segment = _segment,
        Events = _segmentEvents,
        LastSequence = _lastSequence,
        RawBytes = _segmentRaw,
        RunningMaxTimePs = _runningMaxPs,
        ChainHash = _chain,
        End = end,
        Index = _index.AsMemory(0, _blocks),
    };

    private void OpenSegment()
    {
        _segment++;
        SegmentHeader header = _first with
        {
            Segment = _segment,
            FirstSequence = _lastSequence + 1,
            ChainHash = _chain,
            RunningMaxTimePs = _runningMaxPs,
        };
        _file = _storage.Create(LogFormat.SegmentName(header.FirstSequence));
        _blocks = 0;
        _segmentBytes = _segmentRaw = _segmentEvents = 0;
        byte[] bytes = header.Encode();
        Append(bytes);
        _segmentBytes = bytes.Length;
        if (_options.Durability is LogDurability.Block or LogDurability.Seal)
        {
            _storage.SyncDirectory();
        }
    }

    private void Flush()
    {
        if (_outLength > 0)
        {
            Append(_out.AsSpan(0, _outLength));
            _outLength = 0;
        }
        _writtenSequence = _lastSequence;
        if (_options.Durability is LogDurability.None or LogDurability.Flush)
        {
            DurableSequence = _writtenSequence;
        }
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        _file!.Append(bytes);
        BytesWritten += bytes.Length;
    }
}
