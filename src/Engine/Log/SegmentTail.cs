namespace Sim.Engine.Log;

/// <summary>What follows the last sound block of a segment without a sound footer.</summary>
internal enum TailState : byte
{
    /// <summary>The footer that the blocks call for.</summary>
    Sealed,

    /// <summary>Nothing.</summary>
    Clean,

    /// <summary>The beginning of a block or of the footer: an append that did not finish.</summary>
    Cut,

    /// <summary>Damaged bytes, or a damaged footer, and nothing sound after them: what a power cut may leave. May be cut off.</summary>
    Torn,

    /// <summary>Damage that no interrupted append explains: sound blocks or a sound footer follow it, or bytes follow a footer.</summary>
    Damaged,
}

/// <summary>The valid prefix of a segment without a sound footer, and what comes after it.</summary>
internal sealed class SegmentTail
{
    private SegmentTail(long offset, ReadOnlyMemory<BlockIndexEntry> index, long lastSequence)
    {
        Offset = offset;
        Index = index;
        LastSequence = lastSequence;
    }

    /// <summary>Where the valid prefix ends.</summary>
    public long Offset { get; }

    /// <summary>The blocks of the valid prefix.</summary>
    public ReadOnlyMemory<BlockIndexEntry> Index { get; }

    /// <summary>Sequence of the prefix's last event; one less than the first sequence when it has none.</summary>
    public long LastSequence { get; }

    /// <summary>Raw bytes of the last block; 0 when there is none.</summary>
    public int LastBlockRawBytes { get; private init; }

    /// <summary>What follows the prefix.</summary>
    public TailState State { get; private init; }

    /// <summary>The footer that belongs here; its <see cref="SegmentFooter.End"/> counts only for a sealed segment.</summary>
    public required SegmentFooter Footer { get; init; }

    /// <summary>Number of the damaged block; null when it is the footer that is cut or damaged.</summary>
    public int? Block { get; private init; }

    /// <summary>What is wrong at <see cref="Offset"/>; empty when the segment ends there.</summary>
    public string What { get; private init; } = "";

    /// <summary>Reads blocks from the header on, as far as they are sound and in order, and looks at what follows.</summary>
    public static SegmentTail Scan(SegmentFile file, SegmentHeader header, int headerBytes)
    {
        if (file.IsDropped)
        {
            SegmentFooter left = DroppedSegment.ReadFooter(file, header, headerBytes);
            return new SegmentTail(file.Length, left.Index, left.LastSequence) { Footer = left, State = TailState.Sealed };
        }
        var buffer = new BlockBuffer();
        var index = new List<BlockIndexEntry>();
        long offset = headerBytes, next = header.FirstSequence, runningMax = header.RunningMaxTimePs, rawBytes = 0;
        int lastRaw = 0;
        ChainHash chain = header.ChainHash;
        using var hasher = new ChainHasher();
        BlockFinding finding;
        string what;
        while ((finding = file.ReadBlock(offset, buffer, out what)) == BlockFinding.Sound)
        {
            BlockHeader block = buffer.Header;
            ChainHash link = hasher.Next(chain, buffer.Payload);
            if (block.Segment != header.Segment || block.Block != index.Count || block.FirstSequence != next
                || block.RunningMaxTimePs != Math.Max(runningMax, block.MaxTimePs) || link != block.ChainHash)
            {
                finding = BlockFinding.Damaged;
                what = "the block is not the one that belongs here";
                break;
            }
            index.Add(new BlockIndexEntry(offset, next, block.RunningMaxTimePs, link));
            offset += BlockHeader.Size + block.StoredLength;
            next += block.Count;
            runningMax = block.RunningMaxTimePs;
            rawBytes += lastRaw = block.RawLength;
            chain = link;
        }
        var expected = new SegmentFooter
        {
            Segment = header.Segment,
            Events = next - header.FirstSequence,
            LastSequence = next - 1,
            RawBytes = rawBytes,
            RunningMaxTimePs = runningMax,
            ChainHash = chain,
            End = SegmentEnd.Complete,
            Index = index.ToArray(),
        };
        return Judge(file, offset, finding, what, expected, lastRaw);
    }

    private static SegmentTail Judge(SegmentFile file, long offset, BlockFinding finding, string what, SegmentFooter expected, int lastRaw)
    {
        int block = expected.Index.Length;
        SegmentTail Is(TailState state, int? damaged, string wrong) =>
            new(offset, expected.Index, expected.LastSequence)
            {
                Footer = expected,
                LastBlockRawBytes = lastRaw,
                State = state,
                Block = damaged,
                What = wrong,
            };

        if (finding == BlockFinding.End)
        {
            return Is(TailState.Clean, null, "");
        }
        byte[] rest = file.Read(offset, LogFormat.MaxFooterBytes);
        byte[] footer = [];
        foreach (SegmentEnd end in (ReadOnlySpan<SegmentEnd>)[SegmentEnd.Continued, SegmentEnd.Complete, SegmentEnd.Provisional])
        {
            footer = (expected with { End = end }).Encode();
            if (footer.AsSpan().SequenceEqual(rest))
            {
                expected = expected with { End = end };
                return Is(TailState.Sealed, null, "");
            }
            if (footer.AsSpan().StartsWith(rest))
            {
                return Is(TailState.Cut, null, "the file ends inside the footer");
            }
        }
        if (Resembles(rest, footer))
        {
            return Is(rest.Length > footer.Length ? TailState.Damaged : TailState.Torn, null, "the footer is damaged");
        }
        if (finding == BlockFinding.Cut)
        {
            return Is(TailState.Cut, block, what);
        }
        bool sealedOnce = file.ReadFooter(out _, out _) is not null;
        return Is(sealedOnce || file.FindBlock(offset + 1) >= 0 ? TailState.Damaged : TailState.Torn, block, what);
    }

    // A footer that was changed somewhere is still recognised by the rest of it.
    private static bool Resembles(ReadOnlySpan<byte> rest, ReadOnlySpan<byte> footer)
    {
        if (rest.StartsWith(SegmentFooter.Start))
        {
            return true;
        }
        int equal = 0;
        for (int i = 0; i < Math.Min(rest.Length, footer.Length); i++)
        {
            equal += rest[i] == footer[i] ? 1 : 0;
        }
        return equal > footer.Length / 2;
    }
}
