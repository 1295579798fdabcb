using System.Runtime.CompilerServices;
using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Kernel.PerCpu;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Buddy;

/// <summary>
/// The zoned page frame allocator: decides which frames answer a request and which lists take a freed block
/// (mm/page_alloc.c of Linux 6.1: <c>get_page_from_freelist</c>, <c>rmqueue</c>, <c>__rmqueue_fallback</c>,
/// <c>free_unref_page</c>). It reads <see cref="PageAllocatorState"/> and changes it through events only.
/// </summary>
public sealed partial class PageAllocator
{
    /// <summary>How often a CPU that works adds its share to the counters (<c>vm.stat_interval</c>): a second.</summary>
    private const long StatIntervalPs = 1_000_000_000_000;

    private readonly PageAllocatorState _state;
    private readonly Journal _journal;
    private readonly FrameTable _frames;
    private readonly Fallback _fallback;
    private readonly ZoneType[] _highestZone = new ZoneType[16];
    private readonly Zone[][] _zonelists = new Zone[ZoneTypes.Count][];
    private readonly long[] _starved = new long[PageOrder.Count];
    private readonly long[] _nextRefreshPs;
    private int _waiter;
    private readonly long _allocPcpPs, _freePcpPs, _allocBuddyPs, _freeBuddyPs, _pcpMovePs, _stealPs, _failPs;

    /// <param name="state">What it manages.</param>
    /// <param name="journal">Where its decisions go.</param>
    /// <param name="costs">Time its work takes.</param>
    public PageAllocator(PageAllocatorState state, Journal journal, PageAllocatorCosts costs)
    {
        _state = state;
        _journal = journal;
        _frames = state.Frames;
        _nextRefreshPs = new long[state.Cpus];
        Array.Fill(_nextRefreshPs, StatIntervalPs);
        _fallback = new Fallback(state, journal, costs.StealNs * 1000L);
        _allocPcpPs = costs.AllocPcpNs * 1000L;
        _freePcpPs = costs.FreePcpNs * 1000L;
        _allocBuddyPs = costs.AllocBuddyNs * 1000L;
        _freeBuddyPs = costs.FreeBuddyNs * 1000L;
        _stealPs = costs.StealNs * 1000L;
        _pcpMovePs = costs.PcpMoveNs * 1000L;
        _failPs = costs.FailNs * 1000L;
        for (int bits = 0; bits < _highestZone.Length; bits++)
        {
            _highestZone[bits] = Gfp.HighestZone((GfpFlags)bits, state.Profile.HasDma32, state.Profile.HasHighMem);
        }
        for (int highest = 0; highest < _zonelists.Length; highest++)
        {
            _zonelists[highest] = [.. state.Zones.Where(z => z.IsPopulated && (int)z.Type <= highest).Reverse()];
        }
    }

    /// <summary>What it manages.</summary>
    public PageAllocatorState State => _state;

    /// <summary>Knows which page blocks a recorded kernel claimed when it stole from them.</summary>
    public Func<long, MigrateType, MigrateType, bool, bool>? RecordedClaim
    {
        get => _fallback.Claim;
        set => _fallback.Claim = value;
    }

    /// <summary>Requests by order that failed although at least as much memory was free: external fragmentation at work.</summary>
    public ReadOnlySpan<long> Starved => _starved;

    /// <summary>The answer to a request that has to wait: its task sleeps, and makes it again when woken.</summary>
    public const long Blocked = -2;

    /// <summary>Asks for a block of 2^order frames; only whoever can make the request again later may be told to wait.</summary>
    /// <param name="order">0 to <see cref="PageOrder.Max"/>.</param>
    /// <param name="gfp">Zone, mobility and urgency.</param>
    /// <param name="owner">For whom.</param>
    /// <param name="cpu">The CPU that asks; it is charged the time.</param>
    /// <param name="cause">Sequence of the event that led to the request; -1 for none.</param>
    /// <param name="waiter">Pid of the task that would sleep; 0 for the owner.</param>
    /// <returns>The first frame's pfn; -1 when no memory can be had; <see cref="Blocked"/> when the task is to sleep.</returns>
    public long AllocPagesOrWait(int order, GfpFlags gfp, int owner, CpuClock cpu, long cause, int waiter = 0)
    {
        _waiter = Reclaim is null ? 0 : waiter == 0 ? owner : waiter;
        long pfn = AllocPages(order, gfp, owner, cpu, cause);
        _waiter = 0;
        return pfn;
    }

