namespace Sim.Engine.Log;

/// <summary>The verifier's way through one segment: block by block to the footer, past damage where it can.</summary>
internal sealed class SegmentWalk
{
    private readonly SegmentFile _file;
    private readonly int _number, _headerBytes;
    private readonly SegmentHeader? _header;
    private readonly Action<string, long?, long, string> _report;
    private readonly SegmentFooter? _footer;
    private readonly long _footerOffset;
    private readonly string _footerWrong;
    private readonly BlockBuffer _buffer = new();
    private readonly EventWalker? _events;
    private readonly List<BlockIndexEntry> _index = [];
    private LogPlace _place;
    private LogPlace? _sound;
    private long _offset, _rawBytes;
    private int _block;
    private bool _damaged;

    // After damage that hid the link before a block, the block's own word is taken for it.
    private bool _chainUnknown;

    public SegmentWalk(
        SegmentFile file, int number, SegmentHeader? header, int headerBytes, LogPlace place, Action<string, long?, long, string> report)
    {
        _file = file;
        _number = header?.Segment ?? number;
        _headerBytes = headerBytes;
        _header = header;
        _place = place;
        _report = report;
        _events = header is null ? null : new EventWalker(new LogSchema(header.Catalogue));
        _footer = file.ReadFooter(out _footerOffset, out _footerWrong);
        _damaged = header is null;
        _offset = header is not null ? headerBytes
            : _footer is { Index.Length: > 0 } ? _footer.Index.Span[0].Offset
            : file.FindBlock(0) is >= 0 and var found ? found
            : file.Length;
    }

    /// <summary>Where the segment ends in the log.</summary>
    public LogPlace Place => _place;

    /// <summary>Up to where the segment is sound: as far as <see cref="Place"/>, or up to the first damage.</summary>
    public LogPlace Sound => _sound ?? _place;

    /// <summary>Why the log does not end here as a complete one does; empty when it does, or when damage hides it.</summary>
    public string Unfinished { get; private set; } = "";

    public void Run(bool isLast)
    {
        LogPlace start = _place;
        using var hasher = new ChainHasher();
        bool more = true;
        while (more)
        {
            more = _footer is not null && _offset >= _footerOffset ? false : Step(hasher);
        }
        if (_footer is null)
        {
            JudgeTail(isLast);
        }
        else
        {
            CheckFooter(start, isLast);
        }
    }

    // Checks one block; false when there is no further one.
    private bool Step(ChainHasher hasher)
    {
        BlockFinding finding = _file.ReadBlock(_offset, _buffer, out string what);
        bool headerSound = finding == BlockFinding.Sound
            || (finding == BlockFinding.Damaged && _file.ReadBlockHeader(_offset, out _, out _) == BlockFinding.Sound);
        if (headerSound)
        {
            BlockHeader header = _buffer.Header;
            string? wrong = finding == BlockFinding.Damaged ? what : Misplaced(in header, hasher) ?? Undecodable(in header);
            if (wrong is not null)
            {
                Damage(wrong);
            }
            _index.Add(new BlockIndexEntry(_offset, header.FirstSequence, header.RunningMaxTimePs, header.ChainHash));
            _place = new LogPlace(header.FirstSequence + header.Count, header.ChainHash, header.RunningMaxTimePs);
            _offset += BlockHeader.Size + header.StoredLength;
            _rawBytes += header.RawLength;
            _block = header.Block + 1;
            return true;
        }
        if (_footer is null && (finding is BlockFinding.End or BlockFinding.Cut || _file.FindBlock(_offset + 1) < 0))
        {
            return false;
        }
        Damage(what);
        return _footer is null ? ResyncByMarker() : ResyncByIndex(_footer);
    }

    private bool ResyncByIndex(SegmentFooter footer)
    {
        ReadOnlySpan<BlockIndexEntry> index = footer.Index.Span;
        int next = 0;
        while (next < index.Length && index[next].Offset <= _offset)
        {
            next++;
        }
        if (next == index.Length)
        {
            _place = new LogPlace(footer.LastSequence + 1, footer.ChainHash, footer.RunningMaxTimePs);
            _offset = _footerOffset;
            return false;
        }
        ref readonly BlockIndexEntry damaged = ref index[Math.Max(0, next - 1)];
        _place = new LogPlace(index[next].FirstSequence, damaged.ChainHash, damaged.RunningMaxTimePs);
        _block = next;
        _offset = index[next].Offset;
        return true;
    }

