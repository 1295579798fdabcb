namespace Sim.Engine.Log;

/// <summary>What of a damaged or unfinished log is sound: always a prefix of it, never with a hole.</summary>
/// <param name="Events">Events of the prefix.</param>
/// <param name="ChainHash">The chain's link after them.</param>
/// <param name="Segments">Names of the segments it takes part of, in order.</param>
/// <param name="ValidBytes">Bytes of the last of them that belong to it.</param>
/// <param name="End">How that segment is sealed; null when it is not, or not soundly.</param>
/// <param name="IsTornTail">
/// All that is lost is what an interrupted append or a power cut may leave at the end of an unsealed last segment. Only
/// then may the rest be cut off without asking; a reader ignores it.
/// </param>
/// <param name="What">What ends the prefix; empty for an undamaged log.</param>
/// <param name="Lost">The first structure that is not part of the prefix; null for an undamaged log.</param>
/// <param name="Header">Header of the last segment it takes part of.</param>
/// <param name="RunningMaxTimePs">Greatest event time of the prefix, in picoseconds.</param>
public sealed record RecoveryPlan(
    long Events, ChainHash ChainHash, IReadOnlyList<string> Segments, long ValidBytes, SegmentEnd? End, bool IsTornTail, string What,
    LogDamage? Lost, SegmentHeader Header, long RunningMaxTimePs);

/// <summary>Finds a log's sound prefix, and writes it to another folder. Nothing is ever changed in place.</summary>
public static class LogRecovery
{
    /// <summary>Finds the sound prefix.</summary>
    /// <exception cref="CorruptLogException">There is none: not even the first header is sound.</exception>
    /// <exception cref="IOException">The log is not there or cannot be read.</exception>
    public static RecoveryPlan Examine(ILogStorage storage) => Examine(storage, out _);

    /// <summary>
    /// Writes the sound prefix to a folder that holds no log: whole segments as they are, the last one with a footer
    /// anew, provisional unless the log was complete. Files get their names when they are on the disk. Of a branch it is the
    /// branch's own part; nothing is written when the prefix ends in its parent's.
    /// </summary>
    /// <exception cref="CorruptLogException">There is no sound prefix.</exception>
    /// <exception cref="IOException">A folder cannot be read or written, or the target holds a log.</exception>
    public static RecoveryPlan RepairInto(ILogStorage damaged, ILogStorage target)
    {
        RecoveryPlan plan = Examine(damaged, out SegmentFooter lastFooter);
        if (LogReader.ListSegments(target).Count > 0)
        {
            throw new IOException($"{target.Path} already holds a log; repair writes into a folder without one.");
        }
        for (int i = 0; i < plan.Segments.Count; i++)
        {
            if (damaged.RunOf(plan.Segments[i]) > 0)
            {
                continue;
            }
            using var source = new SegmentFile(damaged, plan.Segments[i]);
            bool isLast = i == plan.Segments.Count - 1;
            string temporary = plan.Segments[i] + ".tmp";
            using (ILogAppender copy = target.Create(temporary))
            {
                // A dropped segment has its own footer, and can only go on.
                bool ends = isLast && LogFormat.TryParseSegmentName(plan.Segments[i], out _);
                Copy(source, copy, ends ? plan.ValidBytes : source.Length);
                if (ends)
                {
                    copy.Append((lastFooter with { End = plan.What.Length == 0 ? plan.End!.Value : SegmentEnd.Provisional }).Encode());
                }
                copy.FlushToDisk();
            }
            target.Rename(temporary, plan.Segments[i]);
        }
        target.SyncDirectory();
        return plan;
    }