    /// <summary>Asks for a block of 2^order frames.</summary>
    /// <param name="order">0 to <see cref="PageOrder.Max"/>.</param>
    /// <param name="gfp">Zone, mobility and urgency.</param>
    /// <param name="owner">For whom: a pid above 0, a user inside the kernel below 0.</param>
    /// <param name="cpu">The CPU that asks; it is charged the time.</param>
    /// <param name="cause">Sequence of the event that led to the request; -1 for none.</param>
    /// <param name="slowly">The request has failed at the low watermark before: begin with the slow path.</param>
    /// <returns>The first frame's pfn, or -1 when no memory can be had (logged as <c>page.alloc_failed</c>).</returns>
    public long AllocPages(int order, GfpFlags gfp, int owner, CpuClock cpu, long cause, bool slowly = false)
    {
        if ((uint)order > PageOrder.Max)
        {
            throw new ArgumentOutOfRangeException(nameof(order), order, $"A block has an order from 0 to {PageOrder.Max}.");
        }
        ZoneType highest = _highestZone[(int)gfp & 15];
        AllocFlags flags = (gfp & GfpFlags.KswapdReclaim) != 0 ? AllocFlags.Low | AllocFlags.Kswapd : AllocFlags.Low;
        var request = new PageRequest(order, Gfp.MigrateTypeOf(gfp), highest, owner, flags) { Waiter = _waiter };
        Zone[] zones = _zonelists[(int)highest];
        // Where a lower zone can help out, mixing migratetypes waits until it has been asked.
        if (zones.Length > 0 && zones[0].Type == ZoneType.Normal && _state.Profile.HasDma32)
        {
            request.Flags |= AllocFlags.NoFragment;
        }
        long pfn = slowly ? -1 : FromZones(zones, ref request, cpu, cause);
        return pfn >= 0 ? pfn : AllocSlowly(zones, ref request, gfp, cpu, cause);
    }

    /// <summary>Gives back a block.</summary>
    /// <exception cref="InvalidOperationException">No block of that order is allocated there: a double free or a wrong order.</exception>
    public void FreePages(long pfn, int order, CpuClock cpu, long cause)
    {
        RequireAllocated(pfn, order);
        if (_state.HasPcpList(order))
        {
            FreeToPcp(pfn, order, _state.Zone(_frames[pfn].Zone), cpu, cause);
        }
        else
        {
            FreeToBuddy(pfn, order, cpu, cause);
        }
    }

