using System.Numerics;
using Sim.Engine.Events;
using Sim.Engine.Scheduling;
using Sim.Hardware.Cpu;
using Sim.Kernel.Buddy;
using Sim.Kernel.Reclaim;

namespace Sim.Kernel.PageCache;

/// <summary>
/// Holds tasks back that make pages dirty faster than the device writes them (<c>balance_dirty_pages</c> of mm/page-writeback.c, Linux
/// 6.1): each gets a share of the device's measured rate, less the nearer the dirty pages are to their limit, and pauses between
/// pages accordingly. Execution state.
/// </summary>
internal sealed class DirtyThrottle : IComponent
{
    private struct Dirtier
    {
        public long PausedPs;
        public int Dirtied, PollPages;
    }

    private const long SecondPs = 1_000_000_000_000, LongestPausePs = SecondPs / 5, TargetPausePs = SecondPs / 100;

    /// <summary>The rate is looked at this often (<c>BANDWIDTH_INTERVAL</c>), and averaged over that long.</summary>
    private const long IntervalPs = SecondPs / 5, AveragePs = 3 * SecondPs;

    /// <summary>What a device is believed to write before it was seen to: 100 MB/s (<c>INIT_BW</c>).</summary>
    private const long FirstPagesPerSecond = (100L << 20) >> 12;

    /// <summary>Fewest pages between two pauses (<c>DIRTY_POLL_THRESH</c>), and those before a task is first looked at (<c>copy_process</c>).</summary>
    private const int MinPollPages = 32;

    private readonly PageAllocatorState _memory;
    private readonly ReclaimState _state;
    private readonly Flusher _flusher;
    private readonly Journal _journal;
    private readonly Scheduler _scheduler;
    private readonly PageCacheOptions _options;
    private readonly ushort _id;
    private Dirtier[] _dirtiers = new Dirtier[16];
    private long _writeRate = FirstPagesPerSecond, _shareRate = FirstPagesPerSecond, _lookedPs, _writtenThen, _dirtiedThen;

    public DirtyThrottle(
        PageAllocatorState memory, ReclaimState state, Flusher flusher, Journal journal, Scheduler scheduler, PageCacheOptions options)
    {
        _memory = memory;
        _state = state;
        _flusher = flusher;
        _journal = journal;
        _scheduler = scheduler;
        _options = options;
        _id = scheduler.Register(this);
    }

    /// <summary>Wakes a task; set when the tasks are there.</summary>
    public Action<int, long>? Wake { get; set; }

    /// <summary>A page was made dirty by someone who cannot be held back.</summary>
    public void Dirtied(CpuClock cpu, long cause) => _flusher.Dirtied(cpu, cause);

