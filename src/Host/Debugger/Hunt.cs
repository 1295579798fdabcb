using Sim.Engine.Events;
using Sim.Engine.Replay;
using Sim.Host.Index;

namespace Sim.Host.Debugger;

/// <summary>
/// Looks for the next moment, forwards or backwards, at which one of several places to stop is reached. Events that
/// expressions mean are found in the log; changes of the state need a fold, which goes window by window.
/// </summary>
internal sealed class Hunt : IEventCondition, IFoldWatcher
{
    private const long FirstWindow = 4_096, GreatestWindow = 1L << 20;

    private readonly DebugContext _context;
    private readonly IReadOnlyList<StopPoint> _points;
    private readonly StopPoint[] _breaks, _watches;

    public Hunt(DebugContext context, IReadOnlyList<StopPoint> points)
    {
        (_context, _points) = (context, points);
        _breaks = [.. points.Where(p => p.Condition is not null)];
        _watches = [.. points.Where(p => p.Watch is not null)];
    }

    /// <summary>Goes to the next stop after the present position; null, and at the log's end, when there is none.</summary>
    public IReadOnlyList<(StopPoint Point, string What)>? Forward()
    {
        long last = _context.Timeline.Last;
        long window = _watches.Length == 0 ? long.MaxValue : FirstWindow;
        for (long from = _context.Timeline.Position + 1; from <= last; window = Math.Min(window * 2, GreatestWindow))
        {
            _context.Cancellation.ThrowIfCancellationRequested();
            long to = window > last - from ? last : from + window - 1;
            long found = _breaks.Length == 0 ? -1 : _context.Search.First(this, from, to, _context.Cancellation);
            Fold(found >= 0 ? found : to);
            long changed = _watches.Select(w => w.Watch!.First).Where(s => s >= 0).DefaultIfEmpty(-1).Min();
            if (changed >= 0 || found >= 0)
            {
                return StopAt(changed >= 0 ? changed : found, last: false);
            }
            from = to + 1;
        }
        _context.Timeline.GoTo(last);
        return null;
    }

    /// <summary>Goes to the last stop before the present position; null, and before the first event, when there is none.</summary>
    public IReadOnlyList<(StopPoint Point, string What)>? Backward()
    {
        long window = _watches.Length == 0 ? long.MaxValue : FirstWindow;
        for (long to = _context.Timeline.Position - 1; to >= 0; window = Math.Min(window * 4, GreatestWindow))
        {
            _context.Cancellation.ThrowIfCancellationRequested();
            long from = window > to ? 0 : to - window + 1;
            long found = _breaks.Length == 0 ? -1 : _context.Search.Last(this, from, to, _context.Cancellation);
            if (_watches.Length > 0)
            {
                _context.Timeline.GoTo(from - 1);
                Fold(to);
            }
            long changed = _watches.Select(w => w.Watch!.Last).DefaultIfEmpty(-1).Max();
            if (changed >= 0 || found >= 0)
            {
                return StopAt(Math.Max(changed, found), last: true);
            }
            to = from - 1;
        }
        _context.Timeline.GoTo(-1);
        return null;
    }

    /// <inheritdoc/>
    public bool Matches(EventCursor e) => Array.Exists(_breaks, b => b.Condition!.Matches(e));

    /// <inheritdoc/>
    public bool MayMatch(in BlockSummary block)
    {
        foreach (StopPoint point in _breaks)
        {
            if (point.Condition!.MayMatch(in block))
            {
                return true;
            }
        }
        return false;
    }

    /// <inheritdoc/>
    public void After(int kind, in EventHeader header)
    {
        foreach (StopPoint point in _watches)
        {
            point.Watch!.After(header.Sequence);
        }
    }

    private void Fold(long to)
    {
        if (_watches.Length == 0)
        {
            return;
        }
        foreach (StopPoint point in _watches)
        {
            point.Watch!.Begin(_context.Timeline.State.State);
        }
        _context.Timeline.Watcher = this;
        _context.Timeline.GoTo(to);
        _context.Timeline.Watcher = null;
    }

    private List<(StopPoint, string)> StopAt(long sequence, bool last)
    {
        _context.Timeline.GoTo(sequence);
        _context.Cursor.Seek(sequence);
        _context.Cursor.MoveNext();
        var stops = new List<(StopPoint, string)>();
        foreach (StopPoint point in _points)
        {
            if (point.Condition?.Matches(_context.Cursor) == true)
            {
                stops.Add((point, ""));
            }
            else if (point.Watch is { } watch && (last ? watch.Last : watch.First) == sequence)
            {
                stops.Add((point, watch.Describe(_context, last)));
            }
        }
        return stops;
    }
}
