using Sim.Engine.Snapshots;
using Sim.Kernel.Buddy;
using Sim.Kernel.Zones;

namespace Sim.Host.Captures;

/// <summary>
/// The order of list operations behind the events of a trace. An allocation's event is written a little after its page left
/// the list, a free's a little before the page goes there, with interrupts on: what an interrupt frees in between is in the
/// trace on the wrong side, and an interrupt that finds the per-CPU lists locked goes past them. Both are told from the
/// neighbouring events, and from whether this machine's list begins with the page in question.
/// </summary>
internal sealed partial class CaptureOrder
{
    [NotInSnapshot]
    private readonly CaptureEvent[] _events;
    private readonly CaptureRange _range;
    private readonly PageAllocatorState _pages;
    private readonly bool _isArranged;
    private readonly bool[] _done;
    [NotInSnapshot]
    private readonly bool[] _batched;
    [NotInSnapshot]
    private readonly FreedTo[] _freedTo;
    [NotInSnapshot]
    private readonly byte[] _freedAs;
    [NotInSnapshot]
    private readonly int[] _previous, _nextOnCpu;

    public CaptureOrder(FtraceText text, CaptureRange range, PageAllocatorState pages)
    {
        CaptureEvent[] events = text.Events;
        _isArranged = text.IsArranged;
        _events = events;
        _range = range;
        _pages = pages;
        _done = new bool[events.Length];
        _batched = _isArranged ? new bool[events.Length] : FindBatched(events, range);
        (_freedTo, _freedAs) = FindFreedTo(events, range);
        (_previous, _nextOnCpu) = Chain(events);
    }

    private enum FreedTo : byte
    {
        Unknown,
        PcpList,
        BuddyList,
    }

    /// <summary>Allocations moved before an interrupt.</summary>
    public long Reordered { get; private set; }

    /// <summary>True when the event has been carried out already, out of turn.</summary>
    public bool IsDone(int index) => _done[index];

    /// <summary>True for a free that is the first half of a batched one: the second half tells when the page goes to its list.</summary>
    public bool IsBatched(int index) => _batched[index];

    /// <summary>
    /// The allocation that an interrupt's first event came after although its own event was written later; -1 for none. It
    /// counts as carried out.
    /// </summary>
    public int AllocationBefore(int index)
    {
        if (_isArranged || !IsInterrupt(index) || (_previous[index] >= _range.First && IsInterrupt(_previous[index])))
        {
            return -1;
        }
        int after = index;
        while (after < _range.End && IsInterrupt(after))
        {
            after = _nextOnCpu[after];
        }
        if (after >= _range.End || _done[after])
        {
            return -1;
        }
        ref readonly CaptureEvent alloc = ref _events[after];
        if (alloc.Kind != CaptureEventKind.Alloc || alloc.Pfn == 0)
        {
            return -1;
        }
        int before = _previous[index];
        if (before >= _range.First && _events[before].Kind == CaptureEventKind.ZoneLocked
            && _events[before].Order == alloc.Order && _events[before].MigrateType == alloc.MigrateType)
        {
            // The refill was over when the interrupt came.
            return Take(after);
        }
        if (!_pages.HasPcpList(alloc.Order) || alloc.Pfn >= _pages.Frames.Count || alloc.MigrateType >= MigrateTypes.PcpTypes)
        {
            return -1;
        }
        for (int i = index; i != after; i = _nextOnCpu[i])
        {
            ref readonly CaptureEvent free = ref _events[i];
            if (free.Kind == CaptureEventKind.Free && free.Order == alloc.Order && free.Pfn < _pages.Frames.Count
                && TypeAt(free.Pfn) == (MigrateType)alloc.MigrateType)
            {
                return HeadOfList(in alloc) == alloc.Pfn ? Take(after) : -1;
            }
        }
        return -1;
    }