    /// <summary>A task has written to a page; true when it has to sleep, from which it will be woken.</summary>
    /// <param name="pid">The task.</param>
    /// <param name="dirties">The page was clean: one that was dirty is not counted again (<c>folio_account_dirtied</c>).</param>
    /// <param name="cpu">The CPU it runs on.</param>
    /// <param name="cause">Event that led here.</param>
    public bool MustPause(int pid, bool dirties, CpuClock cpu, long cause)
    {
        _flusher.Dirtied(cpu, cause);
        ref Dirtier task = ref Of(pid);
        task.Dirtied += dirties ? 1 : 0;
        if (task.Dirtied < (task.PollPages == 0 ? MinPollPages : task.PollPages))
        {
            return false;
        }
        long now = Math.Max(cpu.TimePs, _scheduler.NowPs);
        DirtyLimits limits = DirtyLimits.Of(_memory, _state.Lru, _options);
        long dirty = _state.Files.Dirty + _state.Writeback;
        if (_state.Files.Dirty > limits.Background)
        {
            _flusher.StartBackground(cpu, cause);
        }
        if (dirty <= limits.FreeRun)
        {
            long room = limits.Throttle - dirty;
            task = new Dirtier { PausedPs = now, PollPages = room > 0 ? 1 << (BitOperations.Log2((ulong)room) / 2) : 1 };
            return false;
        }
        long part = PartOf(dirty, limits);
        Measure(now, part);
        long rate = (_shareRate * part) >> 10, longest = Math.Min(LongestPausePs, (dirty * SecondPs / (_writeRate + 1) / 8) + (SecondPs / 250));
        long period = rate == 0 ? longest : task.Dirtied * SecondPs / rate;
        long pause = rate == 0 ? longest : Math.Min(period - (task.PausedPs == 0 ? 0 : now - task.PausedPs), longest);
        if (pause < TargetPausePs / 2)
        {
            // Too short to be worth it: it is made up for the next time, unless the task has long been away.
            (task.PausedPs, task.Dirtied) = (pause < -SecondPs ? now : task.PausedPs + period, 0);
            return false;
        }
        int poll = (int)Math.Clamp(_shareRate * TargetPausePs / SecondPs, 1, 1 << 20);
        task.PollPages = Math.Max(poll, (int)Math.Min(MinPollPages, 1 + (_shareRate * longest / SecondPs)));
        (task.PausedPs, task.Dirtied) = (now + pause, 0);
        var e = new DirtyPause(pid, dirty, limits.Throttle, pause / 1000);
        EventHeader header = _journal.Emit(in e, cause);
        _scheduler.Schedule(now + pause, _id, 0, header.Sequence, pid);
        return true;
    }

    public void Handle(in Message message) => Wake?.Invoke((int)message.A, message.Cause);

    /// <summary>
    /// The part of its share that a task may use, in 1024ths: all where dirty pages are half-way between the limit and where throttling
    /// begins, none at the limit, twice as much when there are few (<c>pos_ratio_polynom</c>).
    /// </summary>
    private static long PartOf(long dirty, DirtyLimits limits)
    {
        if (dirty >= limits.Throttle)
        {
            return 0;
        }
        long middle = (limits.FreeRun + limits.Throttle) / 2;
        Int128 x = ((Int128)(middle - dirty) << 10) / ((limits.Throttle - middle) | 1);
        return (long)Int128.Clamp(1024 + ((x * x * x) >> 20), 0, 2048);
    }

    /// <summary>Measures what the device writes, and from what was made dirty meanwhile how large a task's share is.</summary>
    private void Measure(long now, long part)
    {
        long elapsed = now - _lookedPs;
        if (elapsed < IntervalPs)
        {
            return;
        }
        long written = _state[VmEvent.NrWritten], dirtied = _state[VmEvent.NrDirtied];
        long seen = (long)((Int128)(written - _writtenThen) * SecondPs / elapsed), made = (long)((Int128)(dirtied - _dirtiedThen) * SecondPs / elapsed);
        if (elapsed < 10 * SecondPs)
        {
            long weight = Math.Min(elapsed, AveragePs);
            _writeRate = Math.Max(1, (long)(((Int128)seen * weight + (Int128)_writeRate * (AveragePs - weight)) / AveragePs));
            long task = ((_shareRate * part) >> 10) + 1;
            long balanced = Math.Min(_writeRate, (long)((Int128)task * _writeRate / (made | 1)));
            // Towards the balance, and only where both the rate and the place of the dirty pages ask for it; never far at once.
            bool both = part > 1024 ? balanced > _shareRate : balanced < _shareRate;
            _shareRate = Math.Max(1, both ? _shareRate + ((balanced - _shareRate) / 4) : _shareRate);
        }
        (_lookedPs, _writtenThen, _dirtiedThen) = (now, written, dirtied);
    }

    private ref Dirtier Of(int pid)
    {
        if (pid >= _dirtiers.Length)
        {
            Array.Resize(ref _dirtiers, Math.Max(pid + 1, _dirtiers.Length * 2));
        }
        return ref _dirtiers[pid];
    }
}
