using Sim.Engine.Events;
using Sim.Engine.Scheduling;
using Sim.Hardware.Cpu;
using Sim.Kernel.Buddy;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Tasks;

namespace Sim.Kernel.PageCache;

/// <summary>
/// The worker that writes dirty pages in the background (<c>wb_workfn</c>, <c>wb_writeback</c> of fs/fs-writeback.c, Linux 6.1): from
/// <c>dirty_background_ratio</c> on down to it, files that have been dirty for <c>dirty_expire_centisecs</c>, and whatever there is
/// when reclaim asks. Files take turns, 1,024 pages each. Execution state.
/// </summary>
internal sealed class Flusher : IComponent, IThreadWork
{
    private const ushort Look = 1, GoOn = 2, LookAgain = 3;

    /// <summary>How long it waits at most for room: a queue may be full of what others have asked for (<c>HZ/100</c>).</summary>
    private const long PausePs = 10_000_000_000;

    /// <summary>Pages of a file's turn (<c>MIN_WRITEBACK_PAGES</c>), and under way at once: what is asked for meanwhile does not wait for more (blk-wbt).</summary>
    private const int ChunkPages = 1_024;

    /// <summary>Pages handed over before others run.</summary>
    private const int StepPages = 256;

    private readonly PageAllocatorState _memory;
    private readonly ReclaimState _state;
    private readonly PageWriter _writer;
    private readonly FileIo _io;
    private readonly Journal _journal;
    private readonly Scheduler _scheduler;
    private readonly KernelThread _thread;
    private readonly PageCacheOptions _options;
    private readonly ushort _id;
    private readonly long _intervalPs, _expirePs;
    private readonly List<int> _queue = [];
    private readonly Dictionary<int, long> _places = [];
    private CpuClock _cpu;
    private FlushReason _reason;
    private bool _works, _waits, _scheduled, _asked, _looks;
    private long _written, _atRound, _begunPs, _wanted, _cause;
    private int _turn, _ofTurn;

    public Flusher(
        PageAllocatorState memory, ReclaimState state, PageWriter writer, FileIo io, Journal journal, KernelThreads threads, int cpus,
        PageCacheOptions options)
    {
        _memory = memory;
        _state = state;
        _writer = writer;
        _io = io;
        _journal = journal;
        _scheduler = threads.Scheduler;
        _cpu = threads.Home;
        // Pools of workers are numbered, two for each CPU first; "u" is for the next, which is bound to none.
        _thread = threads.Make(FormattableString.Invariant($"kworker/u{cpus * 2}:flush"), this, 0);
        _options = options;
        _intervalPs = options.DirtyWritebackCentisecs * 10_000_000_000L;
        _expirePs = options.DirtyExpireCentisecs * 10_000_000_000L;
        _id = _scheduler.Register(this);
    }

    /// <inheritdoc/>
    public long Cause => _cause;

    /// <summary>A page became dirty: the flusher looks at the files after its interval (<c>wb_wakeup_delayed</c>).</summary>
    public void Dirtied(CpuClock cpu, long cause)
    {
        if (!_scheduled && !_works && _intervalPs > 0)
        {
            _scheduled = true;
            _scheduler.Schedule(Math.Max(cpu.TimePs, _scheduler.NowPs) + _intervalPs, _id, Look, cause);
        }
    }

    /// <summary>Too much is dirty (<c>wb_start_background_writeback</c>).</summary>
    public void StartBackground(CpuClock cpu, long cause) => Start(FlushReason.Background, cpu, cause);

    /// <summary>Reclaim meets dirty pages only: all that is dirty goes (<c>wakeup_flusher_threads</c>).</summary>
    public void StartAll(CpuClock cpu, long cause)
    {
        if (_state.Files.Dirty > 0)
        {
            Start(FlushReason.Vmscan, cpu, cause);
        }
    }

    /// <summary>A page was written: there is room for more.</summary>
    public void PageWritten(long cause)
    {
        if (_waits && _io.WritesUnderWay <= ChunkPages / 2 && !_io.IsFull)
        {
            _waits = false;
            _cause = cause;
            Send(GoOn);
        }
    }

    public void Handle(in Message message)
    {
        switch (message.Kind)
        {
            case Look:
                _scheduled = false;
                _cause = message.Cause;
                if (_works)
                {
                    return;
                }
                _looks = true;
                break;
            case LookAgain when !_waits:
                return;
            case LookAgain:
                _waits = false;
                break;
        }
        _thread.Wake(message.Cause);
    }

