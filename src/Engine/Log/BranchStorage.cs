namespace Sim.Engine.Log;

/// <summary>
/// The folder of a branch's log, shown as if the whole log were in it: the parent's segments up to the block in which the
/// branch begins, and the branch's own. The parent's last segment ends before that block, with a footer that says so; the
/// branch has the block itself, so that blocks and chain are those of a log written in one go. Only the own part is written.
/// </summary>
public sealed class BranchStorage : ILogStorage
{
    private readonly ILogStorage _parent;
    private readonly string[] _shared = [];
    private readonly long _cutAt;
    private readonly byte[]? _footer;

    /// <param name="own">The branch's folder.</param>
    /// <param name="parent">The parent's folder; of a branch of a branch, a storage like this one.</param>
    /// <param name="sharedEvents">Events that are the parent's: all before the block in which the branch begins.</param>
    /// <exception cref="CorruptLogException">The parent's log is damaged, or has no block that starts with that event.</exception>
    /// <exception cref="IOException">The parent's log cannot be read.</exception>
    public BranchStorage(ILogStorage own, ILogStorage parent, long sharedEvents)
    {
        (Own, _parent) = (own, parent);
        Start = new LogBoundary(new BlockAddress(0, 0), 0, ChainHash.Zero);
        List<long> segments = LogReader.ListSegments(parent);
        int last = segments.FindLastIndex(s => s < sharedEvents);
        if (sharedEvents == 0)
        {
            return;
        }
        if (last < 0)
        {
            throw new CorruptLogException($"the log in {parent.Path} has no event {sharedEvents - 1}, which a branch shares");
        }
        _shared = [.. segments[..(last + 1)].Select(LogFormat.SegmentName)];
        SegmentFooter footer = Cut(segments[last], last, last == segments.Count - 1, sharedEvents, out bool whole, out _cutAt);
        _footer = whole ? null : footer.Encode();
        Start = new LogBoundary(new BlockAddress(last + 1, 0), sharedEvents, footer.ChainHash);
        StartTimePs = footer.RunningMaxTimePs;
    }

    /// <summary>The folder with the branch's own part.</summary>
    public ILogStorage Own { get; }

    /// <summary>Where that part begins.</summary>
    public LogBoundary Start { get; }

    /// <summary>Greatest event time before it, in picoseconds.</summary>
    public long StartTimePs { get; }

    /// <inheritdoc/>
    public string Path => Own.Path;

    /// <inheritdoc/>
    public int RunOf(string name) => IsShared(name) ? _parent.RunOf(name) + 1 : 0;

    /// <inheritdoc/>
    public IReadOnlyList<string> List() => [.. _shared.Concat(Own.List().Where(n => !IsShared(n))).Order(StringComparer.Ordinal)];

    /// <inheritdoc/>
    public ILogData OpenRead(string name) =>
        !IsShared(name) ? Own.OpenRead(name)
        : _footer is not null && name == _shared[^1] ? new CutData(_parent.OpenRead(name), _cutAt, _footer)
        : _parent.OpenRead(name);

    /// <inheritdoc/>
    public ILogAppender Create(string name) => Own.Create(name);

    /// <inheritdoc/>
    public ILogAppender OpenAppend(string name, long length) => Own.OpenAppend(name, length);

    /// <inheritdoc/>
    public void Rename(string from, string to) => Own.Rename(from, to);

    /// <inheritdoc/>
    public void Delete(string name) => Own.Delete(name);

    /// <inheritdoc/>
    public void SyncDirectory() => Own.SyncDirectory();

    /// <inheritdoc/>
    public IDisposable Lock() => Own.Lock();

    /// <summary>The header of the own part's first segment.</summary>
    internal SegmentHeader Place(SegmentHeader header) => header with
    {
        Segment = Start.Next.Segment,
        FirstSequence = Start.NextSequence,
        ChainHash = Start.ChainHash,
        RunningMaxTimePs = StartTimePs,
    };

    private bool IsShared(string name) => Array.IndexOf(_shared, System.IO.Path.ChangeExtension(name, LogFormat.Extension)) >= 0;

    private SegmentFooter Cut(long firstSequence, int number, bool mayBeOpen, long sharedEvents, out bool whole, out long cutAt)
    {
        using SegmentReader segment = SegmentReader.Open(_parent, number, firstSequence, mayBeOpen);
        ReadOnlySpan<BlockIndexEntry> index = segment.Index;
        int blocks = 0;
        while (blocks < index.Length && index[blocks].FirstSequence < sharedEvents)
        {
            blocks++;
        }
        if ((blocks < index.Length ? index[blocks].FirstSequence : segment.LastSequence + 1) != sharedEvents)
        {
            throw new CorruptLogException($"the log in {_parent.Path} has no block that ends before event {sharedEvents}, with which a branch begins");
        }
        cutAt = 0;
        whole = blocks == index.Length && segment.Footer?.End == SegmentEnd.Continued;
        if (whole)
        {
            return segment.Footer!;
        }
        if (segment.IsDropped)
        {
            throw new CorruptLogException(
                $"the events {firstSequence} to {segment.LastSequence} were dropped (log.keep), and a branch that begins among them shares the first ones");
        }
        using var file = new SegmentFile(_parent, LogFormat.SegmentName(firstSequence));
        cutAt = index[0].Offset;
        long rawBytes = 0;
        for (int i = 0; i < blocks; i++)
        {
            if (file.ReadBlockHeader(index[i].Offset, out BlockHeader header, out string what) != BlockFinding.Sound)
            {
                throw new CorruptLogException(what, file.Name, i, index[i].Offset);
            }
            cutAt = index[i].Offset + BlockHeader.Size + header.StoredLength;
            rawBytes += header.RawLength;
        }
        return new SegmentFooter
        {
            Segment = number,
            Events = sharedEvents - firstSequence,
            LastSequence = sharedEvents - 1,
            RawBytes = rawBytes,
            RunningMaxTimePs = index[blocks - 1].RunningMaxTimePs,
            ChainHash = index[blocks - 1].ChainHash,
            End = SegmentEnd.Continued,
            Index = index[..blocks].ToArray(),
        };
    }

    /// <summary>The beginning of a file, and other bytes behind it.</summary>
    private sealed class CutData(ILogData data, long cutAt, byte[] tail) : ILogData
    {
        public long Length => cutAt + tail.Length;

        public int Read(long offset, Span<byte> destination)
        {
            int count = (int)Math.Clamp(Length - offset, 0, destination.Length);
            int head = (int)Math.Clamp(cutAt - offset, 0, count);
            if (head > 0 && data.Read(offset, destination[..head]) is var read && read < head)
            {
                return read;
            }
            if (count > head)
            {
                tail.AsSpan((int)(offset + head - cutAt), count - head).CopyTo(destination[head..]);
            }
            return count;
        }

        public void Dispose() => data.Dispose();
    }
}
