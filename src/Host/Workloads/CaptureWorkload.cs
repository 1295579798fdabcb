using System.Globalization;
using Sim.Engine.Scheduling;
using Sim.Engine.Snapshots;
using Sim.Hardware.Cpu;
using Sim.Host.Captures;
using Sim.Host.Experiments;
using Sim.Host.Traces;
using Sim.Kernel;
using Sim.Kernel.Buddy;
using Sim.Kernel.Zones;

namespace Sim.Host.Workloads;

/// <summary>
/// Asks this machine's page allocator what a recorded kernel was asked, in the order of its list operations. The recorded
/// answers name the blocks that are freed later; they never change what this machine answers.
/// </summary>
internal sealed class CaptureWorkload : IWorkload, IComponent
{
    private readonly Machine _machine;
    private readonly CaptureOptions _options;
    [NotInSnapshot]
    private readonly ICaptureObserver? _observer;
    [NotInSnapshot]
    private readonly FtraceText _text;
    private readonly CaptureRange _range;
    private readonly CaptureOrder _order;
    private readonly BlockNames _names;
    private readonly UntracedBoot? _boot;
    private readonly ReclaimOrder? _reclaimOrder;
    private readonly CaptureReclaim? _reclaim;
    private readonly ushort _id;
    private readonly HashSet<int> _memalloc = [], _slow = [], _named = [];
    private readonly long[] _boosts = new long[ZoneTypes.Count];
    private readonly long[] _bulk = new long[1 << 12];
    private int _next;
    private long _startPs, _recordedDrains, _leftOut;
    private CaptureEvent _bulkRequest, _isolateRequest;
    private CaptureCounts _counts;

    /// <exception cref="ExperimentException">The trace cannot be read.</exception>
    public CaptureWorkload(Machine machine, CaptureOptions options, ICaptureObserver? observer)
    {
        _machine = machine;
        _options = options;
        _observer = observer;
        _id = machine.Scheduler.Register(this);
        observer?.Watch(machine);
        try
        {
            _text = CaptureText.Read(options.Trace.Path);
            _range = CaptureRange.Of(_text, options.From);
        }
        catch (TraceFormatException e)
        {
            throw new ExperimentException(e.Message, e);
        }
        _names = new BlockNames(machine.State.Memory.Pages.Frames, begunWithLists: machine.State.Options.Lists is not null);
        _order = new CaptureOrder(_text, _range, machine.State.Memory.Pages);
        _next = _range.First;
        if (options.Frees == CaptureFrees.Closed)
        {
            ReclaimFrees.Mark(_text);
            _reclaimOrder = new ReclaimOrder(_text, _range, i => !_order.IsBatched(i), machine.State.Memory.Pages.Frames);
            _reclaim = new CaptureReclaim(machine, _reclaimOrder, Shape);
        }
        if (options.KernelInputs)
        {
            _boot = _range.Checkpoint < 0 && machine.State.Options.Lists is not null ? new UntracedBoot(machine.Pages) : null;
            machine.Pages.Kswapd = new RecordedKswapd();
            machine.Pages.RecordedClaim = Claims;
        }
    }

    /// <summary>Where the stretch begins and ends.</summary>
    public CaptureRange Range => _range;

    /// <inheritdoc/>
    public bool IsFinished => _next >= _range.End;

    /// <inheritdoc/>
    public double Done => (double)(_next - _range.First) / Math.Max(1, _range.End - _range.First);

    /// <summary>What was replayed, and what was taken from the trace beside requests and frees.</summary>
    public CaptureCounts Counts => _counts with { Reordered = _order.Reordered, Untraced = _boot?.Pages ?? 0 };

    /// <inheritdoc/>
    public IEnumerable<(string Name, long Value)> Statistics => _reclaim is null ? Counts.Named : Counts.Named.Concat(
    [
        ("freesLeftOut", _leftOut), ("kswapdWakeups", _reclaim.Wakeups),
        ("pagesReclaimedByKswapd", _reclaim.ByKswapd), ("pagesReclaimedDirectly", _reclaim.Directly),
    ]);

    /// <inheritdoc/>
    public void Start(long nowPs)
    {
        _startPs = nowPs;
        if (_machine.State.Options.Lists is not null)
        {
            foreach (HeldBlock block in HeldBlock.Of(_text.Events, _range))
            {
                _counts.Held += Pages.Held(block.Pfn, block.Order, block.MigrateType, block.Pid, block.Line) ? 1 : 0;
            }
        }
        if (_reclaimOrder is not null && _machine.State.Options.Lists is not null)
        {
            foreach (int free in _reclaimOrder.HeldBefore)
            {
                if (_text.Events[free].Pfn + (1L << _text.Events[free].Order) <= _machine.State.Memory.Pages.Frames.Count)
                {
                    _reclaimOrder.Hold(free, _text.Events[free].Pfn);
                }
            }
        }
        if (!IsFinished)
        {
            _machine.Scheduler.Schedule(nowPs, _id, 0, cause: -1);
        }
    }