    /// <summary>
    /// True when an interrupt's free goes straight to the buddy lists because it finds the per-CPU lists locked. What becomes
    /// of the page tells: a drain takes it from a per-CPU list, a refill from a buddy list. Where nothing becomes of it, an
    /// interrupt in the middle of a batch of frees or a refill of the same zone found them locked.
    /// </summary>
    public bool FindsListsLocked(int index)
    {
        if (_isArranged || _events[index].Kind != CaptureEventKind.Free || !IsInterrupt(index))
        {
            return (_events[index].Flags & CaptureFlags.PastLists) != 0;
        }
        if (_freedTo[index] != FreedTo.Unknown)
        {
            return _freedTo[index] == FreedTo.BuddyList;
        }
        int before = _previous[index];
        while (before >= 0 && IsInterrupt(before))
        {
            before = _previous[before];
        }
        int after = _nextOnCpu[index];
        while (after < _events.Length && IsInterrupt(after))
        {
            after = _nextOnCpu[after];
        }
        if (before < 0 || after >= _events.Length)
        {
            return false;
        }
        ref readonly CaptureEvent b = ref _events[before];
        ref readonly CaptureEvent a = ref _events[after];
        bool inRefill = b.Kind == CaptureEventKind.ZoneLocked && a.Kind == CaptureEventKind.Alloc && _events[index].PreemptDepth == 2;
        bool inBatch = IsBatchStep(b.Kind) && IsBatchStep(a.Kind);
        return (inRefill || inBatch) && ZoneOf(b.Pfn) == ZoneOf(a.Pfn) && ZoneOf(b.Pfn) == ZoneOf(_events[index].Pfn);
    }

    /// <summary>
    /// The type of a page block after an event, as the trace shows it: that of the per-CPU list which the next page freed
    /// there is taken from. Null where none tells before <paramref name="limit"/> events are over.
    /// </summary>
    public MigrateType? BlockTypeAfter(int index, long start, int pages, int limit = 200_000)
    {
        int end = (int)Math.Min(_range.End, (long)index + limit);
        for (int i = index + 1; i < end; i++)
        {
            ref readonly CaptureEvent e = ref _events[i];
            if (e.Pfn >= start && e.Pfn < start + pages && (e.Kind == CaptureEventKind.FreeBatched || (e.Kind == CaptureEventKind.Free && !_batched[i]))
                && _freedTo[i] == FreedTo.PcpList && _freedAs[i] < MigrateTypes.PcpTypes)
            {
                return (MigrateType)_freedAs[i];
            }
        }
        return null;
    }

    /// <summary>True when pages go back to the buddy lists right after an event.</summary>
    public bool DrainsAfter(int index) => _nextOnCpu[index] < _range.End && _events[_nextOnCpu[index]].Kind == CaptureEventKind.PcpDrain;

    /// <summary>The zone whose structure lies at an address (x86-64: the zones of a node lie one after the other from a page's start).</summary>
    public ZoneType ZoneAt(long address, in CaptureEvent e)
    {
        const int zoneBytes = 1536;
        if (_pages.Profile.HasDma32)
        {
            return (ZoneType)Math.Min((address & 0xfff) / zoneBytes, (long)ZoneType.Normal);
        }
        // Elsewhere the next page that leaves a per-CPU list tells.
        for (int i = Array.BinarySearch(_events, e, ByLine.Instance) + 1; i < _range.End; i++)
        {
            if (_events[i].Kind == CaptureEventKind.PcpDrain && _events[i].Cpu == e.Cpu)
            {
                return ZoneOf(_events[i].Pfn);
            }
        }
        return ZoneType.Normal;
    }

    private int Take(int index)
    {
        _done[index] = true;
        Reordered++;
        return index;
    }

    private bool IsInterrupt(int index) => _events[index].Context != CaptureContext.Task;

    private static bool IsBatchStep(CaptureEventKind kind) => kind is CaptureEventKind.FreeBatched or CaptureEventKind.PcpDrain;

    private ZoneType ZoneOf(long pfn) => pfn < _pages.Frames.Count ? _pages.Frames[pfn].Zone : ZoneType.Device;

    private MigrateType TypeAt(long pfn) => _pages.Zone(ZoneOf(pfn)).PageblockType(pfn);