    private long FromZones(Zone[] zones, ref PageRequest request, CpuClock cpu, long cause)
    {
        while (true)
        {
            foreach (Zone zone in zones)
            {
                if (WatermarkCheck.IsMet(zone, in request))
                {
                    long pfn = FromZone(zone, in request, cpu, cause);
                    if (pfn >= 0)
                    {
                        if ((request.Flags & AllocFlags.Harder) != 0 && request.Order > 0)
                        {
                            Reserve(zone, pfn, cpu, cause);
                        }
                        return pfn;
                    }
                }
            }
            if ((request.Flags & AllocFlags.NoFragment) == 0)
            {
                return -1;
            }
            request.Flags &= ~AllocFlags.NoFragment;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private long FromZone(Zone zone, in PageRequest request, CpuClock cpu, long cause)
    {
        if (_state.HasPcpList(request.Order))
        {
            int list = zone.PerCpu[cpu.Id].FirstList + PerCpuPages.ListOf(request.Order, request.MigrateType);
            if (_frames.At(list).Next != list || Refill(zone, list, in request, cpu, cause))
            {
                int pfn = _frames.At(list).Next;
                cpu.Charge(_allocPcpPs);
                Emit(pfn, in request, cpu, cause);
                return pfn;
            }
        }
        return FromBuddy(zone, in request, cpu, cause);
    }

    /// <summary>Fills an empty per-CPU list, taking over blocks of other types where its own run out (<c>rmqueue_bulk</c>).</summary>
    private bool Refill(Zone zone, int list, in PageRequest request, CpuClock cpu, long cause)
    {
        RefreshStatistics(cpu, cause);
        int left = PcpSizing.RefillBlocks(zone.PerCpu[cpu.Id].Batch, request.Order);
        while (left > 0)
        {
            int blocks = Available(zone, request.Order, request.MigrateType, left);
            if (blocks > 0)
            {
                cpu.Charge(blocks * _pcpMovePs);
                var refill = new PcpRefill((byte)cpu.Id, zone.Type, (byte)request.Order, request.MigrateType, blocks);
                EventHeader header = _journal.Emit(in refill, cause);
                _state.Apply(in refill, in header);
                left -= blocks;
            }
            if (left > 0 && !_fallback.TrySteal(zone, in request, cpu, cause))
            {
                break;
            }
        }
        return _frames.At(list).Next != list;
    }

    /// <summary>Blocks of the order that the free lists of one type hold, counted up to a limit.</summary>
    private static int Available(Zone zone, int order, MigrateType type, int limit)
    {
        long blocks = 0;
        for (int o = order; o < PageOrder.Count && blocks < limit; o++)
        {
            blocks += (long)zone.FreeBlocks(o, type) << (o - order);
        }
        return (int)Math.Min(blocks, limit);
    }

    private long FromBuddy(Zone zone, in PageRequest request, CpuClock cpu, long cause)
    {
        int from;
        if ((request.Flags & AllocFlags.Harder) != 0 && request.Order > 0
            && (from = BuddyLists.SmallestOrder(zone, request.Order, MigrateType.HighAtomic)) >= 0)
        {
            int kept = _frames.At(zone.FreeList(from, MigrateType.HighAtomic)).Next;
            TakeFree(kept, in request, cpu, cause);
            return kept;
        }
        while ((from = BuddyLists.SmallestOrder(zone, request.Order, request.MigrateType)) < 0)
        {
            if (!_fallback.TrySteal(zone, in request, cpu, cause))
            {
                return -1;
            }
        }
        int pfn = _frames.At(zone.FreeList(from, request.MigrateType)).Next;
        TakeFree(pfn, in request, cpu, cause);
        return pfn;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private EventHeader Emit(int pfn, in PageRequest request, CpuClock cpu, long cause)
    {
        var alloc = new PageAlloc(pfn, (byte)request.Order, request.MigrateType, request.Owner, (byte)cpu.Id);
        EventHeader header = _journal.Emit(in alloc, cause);
        _state.Apply(in alloc, in header);
        return header;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void FreeToPcp(long pfn, int order, Zone zone, CpuClock cpu, long cause)
    {
        cpu.Charge(_freePcpPs);
        var free = new PageFree(pfn, (byte)order, (byte)cpu.Id);
        EventHeader header = _journal.Emit(in free, cause);
        _state.Apply(in free, in header);
        PerCpuPages pcp = zone.PerCpu[cpu.Id];
        // A block of order 1 to 3 freed in a run of frees takes all the others with it.
        bool all = pcp.FreeFactor > 0 && order is > 0 and <= PageOrder.Costly;
        int high = zone.IsReclaimActive ? Math.Min(pcp.Batch << 2, pcp.High) : pcp.High;
        if (pcp.Count >= high || all)
        {
            DrainSurplus(zone, pcp, high, order, zone.PageblockType(pfn), all, cpu, header.Sequence);
        }
    }

    /// <summary>The lists are full: gives back a batch, twice as much each time while nothing is asked for (<c>nr_pcp_free</c>).</summary>
    private void DrainSurplus(Zone zone, PerCpuPages pcp, int high, int order, MigrateType type, bool all, CpuClock cpu, long cause)
    {
        int pages = pcp.Count;
        bool surplus = false;
        if (!all && high < pcp.Batch)
        {
            pages = 1;
        }
        else if (!all)
        {
            int most = high - pcp.Batch;
            int scaled = pcp.Batch << pcp.FreeFactor;
            surplus = scaled < most && pcp.FreeFactor < PcpSizing.MaxFreeFactor;
            pages = Math.Max(Math.Min(scaled, most), pcp.Batch);
        }
        int list = PerCpuPages.ListOf(order, PageAllocatorState.PcpType(type));
        Drain(zone, cpu.Id, pages, list, surplus, cpu, cause);
    }

    private void Drain(Zone zone, int owner, int pages, int firstList, bool surplus, CpuClock cpu, long cause)
    {
        RefreshStatistics(cpu, cause);
        cpu.Charge(pages * _pcpMovePs);
        var drain = new PcpDrain((byte)owner, zone.Type, pages, (byte)firstList, surplus);
        EventHeader header = _journal.Emit(in drain, cause);
        _state.Apply(in drain, in header);
    }

    private void FreeToBuddy(long pfn, int order, CpuClock cpu, long cause)
    {
        cpu.Charge(_freeBuddyPs);
        var free = new PageFree(pfn, (byte)order, (byte)cpu.Id);
        EventHeader header = _journal.Emit(in free, cause);
        _state.Apply(in free, in header);
        if (_frames[pfn].State != FrameState.Buddy || _frames[pfn].Order != order)
        {
            int merged = order;
            long head = pfn;
            while (_frames[head].State != FrameState.Buddy || _frames[head].Order != merged)
            {
                merged++;
                head = pfn & -(1L << merged);
            }
            var merge = new BuddyMerge(head, (byte)order, (byte)merged);
            _journal.Emit(in merge, header.Sequence);
        }
    }

    private static void ThrowBadPage(long pfn, int order, in Frame frame) => throw new InvalidOperationException(
        $"Bad page: pfn 0x{pfn:x} is freed as a block of order {order} and is {frame.State}, order {frame.Order}.");
}