    /// <inheritdoc/>
    public void Handle(in Message message)
    {
        CpuOf(in _text.Events[_next]).BeginDispatch(message.TimePs);
        if (!_order.IsDone(_next))
        {
            int early = _order.AllocationBefore(_next);
            if (early >= 0)
            {
                Process(early);
            }
            Process(_next);
        }
        if (++_next < _range.End)
        {
            long time = _startPs + _text.Events[_next].TimePs - _text.Events[_range.First].TimePs;
            _machine.Scheduler.Schedule(Math.Max(time, message.TimePs), _id, 0, cause: -1);
        }
    }

    private PageAllocator Pages => _machine.Pages;

    private void Process(int index)
    {
        ref readonly CaptureEvent e = ref _text.Events[index];
        switch (e.Kind)
        {
            case CaptureEventKind.Alloc:
                Allocate(in e, index);
                break;
            case CaptureEventKind.Free when _order.IsBatched(index):
                break;
            case CaptureEventKind.Free or CaptureEventKind.FreeBatched when _reclaim is not null && (e.Flags & CaptureFlags.ByReclaim) != 0:
                // The name is over; the block stays until this machine's reclaim takes it.
                _leftOut++;
                _names.Release(e.Pfn, e.Order);
                break;
            case CaptureEventKind.Free:
            case CaptureEventKind.FreeBatched:
                Free(in e, past: _order.FindsListsLocked(index));
                break;
            case CaptureEventKind.Bulk:
                _bulkRequest = e;
                break;
            case CaptureEventKind.BulkReturn:
                Bulk(e.Number);
                break;
            case CaptureEventKind.Mark:
                Mark(in e);
                break;
            case CaptureEventKind.DirectReclaimBegin:
                _memalloc.Add(e.Pid);
                break;
            case CaptureEventKind.DirectReclaimEnd:
                _memalloc.Remove(e.Pid);
                _slow.Add(e.Pid);
                break;
            case CaptureEventKind.WakeKswapd when e.Gfp != 0:
                _slow.Add(e.Pid);
                break;
            case CaptureEventKind.Balance:
                _memalloc.Add(e.Pid);
                Balance(in e, active: true);
                break;
            case CaptureEventKind.BalanceReturn:
                _memalloc.Remove(e.Pid);
                Balance(in e, active: false);
                break;
            case CaptureEventKind.Isolate:
                _isolateRequest = e;
                break;
            default:
                if (_options.KernelInputs)
                {
                    KernelInput(in e);
                }
                break;
        }
    }

    private void Allocate(in CaptureEvent e, int index)
    {
        var gfp = (GfpFlags)e.Gfp;
        if (_options.KernelInputs)
        {
            // What the recorded kernel did to get the page is in the trace: nothing is to be done for it once more.
            gfp &= ~(GfpFlags.DirectReclaim | GfpFlags.NoFail);
        }
        if (e.Context == CaptureContext.Task && _memalloc.Contains(e.Pid))
        {
            gfp |= GfpFlags.MemAlloc;
            _counts.Memalloc++;
        }
        CpuClock cpu = CpuOf(in e);
        if (_named.Add(e.Pid) && _text.Tasks.TryGetValue(e.Pid, out string? comm))
        {
            var task = new RecordedTask(e.Pid, _machine.Journal.Intern(comm));
            _machine.Journal.Emit(in task, -1);
        }
        _boot?.BeforeAllocation(in e, cpu);
        var request = new RecordedRequest(e.Line, e.Order, e.Gfp, e.Pid, e.Pfn);
        long cause = _machine.Journal.Emit(in request, -1).Sequence;
        bool slowly = _options.KernelInputs && e.Context == CaptureContext.Task && _slow.Remove(e.Pid);
        ZoneType? zone = _options.KernelInputs ? Pages.ZoneFor(e.Order, gfp, slowly) : null;
        if (e.Pfn == 0 && _options.KernelInputs)
        {
            // The recorded kernel had nothing to give: the question is only whether this one would have.
            _counts.Requests++;
            _observer?.Allocated(in e, zone is null ? -1 : 0, zone);
            return;
        }
        long pfn = !_options.KernelInputs || zone == ZoneOf(e.Pfn)
            ? Pages.AllocPages(e.Order, gfp, e.Pid, cpu, cause, slowly)
            : AllocateElsewhere(in e, gfp, slowly, ZoneOf(e.Pfn), cpu, cause);
        if (pfn < 0 && e.Pfn != 0 && _options.KernelInputs)
        {
            _counts.Forced++;
            pfn = Pages.AllocPages(e.Order, gfp | GfpFlags.MemAlloc, e.Pid, cpu, cause);
        }
        _counts.Requests++;
        _counts.Failures += pfn < 0 ? 1 : 0;
        if (e.Pfn != 0)
        {
            _names.Bind(e.Pfn, e.Order, pfn);
            if (pfn >= 0)
            {
                _reclaimOrder?.Allocated(index, pfn);
            }
        }
        else if (pfn >= 0)
        {
            // The recorded kernel had nothing to give, so nobody will give this back.
            Pages.FreePages(pfn, e.Order, cpu, cause);
        }
        _observer?.Allocated(in e, pfn, zone);
    }