    private long HeadOfList(in CaptureEvent alloc)
    {
        int list = _pages.Zone(ZoneOf(alloc.Pfn)).PerCpu[alloc.Cpu % _pages.Cpus].ListHead(alloc.Order, (MigrateType)alloc.MigrateType);
        int first = _pages.Frames.First(list);
        return first;
    }

    /// <summary>Looks back from the end: a free that is followed by its batched half.</summary>
    private static bool[] FindBatched(CaptureEvent[] events, CaptureRange range)
    {
        bool[] batched = new bool[events.Length];
        var last = new Dictionary<long, CaptureEventKind>();
        for (int i = range.End - 1; i >= range.First; i--)
        {
            ref readonly CaptureEvent e = ref events[i];
            switch (e.Kind)
            {
                case CaptureEventKind.Free:
                    batched[i] = last.TryGetValue(e.Pfn, out CaptureEventKind next) && next == CaptureEventKind.FreeBatched;
                    last[e.Pfn] = e.Kind;
                    break;
                case CaptureEventKind.FreeBatched:
                case CaptureEventKind.Alloc:
                    last[e.Pfn] = e.Kind;
                    break;
            }
        }
        return batched;
    }

    /// <summary>Looks back from the end: where the page of each free was when the trace next tells of it.</summary>
    private static (FreedTo[] To, byte[] As) FindFreedTo(CaptureEvent[] events, CaptureRange range)
    {
        var freedTo = new FreedTo[events.Length];
        byte[] freedAs = new byte[events.Length];
        var found = new FrameMap<(FreedTo To, byte As)>();
        for (int i = range.End - 1; i >= range.First; i--)
        {
            ref readonly CaptureEvent e = ref events[i];
            if (!IsBlock(e.Kind))
            {
                continue;
            }
            long pages = 1L << e.Order;
            switch (e.Kind)
            {
                case CaptureEventKind.Free:
                case CaptureEventKind.FreeBatched:
                    (freedTo[i], freedAs[i]) = found[e.Pfn];
                    found.Fill(e.Pfn, pages, default);
                    break;
                case CaptureEventKind.ZoneLocked:
                case CaptureEventKind.Isolate:
                    found.Fill(e.Pfn, pages, (FreedTo.BuddyList, 0));
                    break;
                default:
                    // An allocation that no removal from a buddy list precedes is from a per-CPU list, as a drain is.
                    found.Fill(e.Pfn, pages, (FreedTo.PcpList, e.MigrateType));
                    break;
            }
        }
        return (freedTo, freedAs);
    }

    private static bool IsBlock(CaptureEventKind kind) => kind is CaptureEventKind.Alloc or CaptureEventKind.Free or CaptureEventKind.FreeBatched
        or CaptureEventKind.ZoneLocked or CaptureEventKind.PcpDrain or CaptureEventKind.Isolate;

    /// <summary>For each event its neighbours on the same CPU; reclaim's events are not on the chain, for nothing is told from them.</summary>
    private static (int[] Previous, int[] Next) Chain(CaptureEvent[] events)
    {
        int[] previous = new int[events.Length], next = new int[events.Length];
        int[] last = new int[byte.MaxValue + 1];
        Array.Fill(last, -1);
        Array.Fill(next, events.Length);
        for (int i = 0; i < events.Length; i++)
        {
            int cpu = events[i].Cpu;
            previous[i] = last[cpu];
            if (events[i].Kind is CaptureEventKind.DirectReclaimBegin or CaptureEventKind.DirectReclaimEnd or CaptureEventKind.WakeKswapd)
            {
                continue;
            }
            if (last[cpu] >= 0)
            {
                next[last[cpu]] = i;
            }
            last[cpu] = i;
        }
        return (previous, next);
    }

    private sealed class ByLine : IComparer<CaptureEvent>
    {
        public static readonly ByLine Instance = new();

        public int Compare(CaptureEvent x, CaptureEvent y) => x.Line.CompareTo(y.Line);
    }
}