    public bool Work(CpuClock cpu, long untilPs)
    {
        _cpu = cpu;
        if (_looks)
        {
            _looks = false;
            if (!_works && !Next())
            {
                Reschedule();
                return false;
            }
        }
        bool more = _works && !_waits;
        while (more)
        {
            more = Write();
            if (_cpu.TimePs >= untilPs)
            {
                break;
            }
        }
        return more;
    }

    private void Start(FlushReason reason, CpuClock cpu, long cause)
    {
        if (_works)
        {
            _asked |= reason == FlushReason.Vmscan && _reason != reason;
            return;
        }
        Begin(reason, cause);
        _scheduler.Schedule(Math.Max(cpu.TimePs, _scheduler.NowPs), _id, GoOn, _cause);
    }

    private void Begin(FlushReason reason, long cause)
    {
        var e = new FlusherStart(reason, _state.Files.Dirty);
        _cause = _journal.Emit(in e, cause).Sequence;
        (_reason, _works, _written, _begunPs, _wanted) = (reason, true, 0, Math.Max(_cpu.TimePs, _scheduler.NowPs), _state.Files.Dirty);
        _queue.Clear();
        (_turn, _ofTurn) = (0, 0);
    }

    /// <summary>One step: as many pages as fit into the queue, of the file whose turn it is; false when the queue is full, or nothing is left to write.</summary>
    private bool Write()
    {
        if (_io.WritesUnderWay >= ChunkPages || _io.IsFull)
        {
            _waits = true;
            _scheduler.Schedule(Math.Max(_cpu.TimePs, _scheduler.NowPs) + PausePs, _id, LookAgain, _cause);
            return false;
        }
        if (!IsWanted() || !Turn())
        {
            return End();
        }
        int file = _queue[_turn];
        long from = _places.GetValueOrDefault(file);
        int begun = _writer.Write(file, ref from, Math.Min(StepPages, ChunkPages - _ofTurn), _cpu, _cause);
        _places[file] = Math.Max(from, 0);
        _written += begun;
        _ofTurn += begun;
        if (from < 0 || _ofTurn >= ChunkPages)
        {
            _turn++;
            _ofTurn = 0;
        }
        return true;
    }

    private bool IsWanted() => _reason switch
    {
        FlushReason.Background => _state.Files.Dirty > DirtyLimits.Of(_memory, _state.Lru, _options).Background,
        _ => _written < _wanted,
    };

    /// <summary>Sees to it that there is a file to write; false when none is left, or a round over all wrote nothing.</summary>
    private bool Turn()
    {
        if (_turn < _queue.Count)
        {
            return true;
        }
        if (_queue.Count > 0 && _written == _atRound)
        {
            return false;
        }
        _atRound = _written;
        _state.Files.DirtySince(_reason == FlushReason.Periodic ? _begunPs - _expirePs : long.MaxValue, _queue);
        _turn = 0;
        return _queue.Count > 0;
    }

    /// <summary>True when there is more to do.</summary>
    private bool End()
    {
        var e = new FlusherEnd(_reason, _written, _state.Files.Dirty);
        _cause = _journal.Emit(in e, _cause).Sequence;
        _works = false;
        if (_asked && _state.Files.Dirty > 0)
        {
            _asked = false;
            Begin(FlushReason.Vmscan, _cause);
            return true;
        }
        _asked = false;
        // What could not be written now, because it is being written already, waits for the next time.
        if (_written > 0 && Next())
        {
            return true;
        }
        Reschedule();
        return false;
    }

    /// <summary>Begins what there is to do without being asked (<c>wb_do_writeback</c>): expired files, or too much; false for nothing.</summary>
    private bool Next()
    {
        long now = Math.Max(_cpu.TimePs, _scheduler.NowPs);
        _state.Files.DirtySince(now - _expirePs, _queue);
        if (_queue.Count > 0 && _intervalPs > 0)
        {
            Begin(FlushReason.Periodic, _cause);
            return true;
        }
        if (_state.Files.Dirty > DirtyLimits.Of(_memory, _state.Lru, _options).Background)
        {
            Begin(FlushReason.Background, _cause);
            return true;
        }
        return false;
    }

    private void Reschedule()
    {
        if (_state.Files.Dirty > 0)
        {
            Dirtied(_cpu, _cause);
        }
    }

    private void Send(ushort kind) => _scheduler.Schedule(Math.Max(_cpu.TimePs, _scheduler.NowPs), _id, kind, _cause);
}