    private bool ResyncByMarker()
    {
        _offset = _file.FindBlock(_offset + 1);
        _file.ReadBlockHeader(_offset, out BlockHeader next, out _);
        _block = next.Block;
        _place = _place with { NextSequence = next.FirstSequence };
        _chainUnknown = true;
        return true;
    }

    private string? Misplaced(in BlockHeader header, ChainHasher hasher)
    {
        if (_chainUnknown)
        {
            _chainUnknown = false;
            return null;
        }
        ChainHash link = hasher.Next(_place.Chain, _buffer.Payload);
        if (header.Segment != _number || header.Block != _block || header.FirstSequence != _place.NextSequence)
        {
            return $"this is block {header.Block} of segment {header.Segment} from sequence {header.FirstSequence}; "
                + $"expected block {_block} of segment {_number} from sequence {_place.NextSequence}";
        }
        if (link != header.ChainHash)
        {
            return "the chain hash does not follow from the block before";
        }
        return header.RunningMaxTimePs != Math.Max(_place.RunningMaxTimePs, header.MaxTimePs)
            ? "the running maximum of time does not follow from the block before"
            : null;
    }

    private string? Undecodable(in BlockHeader header)
    {
        if (_events is null)
        {
            return null;
        }
        long min = long.MaxValue, max = long.MinValue;
        try
        {
            _events.Start(in header);
            while (_events.Next(_buffer.Payload))
            {
                min = Math.Min(min, _events.Header.TimePs);
                max = Math.Max(max, _events.Header.TimePs);
            }
        }
        catch (CorruptLogException e)
        {
            return e.What;
        }
        return min != header.MinTimePs || max != header.MaxTimePs ? "the events' times are not those of the block header" : null;
    }

    private void CheckFooter(LogPlace start, bool isLast)
    {
        SegmentFooter footer = _footer!;
        if (!_damaged)
        {
            var expected = new SegmentFooter
            {
                Segment = _number,
                Events = _place.NextSequence - start.NextSequence,
                LastSequence = _place.NextSequence - 1,
                RawBytes = _rawBytes,
                RunningMaxTimePs = _place.RunningMaxTimePs,
                ChainHash = _place.Chain,
                End = footer.End,
                Index = _index.ToArray(),
            };
            if (_offset != _footerOffset || !expected.Encode().AsSpan().SequenceEqual(_file.Read(_footerOffset, _file.Length)))
            {
                Report(null, _footerOffset, "the footer does not agree with the blocks");
            }
        }
        if (!isLast && footer.End != SegmentEnd.Continued)
        {
            Report(null, _footerOffset, "the footer says that the log ends here, but another segment follows");
        }
        Unfinished = footer.End switch
        {
            SegmentEnd.Provisional => "the run was interrupted",
            SegmentEnd.Continued => "the next segment is missing",
            _ => "",
        };
    }

    private void JudgeTail(bool isLast)
    {
        if (_damaged || _header is null)
        {
            bool isFooter = _file.Read(_offset, SegmentFooter.Start.Length).AsSpan().SequenceEqual(SegmentFooter.Start);
            if (!isLast || isFooter)
            {
                Report(null, _offset, _footerWrong);
            }
            return;
        }
        SegmentTail tail = SegmentTail.Scan(_file, _header, _headerBytes);
        if (isLast && tail.State is TailState.Clean or TailState.Cut)
        {
            Unfinished = tail.State == TailState.Clean ? "the log is not sealed" : tail.What;
            return;
        }
        Report(tail.Block, tail.Offset, tail.What.Length > 0 ? tail.What : _footerWrong);
    }

    private void Damage(string what)
    {
        _damaged = true;
        Report(_block, _offset, what);
    }

    private void Report(long? block, long offset, string what)
    {
        _sound ??= _place;
        _report(_file.Name, block, offset, what);
    }
}