    /// <summary>Which frames reclaim has on its lists is not in the trace, but where pages of the block are freed to afterwards is.</summary>
    private bool Claims(long start, MigrateType old, MigrateType type, bool counted)
    {
        if (old == type || _order.BlockTypeAfter(_next, start, 1 << _machine.State.Memory.Pages.Profile.PageblockOrder) is not { } after
            || (after == type) == counted || (after != type && after != old))
        {
            return counted;
        }
        _counts.Claims++;
        return !counted;
    }

    private ZoneType ZoneOf(long recordedPfn)
    {
        FrameTable frames = _machine.State.Memory.Pages.Frames;
        return recordedPfn < frames.Count ? frames[recordedPfn].Zone : ZoneType.Device;
    }

    private long AllocateElsewhere(in CaptureEvent e, GfpFlags gfp, bool slowly, ZoneType recorded, CpuClock cpu, long cause)
    {
        if (Pages.ZoneFor(e.Order, gfp, slowly, z => z.FreePagesCounter + z.FreePagesDiff(cpu.Id)) == recorded)
        {
            _counts.Flushes++;
            Pages.RefreshNow(cpu, cause);
        }
        else if (Pages.ZoneFor(e.Order, gfp | GfpFlags.MemAlloc, slowly) == recorded)
        {
            _counts.Reserves++;
            gfp |= GfpFlags.MemAlloc;
        }
        else
        {
            _counts.ZonesTaken++;
            return Pages.AllocPagesFrom(recorded, e.Order, gfp, e.Pid, cpu, cause);
        }
        return Pages.AllocPages(e.Order, gfp, e.Pid, cpu, cause, slowly);
    }

    private void Free(in CaptureEvent e, bool past)
    {
        long pfn = _names.Release(e.Pfn, e.Order);
        if (pfn < 0)
        {
            _counts.UnknownFrees++;
            return;
        }
        CpuClock cpu = CpuOf(in e);
        _boot?.BeforeFree(in e, _order.DrainsAfter(_next), cpu);
        if (!Shape(pfn, e.Order))
        {
            _counts.DoubleFrees++;
            return;
        }
        _counts.Frees++;
        if (past)
        {
            _counts.FreesPastPcp++;
            Pages.FreePagesToBuddy(pfn, e.Order, cpu, -1);
        }
        else
        {
            Pages.FreePages(pfn, e.Order, cpu, -1);
        }
    }

    /// <summary>Makes the block at a frame one of the order: blocks are freed in other sizes than they were allocated in.</summary>
    /// <returns>False when this machine holds some of it free.</returns>
    private bool Shape(long pfn, int order)
    {
        FrameTable frames = _machine.State.Memory.Pages.Frames;
        long head = pfn;
        while (frames[head].State == FrameState.Tail)
        {
            // The head is at a multiple of its block's size: clear one bit after the other.
            head &= head - 1;
        }
        if (frames[head].State != FrameState.Allocated)
        {
            return false;
        }
        if (frames[head].Order > order || head != pfn)
        {
            Pages.SplitPage(head, order, -1);
        }
        if (frames[pfn].Order < order)
        {
            for (long piece = pfn; piece < pfn + (1L << order); piece += 1L << frames[piece].Order)
            {
                if (frames[piece].State != FrameState.Allocated)
                {
                    return false;
                }
            }
            Pages.Found(pfn, order, -1);
        }
        return true;
    }

