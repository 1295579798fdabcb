namespace Sim.Engine.Log;

/// <summary>
/// Where a log that was cut short can be taken up again: behind its last sound block, or before it, because a block that
/// an interruption closed early is to be written again in full. Nothing of it is cut off before the first new block comes.
/// </summary>
public sealed class ResumePoint
{
    private ResumePoint(SegmentHeader? header, SegmentTail? tail)
    {
        Header = header;
        Tail = tail;
        if (header is null || tail is null)
        {
            return;
        }
        ReadOnlySpan<BlockIndexEntry> index = tail.Index.Span;
        SegmentFooter footer = tail.Footer;
        BlockAddress next = footer.RawBytes >= header.SegmentRawBytes
            ? new BlockAddress(header.Segment + 1, 0)
            : new BlockAddress(header.Segment, index.Length);
        End = new LogBoundary(next, tail.LastSequence + 1, footer.ChainHash);
        if (index.Length > 0)
        {
            ChainHash before = index.Length > 1 ? index[^2].ChainHash : header.ChainHash;
            LastBlock = new LogBoundary(new BlockAddress(header.Segment, index.Length - 1), index[^1].FirstSequence, before);
        }
        Lost = tail.What;
        SealedAs = tail.State == TailState.Sealed ? footer.End : null;
    }

    /// <summary>Behind the last sound block.</summary>
    public LogBoundary End { get; private init; }

    /// <summary>Before the last sound block of the last segment; null when that segment has none.</summary>
    public LogBoundary? LastBlock { get; }

    /// <summary>How the last segment is sealed; null when it is not.</summary>
    public SegmentEnd? SealedAs { get; }

    /// <summary>What follows the last sound block and will be cut off; empty for nothing.</summary>
    public string Lost { get; internal init; } = "";

    /// <summary>The last segment's header; null when the log has no segment with a sound one.</summary>
    internal SegmentHeader? Header { get; }

    /// <summary>The last segment's sound blocks.</summary>
    internal SegmentTail? Tail { get; }

    /// <summary>Name of a last segment without a sound header, which is to be deleted; null for none.</summary>
    internal string? Unborn { get; init; }

    /// <summary>Names of the segments before the last.</summary>
    internal IReadOnlyList<string> Earlier { get; init; } = [];

    /// <summary>First and last sequence of those that were not dropped.</summary>
    internal IReadOnlyList<(long FirstSequence, long LastSequence)> EarlierWhole { get; init; } = [];

    /// <summary>Name of the last segment's file.</summary>
    internal string LastName { get; init; } = "";

    /// <summary>Bytes of that file.</summary>
    internal long LastBytes { get; init; }

    /// <summary>Bytes of those before the last.</summary>
    internal long EarlierBytes { get; init; }

    /// <summary>Raw bytes of their blocks.</summary>
    internal long EarlierRawBytes { get; init; }

    /// <summary>Where a log that is not complete can be taken up again; where it starts, when nothing of it is sound.</summary>
    /// <param name="storage">The folder; of a branch, the one with its own part.</param>
    /// <param name="header">The header the first segment there must have.</param>
    /// <exception cref="CorruptLogException">It is damaged, beyond a torn tail.</exception>
    /// <exception cref="LogCompleteException">It is complete.</exception>
    /// <exception cref="IncompatibleLogException">Another run, or another build, wrote it.</exception>
    internal static ResumePoint Find(ILogStorage storage, SegmentHeader header)
    {
        List<long> sequences = LogReader.ListSegments(storage);
        string? unborn = null;
        if (sequences.Count > 0)
        {
            using SegmentFile last = SegmentFile.Open(storage, sequences[^1]);
            if (last.IsUnborn())
            {
                unborn = last.Name;
                sequences.RemoveAt(sequences.Count - 1);
            }
        }
        string lost = unborn is null ? "" : $"{unborn} has no sound header";
        if (sequences.Count == 0)
        {
            var start = new LogBoundary(new BlockAddress(header.Segment, 0), header.FirstSequence, header.ChainHash);
            return new ResumePoint(null, null) { End = start, Unborn = unborn, Lost = lost };
        }
        SegmentHeader? current = null;
        SegmentTail? tail = null;
        var earlier = new List<string>();
        var whole = new List<(long, long)>();
        string lastName = "";
        long lastBytes = 0, bytes = 0, rawBytes = 0;
        for (int i = 0; i < sequences.Count; i++)
        {
            using SegmentFile file = SegmentFile.Open(storage, sequences[i]);
            if (!LogRecovery.TryReadHeader(
                file, header.Segment + i, sequences[i], i == 0 ? null : header, tail, out current, out int headerBytes, out CorruptLogException? wrong, header))
            {
                throw wrong!;
            }
            CheckContinuable(storage, current!, header);
            tail = SegmentTail.Scan(file, current!, headerBytes);
            bool isLast = i == sequences.Count - 1;
            lastName = file.Name;
            lastBytes = file.Length;
            if (tail.State == TailState.Damaged || (!isLast && tail is not { State: TailState.Sealed, Footer.End: SegmentEnd.Continued }))
            {
                throw new CorruptLogException(
                    tail.What.Length > 0 ? tail.What : "another segment follows, but this one is not sealed as continued",
                    file.Name, tail.Block, tail.Offset);
            }
            if (!isLast)
            {
                earlier.Add(file.Name);
                if (!file.IsDropped)
                {
                    whole.Add((current!.FirstSequence, tail.LastSequence));
                }
                bytes += file.Length;
                rawBytes += tail.Footer.RawBytes;
            }
        }
        if (tail is { State: TailState.Sealed, Footer.End: SegmentEnd.Complete })
        {
            throw new LogCompleteException($"The log in {storage.Path} is complete: there is nothing to resume.");
        }
        return new ResumePoint(current, tail)
        {
            Unborn = unborn,
            Lost = lost.Length > 0 ? lost : tail!.What,
            Earlier = earlier,
            EarlierWhole = whole,
            LastName = lastName,
            LastBytes = lastBytes,
            EarlierBytes = bytes,
            EarlierRawBytes = rawBytes,
        };
    }

    // What is appended must be what the first writer would have written, so the headers may differ in their place only.
    private static void CheckContinuable(ILogStorage storage, SegmentHeader found, SegmentHeader expected)
    {
        SegmentHeader inPlace = expected with
        {
            Segment = found.Segment,
            FirstSequence = found.FirstSequence,
            ChainHash = found.ChainHash,
            RunningMaxTimePs = found.RunningMaxTimePs,
        };
        if (found.Encode().AsSpan().SequenceEqual(inPlace.Encode()))
        {
            return;
        }
        string difference = found.Identity != expected.Identity ? "it belongs to another run"
            : found.Codec != expected.Codec ? $"it was written with the codec {found.Codec}, not {expected.Codec}"
            : found.SegmentRawBytes != expected.SegmentRawBytes ? $"its segments hold {found.SegmentRawBytes} raw bytes, not {expected.SegmentRawBytes}"
            : !found.Categories.SequenceEqual(expected.Categories) ? "it holds other categories of events"
            : "its catalogue of events is not this build's";
        throw new IncompatibleLogException($"The log in {storage.Path} cannot be resumed: {difference}.");
    }
}
