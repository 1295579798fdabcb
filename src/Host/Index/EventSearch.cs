using Sim.Engine.Log;
using Sim.Engine.Replay;

namespace Sim.Host.Index;

/// <summary>What is looked for in a log.</summary>
internal interface IEventCondition
{
    /// <summary>True when the event a cursor stands at is one.</summary>
    bool Matches(EventCursor e);

    /// <summary>False when a block surely has none.</summary>
    bool MayMatch(in BlockSummary block);
}

/// <summary>Looks for events in both directions, reading only blocks that may have them.</summary>
internal sealed class EventSearch
{
    private const int LookAtCancellationEvery = 4096;

    private readonly RunIndex _index;
    private readonly EventCursor _cursor;

    /// <param name="log">The log; not used by others meanwhile.</param>
    /// <param name="index">Its index.</param>
    public EventSearch(LogReader log, RunIndex index)
    {
        _index = index;
        _cursor = index.Cursor(log);
    }

    /// <summary>The cursor that the last event found is at.</summary>
    public EventCursor Cursor => _cursor;

    /// <summary>The first event of a range that matches; -1 for none.</summary>
    public long First(IEventCondition condition, long from, long to, CancellationToken cancellation)
    {
        foreach (long sequence in Each(condition, from, to, cancellation))
        {
            return sequence;
        }
        return -1;
    }

    /// <summary>The events of a range that match, in order; the cursor is at each when it is given.</summary>
    public IEnumerable<long> Each(IEventCondition condition, long from, long to, CancellationToken cancellation)
    {
        to = Math.Min(to, _index.Blocks.Last);
        long next = NextBlock(condition, Math.Max(from, 0), to);
        while (next <= to)
        {
            // Runs of blocks are read through: a seek reads its block anew.
            long end = Math.Min(to, RunEnd(condition, next, to));
            _cursor.Seek(next);
            for (long sequence = next; sequence <= end && _cursor.MoveNext(); sequence++)
            {
                if (condition.Matches(_cursor))
                {
                    yield return sequence;
                }
                if (sequence % LookAtCancellationEvery == 0)
                {
                    cancellation.ThrowIfCancellationRequested();
                }
            }
            next = NextBlock(condition, end + 1, to);
        }
    }

    /// <summary>The last event of a range that matches; -1 for none.</summary>
    public long Last(IEventCondition condition, long from, long to, CancellationToken cancellation)
    {
        to = Math.Min(to, _index.Blocks.Last);
        for (int block = _index.Blocks.Find(to); block >= 0 && to >= from && _index.Blocks.End(block) >= from; block--)
        {
            cancellation.ThrowIfCancellationRequested();
            if (!_index.May(block, condition.MayMatch))
            {
                continue;
            }
            long found = -1, end = Math.Min(to, _index.Blocks.End(block));
            _cursor.Seek(Math.Max(from, _index.Blocks.First(block)));
            while (_cursor.MoveNext() && _cursor.Header.Sequence <= end)
            {
                if (condition.Matches(_cursor))
                {
                    found = _cursor.Header.Sequence;
                }
                if (_cursor.Header.Sequence == end)
                {
                    break;
                }
            }
            if (found >= 0)
            {
                return found;
            }
        }
        return -1;
    }

    /// <summary>Where the search goes on: the event itself, or the first of the next block that may match; past the range when there is none.</summary>
    private long NextBlock(IEventCondition condition, long from, long to)
    {
        LogBlocks blocks = _index.Blocks;
        if (from > to)
        {
            return from;
        }
        int block = blocks.Find(from);
        while (block < blocks.Count && blocks.First(block) <= to && !_index.May(block, condition.MayMatch))
        {
            block++;
        }
        return block < blocks.Count ? Math.Max(from, blocks.First(block)) : to + 1;
    }

    private long RunEnd(IEventCondition condition, long from, long to)
    {
        LogBlocks blocks = _index.Blocks;
        int block = blocks.Find(from);
        while (block + 1 < blocks.Count && blocks.First(block + 1) <= to && _index.May(block + 1, condition.MayMatch))
        {
            block++;
        }
        return blocks.End(block);
    }
}