    private void Bulk(int got)
    {
        // A request for one page goes the ordinary way, which is traced; so does the rest of one that fell short.
        int count = Math.Min(Math.Min(got, _bulkRequest.Number), _bulk.Length);
        if (_bulkRequest.Number <= 1 || count <= 0)
        {
            return;
        }
        _counts.BulkPages += Pages.AllocPagesBulk(
            (GfpFlags)_bulkRequest.Gfp, _bulkRequest.Pid, CpuOf(in _bulkRequest), -1, _bulk.AsSpan(0, count));
        _bulkRequest.Number = 0;
    }

    private void Balance(in CaptureEvent e, bool active)
    {
        if (!_options.KernelInputs)
        {
            return;
        }
        ZoneType[] zones = _machine.State.Memory.Pages.Profile.Zones;
        for (int i = 0; i < _boosts.Length; i++)
        {
            // A round takes back the boosts that it found when it began.
            Zone zone = _machine.State.Memory.Pages.Zone((ZoneType)i);
            if (active)
            {
                _boosts[i] = i <= (int)zones[Math.Clamp(e.Number, 0, zones.Length - 1)] ? zone.WatermarkBoost : 0;
            }
            else
            {
                Pages.SetBoost(zone, zone.WatermarkBoost - Math.Min(zone.WatermarkBoost, _boosts[i]), -1);
            }
        }
        Pages.SetReclaimActive(active ? zones[Math.Clamp(e.Number, 0, zones.Length - 1)] : zones[^1], active, -1);
        _counts.Balances += active ? 1 : 0;
    }

    private void KernelInput(in CaptureEvent e)
    {
        CpuClock cpu = CpuOf(in e);
        switch (e.Kind)
        {
            case CaptureEventKind.ZoneLocked:
                _boot?.Removed(in e);
                break;
            case CaptureEventKind.DrainAll:
            case CaptureEventKind.DrainLocal:
                _counts.Drains++;
                foreach (Zone zone in _machine.State.Memory.Pages.Zones)
                {
                    if (e.Pfn == 0 || _order.ZoneAt(e.Pfn, in e) == zone.Type)
                    {
                        if (e.Kind == CaptureEventKind.DrainAll)
                        {
                            Pages.DrainZone(zone, cpu, -1);
                        }
                        else
                        {
                            Pages.DrainLocal(zone, cpu.Id, cpu, -1);
                        }
                    }
                }
                break;
            case CaptureEventKind.IsolateReturn when e.Number != 0:
                Isolate(cpu);
                break;
            case CaptureEventKind.PcpDrain when e.Pfn < _machine.State.Memory.Pages.Frames.Count:
                // More pages left per-CPU lists than anything known explains: a drain that leaves no trace of its own.
                if (_machine.State.Memory.Pages.DrainedBlocks < ++_recordedDrains)
                {
                    _counts.InferredDrains++;
                    Pages.DrainLocal(_machine.State.Memory.Pages.Zone(_machine.State.Memory.Pages.Frames[e.Pfn].Zone), cpu.Id, cpu, -1);
                }
                break;
        }
    }

    private void Isolate(CpuClock cpu)
    {
        long pfn = _isolateRequest.Pfn;
        if (pfn >= _machine.State.Memory.Pages.Frames.Count)
        {
            _counts.MissedIsolations++;
            return;
        }
        ref readonly Frame frame = ref _machine.State.Memory.Pages.Frames[pfn];
        if (frame.State != FrameState.Buddy || frame.Order != _isolateRequest.Order)
        {
            _counts.MissedIsolations++;
            return;
        }
        _counts.Isolations++;
        Pages.IsolateFreePage(pfn, cpu, -1, force: true);
        for (int i = 0; i < 1 << _isolateRequest.Order; i++)
        {
            _names.Bind(pfn + i, 0, pfn + i);
        }
    }

    private void Mark(in CaptureEvent e)
    {
        string[] words = _text.Marks[e.Number].Split(' ');
        if (words.Length < 3 || !int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out int number))
        {
            return;
        }
        if (words[0] == "KT_SNAP")
        {
            var checkpoint = new RecordedCheckpoint(e.Line, number);
            _machine.Journal.Emit(in checkpoint, -1);
            _observer?.Checkpoint(number, words[2]);
        }
        else if (words[0] == "KT_READ" && words.Length > 3 && words[3] == "buddyinfo")
        {
            _observer?.Buddyinfo(number);
        }
    }

    private Cpu CpuOf(in CaptureEvent e) => _machine.Cpus[e.Cpu % _machine.Cpus.Length];

    /// <summary>Its rounds are in the trace.</summary>
    private sealed class RecordedKswapd : IKswapd
    {
        public void Wakeup(Zone zone, int order, ZoneType highestZone, GfpFlags gfp, CpuClock cpu, long cause)
        {
        }
    }
}
