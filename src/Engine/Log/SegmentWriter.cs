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
    private readonly LogRetention _retention;
    private readonly byte[] _out = new byte[GatherBytes + BlockHeader.Size + LogFormat.MaxStoredBlockBytes];
    private readonly FixedBufferWriter _outWriter;
    private ILogAppender? _file;
    private BlockIndexEntry[] _index = new BlockIndexEntry[64];
    private int _outLength, _segment, _blocks;
    private long _segmentBytes, _segmentRaw, _segmentEvents, _lastSequence, _writtenSequence, _runningMaxPs;
    private ChainHash _chain, _segmentChain;

    // Set until the first write to a log that is continued: only then is its tail cut off.
    private ResumePoint? _resume;

    public SegmentWriter(ILogStorage storage, LogOptions options, SegmentHeader first)
    {
        _storage = storage;
        _options = options;
        _first = first;
        _retention = new LogRetention(storage, options.Keep);
        _outWriter = new FixedBufferWriter(_out);
        // A branch's own log begins inside the whole one.
        _segment = first.Segment - 1;
        _lastSequence = _writtenSequence = DurableSequence = first.FirstSequence - 1;
        _chain = first.ChainHash;
        _runningMaxPs = first.RunningMaxTimePs;
    }

    /// <summary>The chain's link after the last block written.</summary>
    public ChainHash ChainHash => _chain;

    /// <summary>Behind the last block written.</summary>
    public LogBoundary End => new(
        _segmentRaw >= _options.SegmentRawBytes ? new BlockAddress(_segment + 1, 0) : new BlockAddress(Math.Max(_first.Segment, _segment), _blocks),
        _lastSequence + 1, _chain);

    /// <summary>Events written.</summary>
    public long Events => _lastSequence + 1;

    /// <summary>Bytes of all segments so far; of dropped ones those that stayed.</summary>
    public long BytesOnDisk { get; private set; }

    /// <summary>Raw bytes of all blocks so far.</summary>
    public long RawBytes { get; private set; }

    /// <summary>The last event that the chosen durability promises to keep; -1 for none.</summary>
    public long DurableSequence { get; private set; }

    /// <summary>Starts the first segment, so that even an empty log says whose it is.</summary>
    public void Start() => OpenSegment();

    /// <summary>Takes up a log behind its last sound block. Nothing in the folder changes before the first write.</summary>
    public void Resume(ResumePoint point)
    {
        _resume = point;
        foreach ((long first, long last) in point.EarlierWhole)
        {
            _retention.Sealed(first, last);
        }
        if (point.Header is { } header && point.Tail is { } tail)
        {
            _segment = header.Segment;
            _segmentChain = header.ChainHash;
            _blocks = tail.Index.Length;
            _index = new BlockIndexEntry[Math.Max(_index.Length, _blocks)];
            tail.Index.CopyTo(_index);
            _segmentBytes = tail.Offset;
            _segmentRaw = tail.Footer.RawBytes;
            _segmentEvents = tail.Footer.Events;
            _lastSequence = _writtenSequence = tail.LastSequence;
            _runningMaxPs = tail.Footer.RunningMaxTimePs;
            _chain = tail.Footer.ChainHash;
            BytesOnDisk = point.EarlierBytes + tail.Offset;
            RawBytes = point.EarlierRawBytes + tail.Footer.RawBytes;
        }
        if (_options.Durability is LogDurability.Block or LogDurability.Seal)
        {
            // Whoever wrote the log may have promised less.
            foreach (string name in point.Earlier)
            {
                Sync(name);
            }
            if (_segment >= _first.Segment)
            {
                Sync(point.LastName);
            }
            _storage.SyncDirectory();
        }
        DurableSequence = _lastSequence;
    }

    /// <summary>Where the block that starts with a sequence stands; null when it is not in the segment at hand, nor the next.</summary>
    public LogBoundary? Find(long firstSequence)
    {
        if (firstSequence == _lastSequence + 1)
        {
            return End;
        }
        for (int i = _blocks - 1; i >= 0 && _index[i].FirstSequence >= firstSequence; i--)
        {
            if (_index[i].FirstSequence == firstSequence)
            {
                return new LogBoundary(new BlockAddress(_segment, i), firstSequence, i > 0 ? _index[i - 1].ChainHash : _segmentChain);
            }
        }
        return null;
    }

    /// <summary>Writes a block.</summary>
    public void Write(in RawBlock block)
    {
        if (_resume is { } point)
        {
            if (point.LastBlock?.NextSequence == block.FirstSequence)
            {
                ForgetLastBlock(point.Tail!.LastBlockRawBytes);
            }
            Reopen(point, rolls: _segmentRaw >= _options.SegmentRawBytes);
        }
        if (_segmentRaw >= _options.SegmentRawBytes)
        {
            if (_file is not null)
            {
                Seal(SegmentEnd.Continued);
            }
            _retention.Sealed(_lastSequence + 1 - _segmentEvents, _lastSequence);
            OpenSegment();
            BytesOnDisk -= _retention.Apply(_lastSequence);
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
        if (_resume is { } point)
        {
            Reopen(point, rolls: false);
        }
        Flush();
        if (end != SegmentEnd.Continued)
        {
            // Before the log says that it is complete: then nobody would come back to finish this.
            BytesOnDisk -= _retention.Apply(_lastSequence);
        }
        byte[] footer = Footer(end).Encode();
        Append(footer);
        if (_options.Durability is LogDurability.Block or LogDurability.Seal)
        {
            _file!.FlushToDisk();
            DurableSequence = _writtenSequence;
        }
        CloseFile();
    }

    public void Dispose()
    {
        _hasher.Dispose();
        CloseFile();
    }

    // The handle is gone even when closing it fails.
    private void CloseFile()
    {
        ILogAppender? file = _file;
        _file = null;
        file?.Dispose();
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

    private string SegmentName => LogFormat.SegmentName(_lastSequence + 1 - _segmentEvents);

    private void ForgetLastBlock(int rawBytes)
    {
        BlockIndexEntry last = _index[--_blocks];
        BytesOnDisk -= _segmentBytes - last.Offset;
        _segmentBytes = last.Offset;
        _segmentRaw -= rawBytes;
        RawBytes -= rawBytes;
        _segmentEvents -= _lastSequence + 1 - last.FirstSequence;
        _lastSequence = _writtenSequence = last.FirstSequence - 1;
        DurableSequence = Math.Min(DurableSequence, _lastSequence);
        _chain = _blocks > 0 ? _index[_blocks - 1].ChainHash : _segmentChain;
        _runningMaxPs = _blocks > 0 ? _index[_blocks - 1].RunningMaxTimePs : _resume!.Header!.RunningMaxTimePs;
    }

    // A full segment that is sealed stays as it is when the next one is about to start.
    private void Reopen(ResumePoint point, bool rolls)
    {
        _resume = null;
        if (point.Unborn is { } unborn)
        {
            _storage.Delete(unborn);
        }
        if (_segment < _first.Segment)
        {
            OpenSegment();
            return;
        }
        if (rolls && point.SealedAs == SegmentEnd.Continued)
        {
            BytesOnDisk += point.LastBytes - _segmentBytes;
            return;
        }
        _file = _storage.OpenAppend(SegmentName, _segmentBytes);
        if (_options.Durability is LogDurability.Block or LogDurability.Seal)
        {
            // Otherwise a power cut might bring the old tail back behind new blocks.
            _file.FlushToDisk();
        }
    }

    private void Sync(string name)
    {
        long length;
        using (ILogData data = _storage.OpenRead(name))
        {
            length = data.Length;
        }
        using ILogAppender file = _storage.OpenAppend(name, length);
        file.FlushToDisk();
    }

    private void OpenSegment()
    {
        _segment++;
        _segmentChain = _chain;
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
        if (_options.Durability == LogDurability.Block)
        {
            // A header lost under a block that arrived would be damage; this way only the last block can be torn.
            _file.FlushToDisk();
        }
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
        BytesOnDisk += bytes.Length;
    }
}