    private static RecoveryPlan Examine(ILogStorage storage, out SegmentFooter lastFooter)
    {
        List<long> sequences = LogReader.ListSegments(storage);
        if (sequences.Count == 0)
        {
            throw new FileNotFoundException($"{storage.Path} holds no log: there is no file such as {LogFormat.SegmentName(0)}.");
        }
        var names = new List<string>();
        SegmentTail? previous = null;
        SegmentHeader? first = null, before = null;
        int run = -1;
        for (int i = 0; ; i++)
        {
            using SegmentFile file = SegmentFile.Open(storage, sequences[i]);
            bool isLast = i == sequences.Count - 1;
            if (storage.RunOf(file.Name) != run)
            {
                // A branch's past has its parent's identity.
                run = storage.RunOf(file.Name);
                first = null;
            }
            SegmentTail? tail = null;
            if (TryReadHeader(file, i, sequences[i], first, previous, out SegmentHeader? header, out int headerBytes, out CorruptLogException? wrong))
            {
                tail = TryScan(file, header!, headerBytes, out wrong);
            }
            if (tail is null)
            {
                if (previous is null)
                {
                    throw wrong!;
                }
                lastFooter = previous.Footer;
                return Plan(names, before!, previous, isLast && file.IsUnborn(), wrong!.Message, new LogDamage(file.Name, null, wrong.Offset ?? 0, wrong.What));
            }
            first ??= header;
            before = header;
            names.Add(file.Name);
            bool continued = tail is { State: TailState.Sealed, Footer.End: SegmentEnd.Continued };
            if (continued && !isLast)
            {
                previous = tail;
                continue;
            }
            lastFooter = tail.Footer;
            string what = continued ? "the next segment is missing"
                : tail.State != TailState.Sealed ? (tail.What.Length > 0 ? tail.What : "the log is not sealed")
                : isLast ? "" : "segments follow the one that ends the log";
            var lost = new LogDamage(file.Name, tail.Block, tail.State == TailState.Sealed ? file.Length : tail.Offset, what);
            return Plan(names, header!, tail, isLast && tail.State != TailState.Damaged, what, what.Length > 0 ? lost : null);
        }
    }

    // Of a dropped segment nothing is sound when its footer is not.
    private static SegmentTail? TryScan(SegmentFile file, SegmentHeader header, int headerBytes, out CorruptLogException? wrong)
    {
        try
        {
            wrong = null;
            return SegmentTail.Scan(file, header, headerBytes);
        }
        catch (CorruptLogException e) when (file.IsDropped)
        {
            wrong = e;
            return null;
        }
    }

    private static RecoveryPlan Plan(List<string> names, SegmentHeader header, SegmentTail tail, bool isTornTail, string what, LogDamage? lost) => new(
        tail.LastSequence + 1, tail.Footer.ChainHash, names, tail.Offset,
        tail.State == TailState.Sealed ? tail.Footer.End : null, isTornTail && what.Length > 0, what, lost,
        header, tail.Footer.RunningMaxTimePs);

    /// <summary>Reads a segment's header and checks that it continues the segment before, or starts where a branch's own log does.</summary>
    internal static bool TryReadHeader(
        SegmentFile file, int number, long firstSequence, SegmentHeader? first, SegmentTail? previous,
        out SegmentHeader? header, out int headerBytes, out CorruptLogException? wrong, SegmentHeader? start = null)
    {
        header = null;
        headerBytes = 0;
        wrong = null;
        try
        {
            header = file.ReadHeader(out headerBytes);
        }
        catch (CorruptLogException e)
        {
            wrong = e;
            return false;
        }
        long expectedSequence = previous is null ? start?.FirstSequence ?? 0 : previous.LastSequence + 1;
        ChainHash expectedChain = previous?.Footer.ChainHash ?? start?.ChainHash ?? ChainHash.Zero;
        if (header.Segment != number || header.FirstSequence != expectedSequence || firstSequence != expectedSequence
            || header.ChainHash != expectedChain || (first is not null && header.Identity != first.Identity))
        {
            wrong = new CorruptLogException("the segment does not continue the one before", file.Name, null, 0);
            return false;
        }
        return true;
    }

    private static void Copy(SegmentFile source, ILogAppender target, long bytes)
    {
        const int Piece = 1024 * 1024;
        for (long offset = 0; offset < bytes; offset += Piece)
        {
            byte[] piece = source.Read(offset, Math.Min(Piece, bytes - offset));
            target.Append(piece);
        }
    }
}
