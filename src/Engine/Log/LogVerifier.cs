namespace Sim.Engine.Log;

/// <summary>
/// Checks every byte of a log: the CRCs of headers, blocks and footers, the chain, that segments and blocks are the ones
/// that belong in their places, that the events decode to what the block headers say. Goes on after damage.
/// </summary>
public sealed class LogVerifier
{
    private readonly ILogStorage _storage;
    private readonly List<LogDamage> _damage = [];
    private readonly List<string> _dropped = [];
    private readonly Dictionary<int, SegmentHeader> _first = [];
    private long _goodEvents;
    private ChainHash _goodChain;
    private string _unfinished = "";

    private LogVerifier(ILogStorage storage) => _storage = storage;

    /// <summary>Checks the log in a directory.</summary>
    /// <exception cref="IOException">It is not there or cannot be read.</exception>
    /// <exception cref="IncompatibleLogException">It has another format version.</exception>
    public static LogReport Verify(string directory) => Verify(new DirectoryStorage(directory));

    /// <inheritdoc cref="Verify(string)"/>
    public static LogReport Verify(ILogStorage storage) => new LogVerifier(storage).Run();

    private LogReport Run()
    {
        List<long> segments = LogReader.ListSegments(_storage);
        if (segments.Count == 0)
        {
            throw new FileNotFoundException($"{_storage.Path} holds no log: there is no file such as {LogFormat.SegmentName(0)}.");
        }
        var place = new LogPlace(0, ChainHash.Zero, 0);
        for (int i = 0; i < segments.Count; i++)
        {
            bool isLast = i == segments.Count - 1;
            using SegmentFile file = SegmentFile.Open(_storage, segments[i]);
            SegmentHeader? header = ReadHeader(file, i, ref place, segments[i], isLast, out int headerBytes);
            if (isLast && _unfinished.Length > 0)
            {
                break;
            }
            if (header is not null)
            {
                _first.TryAdd(_storage.RunOf(file.Name), header);
            }
            bool soundSoFar = _damage.Count == 0;
            LogPlace sound;
            if (file.IsDropped)
            {
                _dropped.Add(LogFormat.SegmentName(segments[i]));
                place = sound = CheckDropped(file, header, headerBytes, place, isLast);
            }
            else
            {
                var walk = new SegmentWalk(file, i, header, headerBytes, place, Report);
                walk.Run(isLast);
                (place, sound) = (walk.Place, walk.Sound);
                _unfinished = isLast ? walk.Unfinished : "";
            }
            if (soundSoFar)
            {
                _goodEvents = sound.NextSequence;
                _goodChain = sound.Chain;
            }
        }
        return new LogReport
        {
            Status = _damage.Count > 0 ? LogStatus.Corrupt : _unfinished.Length > 0 ? LogStatus.Incomplete : LogStatus.Complete,
            Damage = _damage,
            Dropped = _dropped,
            Unfinished = _unfinished,
            Events = _goodEvents,
            ChainHash = _goodChain,
        };
    }

    private LogPlace CheckDropped(SegmentFile file, SegmentHeader? header, int headerBytes, LogPlace place, bool isLast)
    {
        if (header is null)
        {
            return place;
        }
        _unfinished = isLast ? "the next segment is missing" : "";
        try
        {
            SegmentFooter footer = DroppedSegment.ReadFooter(file, header, headerBytes);
            return new LogPlace(footer.LastSequence + 1, footer.ChainHash, footer.RunningMaxTimePs);
        }
        catch (CorruptLogException e)
        {
            Report(file.Name, null, e.Offset!.Value, e.What);
            return place;
        }
    }

    private SegmentHeader? ReadHeader(
        SegmentFile file, int number, ref LogPlace place, long nameSequence, bool isLast, out int bytes)
    {
        if (nameSequence != place.NextSequence)
        {
            Report(file.Name, null, 0, $"the segment from sequence {place.NextSequence} on is missing");
        }
        try
        {
            SegmentHeader header = file.ReadHeader(out bytes);
            SegmentHeader expected = _first.GetValueOrDefault(_storage.RunOf(file.Name), header) with
            {
                Segment = _damage.Count == 0 ? number : header.Segment,
                FirstSequence = nameSequence,
                ChainHash = _damage.Count == 0 ? place.Chain : header.ChainHash,
                RunningMaxTimePs = _damage.Count == 0 ? place.RunningMaxTimePs : header.RunningMaxTimePs,
            };
            if (!expected.Encode().AsSpan().SequenceEqual(file.Read(0, bytes)))
            {
                Report(file.Name, null, 0, "the header is that of another segment or another run");
            }
            place = new LogPlace(nameSequence, header.ChainHash, header.RunningMaxTimePs);
            return header;
        }
        catch (CorruptLogException e)
        {
            bytes = 0;
            if (isLast && file.IsHeaderCut())
            {
                _unfinished = $"{file.Name} ends inside its header";
            }
            else
            {
                Report(file.Name, null, 0, e.What);
                place = place with { NextSequence = nameSequence };
            }
            return null;
        }
    }

    private void Report(string segment, long? block, long offset, string what) =>
        _damage.Add(new LogDamage(segment, block, offset, what));
}

/// <summary>A place between two blocks of a log.</summary>
internal readonly record struct LogPlace(long NextSequence, ChainHash Chain, long RunningMaxTimePs);
