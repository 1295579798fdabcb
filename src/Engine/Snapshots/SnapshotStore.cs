using Sim.Engine.Log;

namespace Sim.Engine.Snapshots;

/// <summary>
/// The snapshots of a run: caches, each of which counts only if it lies inside the log's sound prefix, and the log's chain has
/// the links there that it names. What does not count is passed over and never an error.
/// </summary>
public sealed class SnapshotStore
{
    private readonly LogReader _log;
    private readonly SortedList<long, ILogStorage> _folders = [];
    private readonly IList<long> _sequences;
    private readonly bool _ofAncestors;
    private readonly Dictionary<long, SnapshotHeader?> _headers = [];

    /// <param name="storage">The folder, which need not exist.</param>
    /// <param name="log">The run's log; not used by others during a call.</param>
    public SnapshotStore(ILogStorage storage, LogReader log)
        : this(log, ofAncestors: false, (storage, long.MaxValue))
    {
    }

    /// <summary>Snapshots of a branch and of its ancestors, whose events are in its log, too: for the sourced state alone.</summary>
    /// <param name="log">The branch's log.</param>
    /// <param name="folders">The folders, and up to which event each counts; the branch's own first.</param>
    public SnapshotStore(LogReader log, params ReadOnlySpan<(ILogStorage Folder, long UpTo)> folders)
        : this(log, ofAncestors: true, folders)
    {
    }

    private SnapshotStore(LogReader log, bool ofAncestors, params ReadOnlySpan<(ILogStorage Folder, long UpTo)> folders)
    {
        (_log, _ofAncestors) = (log, ofAncestors);
        foreach ((ILogStorage folder, long upTo) in folders)
        {
            foreach (long sequence in List(folder).Where(s => s <= upTo))
            {
                _folders.TryAdd(sequence, folder);
            }
        }
        _sequences = _folders.Keys;
    }

    /// <summary>Sequences of the snapshots that count, ascending.</summary>
    public IEnumerable<long> Sequences => Headers.Select(h => h.Sequence);

    /// <summary>Headers of the snapshots that count, ascending.</summary>
    public IEnumerable<SnapshotHeader> Headers => _sequences.Select(Header).OfType<SnapshotHeader>();

    /// <summary>The last snapshot that counts, at or before a sequence; null when there is none.</summary>
    /// <param name="sequence">Number of events that it may hold at most.</param>
    public SnapshotHeader? Newest(long sequence)
    {
        for (int i = _sequences.Count - 1; i >= 0; i--)
        {
            if (_sequences[i] <= sequence && Header(_sequences[i]) is { } header)
            {
                return header;
            }
        }
        return null;
    }

    /// <summary>Loads an image; null, and the snapshot counts no longer, when it is damaged.</summary>
    public StateImage? Load(SnapshotHeader header, bool sourcedOnly)
    {
        var image = new StateImage();
        try
        {
            SnapshotFile.Read(_folders[header.Sequence], header.Sequence, image, sourcedOnly);
            return image;
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            Discard(header);
            return null;
        }
    }

    /// <summary>Makes a snapshot count no longer: it turned out to be of no use.</summary>
    public void Discard(SnapshotHeader header) => _headers[header.Sequence] = null;

    /// <summary>Sequences of the snapshots in a folder, ascending, whether they count or not.</summary>
    public static List<long> List(ILogStorage storage)
    {
        try
        {
            return [.. storage.List().Select(n => SnapshotFile.TryParseName(n, out long s) ? s : -1).Where(s => s >= 0).Order()];
        }
        catch (IOException)
        {
            return [];
        }
    }

    private SnapshotHeader? Header(long sequence)
    {
        if (!_headers.TryGetValue(sequence, out SnapshotHeader? header))
        {
            try
            {
                header = SnapshotFile.ReadHeader(_folders[sequence], sequence);
                header = Counts(header) ? header : null;
            }
            catch (Exception e) when (e is InvalidDataException or IOException)
            {
                header = null;
            }
            _headers.Add(sequence, header);
        }
        return header;
    }

    private bool Counts(SnapshotHeader header)
    {
        LogIdentity log = _log.Header.Identity;
        if ((_ofAncestors ? header.Identity.EngineVersion != log.EngineVersion : header.Identity != log) || header.Sequence > _log.Events)
        {
            return false;
        }
        if (header.BlockFirst == _log.Events)
        {
            return header.ChainHash == _log.ChainHash;
        }
        if (_log.FindSequence(header.BlockFirst) is not { } address)
        {
            return false;
        }
        if (_log.Index(address.Segment)[address.Block].FirstSequence != header.BlockFirst)
        {
            return false;
        }
        return _log.ChainBefore(address) == header.ChainHash && OpenHashHolds(header, address);
    }

    private bool OpenHashHolds(SnapshotHeader header, BlockAddress address)
    {
        if (header.Sequence == header.BlockFirst)
        {
            return true;
        }
        var block = new BlockBuffer();
        try
        {
            _log.Read(address, block);
        }
        catch (DroppedSegmentException)
        {
            // The link before the block holds, and whoever runs on from here compares the one after it.
            return true;
        }
        using var hasher = new ChainHasher();
        int length = BlockPrefix.Length(block, header.Sequence - header.BlockFirst, new LogSchema(_log.Header.Catalogue));
        return length >= 0 && hasher.Next(header.ChainHash, block.Payload[..length]) == header.OpenHash;
    }
}
