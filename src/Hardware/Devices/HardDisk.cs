using Sim.Engine.Scheduling;

namespace Sim.Hardware.Devices;

/// <summary>
/// A hard disk with a queue in the order of mq-deadline (block/mq-deadline.c): requests are taken in the order of their place,
/// in batches; reads before writes, unless these have waited for too many batches; one whose time is up begins a batch.
/// Execution state.
/// </summary>
public sealed class HardDisk : IBlockDevice, IComponent
{
    private struct Waiting
    {
        public BlockRequest Request;
        public long DeadlinePs;
        public bool Follows;
    }

    private readonly HardDiskOptions _options;
    private readonly DiskGeometry _geometry;
    private readonly Scheduler _scheduler;
    private readonly ushort _id;
    private readonly List<Waiting> _reads = [];
    private readonly List<Waiting> _writes = [];
    private BlockRequest _current;
    private bool _busy, _batchWrites;
    private long _page, _cylinder, _reads0, _writes0, _busyPs, _startedPs;
    private long _readAt = -1, _writeAt = -1;
    private int _batchLeft, _starved;

    /// <param name="options">The disk.</param>
    /// <param name="scheduler">Carries its messages.</param>
    public HardDisk(HardDiskOptions options, Scheduler scheduler)
    {
        _options = options;
        _geometry = new DiskGeometry(options);
        _scheduler = scheduler;
        _id = scheduler.Register(this);
    }

    /// <inheritdoc/>
    public bool IsRotational => true;

    /// <inheritdoc/>
    public bool IsSynchronous => false;

    /// <inheritdoc/>
    public bool IsFull => Runs(_writes) + Runs(_reads) >= _options.QueueRequests;

    /// <inheritdoc/>
    public BlockStatistics Statistics => new(_reads0, _writes0, _busyPs);

    /// <inheritdoc/>
    public long Submit(in BlockRequest request, long timePs)
    {
        long expirePs = (request.Write ? _options.WriteExpireMs : _options.ReadExpireMs) * 1_000_000_000L;
        List<Waiting> list = request.Write ? _writes : _reads;
        bool follows = list.Count > 0 && list[^1].Request.Page + list[^1].Request.Pages == request.Page;
        list.Add(new Waiting { Request = request, DeadlinePs = timePs + expirePs, Follows = follows });
        if (!_busy)
        {
            // Requests of the same moment are all there when the first is taken.
            _busy = true;
            _current = default;
            _startedPs = timePs;
            _scheduler.Schedule(timePs, _id, 0, request.Cause);
        }
        return 0;
    }

    /// <inheritdoc/>
    public void Handle(in Message message)
    {
        long now = _scheduler.NowPs;
        if (_current.Kind != 0)
        {
            _busyPs += now - _startedPs;
            _scheduler.Schedule(now, _current.Client, _current.Kind, _current.Cause, _current.Tag, _current.Write ? 1 : 0);
        }
        if (_reads.Count + _writes.Count == 0)
        {
            _current = default;
            _busy = false;
            return;
        }
        _current = Next(now);
        _startedPs = now;
        long at = now + (_options.OverheadUs * 1_000_000L), cylinder = _geometry.CylinderOf(_current.Page);
        // The next page on the track needs no command of its own: the disk's cache has taken it in, or gathers it.
        if (_current.Page == _page)
        {
            at = now + (_geometry.TransferPs * _current.Pages);
        }
        else
        {
            at += _geometry.SeekPs(_cylinder, cylinder, _current.Write);
            at += _geometry.RotationPs(_current.Page, at) + (_geometry.TransferPs * _current.Pages);
        }
        (_cylinder, _page) = (cylinder, _current.Page + _current.Pages);
        _ = _current.Write ? _writes0 += _current.Pages : _reads0 += _current.Pages;
        _scheduler.Schedule(at, _id, 0, _current.Cause);
    }

    private BlockRequest Next(long now)
    {
        List<Waiting> list = _batchWrites ? _writes : _reads;
        int next = _batchLeft > 0 ? FirstBehind(list, _batchWrites ? _writeAt : _readAt) : -1;
        if (next >= 0)
        {
            _batchLeft--;
            return Take(list, next);
        }
        _batchWrites = _reads.Count == 0 || (_writes.Count > 0 && _starved >= _options.WritesStarved);
        _starved = _batchWrites || _writes.Count == 0 ? 0 : _starved + 1;
        list = _batchWrites ? _writes : _reads;
        _batchLeft = _options.FifoBatch - 1;
        // The oldest begins when its time is up, or when nothing lies behind the last of its kind.
        next = list[0].DeadlinePs <= now ? 0 : FirstBehind(list, _batchWrites ? _writeAt : _readAt);
        return Take(list, Math.Max(next, 0));
    }

    /// <summary>The request nearest behind a page; -1 when all are before it, or there is no such page yet.</summary>
    private static int FirstBehind(List<Waiting> list, long page)
    {
        int found = -1;
        for (int i = 0; i < list.Count; i++)
        {
            long at = list[i].Request.Page;
            if (page >= 0 && at >= page && (found < 0 || at < list[found].Request.Page))
            {
                found = i;
            }
        }
        return found;
    }

    /// <summary>Requests, where a page that was asked for right behind the one before it belongs to that one's (a merge at the back).</summary>
    private static int Runs(List<Waiting> list)
    {
        int runs = 0;
        foreach (Waiting waiting in list)
        {
            runs += waiting.Follows ? 0 : 1;
        }
        return runs;
    }

    private BlockRequest Take(List<Waiting> list, int index)
    {
        BlockRequest request = list[index].Request;
        list.RemoveAt(index);
        (_readAt, _writeAt) = request.Write ? (_readAt, request.Page + request.Pages) : (request.Page + request.Pages, _writeAt);
        return request;
    }
}
