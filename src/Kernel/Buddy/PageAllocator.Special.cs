using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Kernel.Boot;
using Sim.Kernel.PerCpu;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Buddy;

/// <content>The ways in and out that are not a request for one block or its return.</content>
public sealed partial class PageAllocator
{
    /// <summary>
    /// Asks for many single frames at once (<c>__alloc_pages_bulk</c>): as many as the per-CPU list and the free lists of
    /// the first zone with enough of them give; at least one, if there is one.
    /// </summary>
    /// <param name="gfp">Zone, mobility and urgency.</param>
    /// <param name="owner">For whom.</param>
    /// <param name="cpu">The CPU that asks.</param>
    /// <param name="cause">Sequence of the event that led to the request.</param>
    /// <param name="pfns">Takes the frames; its length is how many are asked for.</param>
    /// <returns>How many were had.</returns>
    public int AllocPagesBulk(GfpFlags gfp, int owner, CpuClock cpu, long cause, Span<long> pfns)
    {
        int got = 0;
        if (pfns.Length > 1)
        {
            ZoneType highest = _highestZone[(int)gfp & 15];
            var request = new PageRequest(0, Gfp.MigrateTypeOf(gfp), highest, owner, AllocFlags.Low);
            foreach (Zone zone in _zonelists[(int)highest])
            {
                long mark = zone.Watermark(Watermark.Low) + pfns.Length;
                if (zone.FreePagesCounter > mark + zone.LowmemReserve(highest))
                {
                    got = FromPcp(zone, in request, cpu, cause, pfns);
                    break;
                }
            }
        }
        if (got == 0 && pfns.Length > 0 && (pfns[0] = AllocPages(0, gfp, owner, cpu, cause)) >= 0)
        {
            got = 1;
        }
        return got;
    }

    /// <summary>Asks for a block from one zone, whatever its watermarks say: a recorded kernel had it from there.</summary>
    /// <returns>The first frame's pfn, or -1 when the zone has none.</returns>
    public long AllocPagesFrom(ZoneType zone, int order, GfpFlags gfp, int owner, CpuClock cpu, long cause)
    {
        var request = new PageRequest(order, Gfp.MigrateTypeOf(gfp), zone, owner, AllocFlags.NoWatermarks);
        return FromZone(_state.Zone(zone), in request, cpu, cause);
    }

    /// <summary>
    /// Gives back a block past the per-CPU lists: an interrupt found them locked, so the block goes straight to the buddy
    /// lists (<c>free_unref_page</c> where <c>pcp_spin_trylock</c> fails).
    /// </summary>
    public void FreePagesToBuddy(long pfn, int order, CpuClock cpu, long cause)
    {
        RequireAllocated(pfn, order);
        cpu.Charge(_freeBuddyPs);
        var free = new PageFreeBuddy(pfn, (byte)order, (byte)cpu.Id);
        EventHeader header = _journal.Emit(in free, cause);
        _state.Apply(in free, in header);
    }

    /// <summary>
    /// Takes a whole free block aside as single frames, if the zone stays above its min watermark
    /// (<c>__isolate_free_page</c>, for compaction).
    /// </summary>
    /// <param name="pfn">First frame of a free block.</param>
    /// <param name="cpu">The CPU that works.</param>
    /// <param name="cause">Sequence of the event that led here.</param>
    /// <param name="force">Leave the watermark out: a captured kernel has decided already.</param>
    /// <returns>Frames taken; 0 when the zone would have too few.</returns>
    public int IsolateFreePage(long pfn, CpuClock cpu, long cause, bool force = false)
    {
        ref Frame frame = ref _frames[pfn];
        if (frame.State != FrameState.Buddy)
        {
            ThrowBadPage(pfn, frame.Order, in frame);
        }
        Zone zone = _state.Zone(frame.Zone);
        int order = frame.Order;
        if (!force && zone.FreePagesCounter - zone.ReservedHighAtomic <= zone.Watermark(Watermark.Min) - zone.WatermarkBoost + (1L << order))
        {
            return 0;
        }
        var e = new PageIsolate(pfn, (byte)order, (byte)cpu.Id);
        EventHeader header = _journal.Emit(in e, cause);
        _state.Apply(in e, in header);
        return 1 << order;
    }

    /// <summary>Makes one block of frames that were held one by one when the run began with captured lists.</summary>
    public void Found(long pfn, int order, long cause)
    {
        var e = new PageFound(pfn, (byte)order);
        EventHeader header = _journal.Emit(in e, cause);
        _state.Apply(in e, in header);
    }

    /// <summary>Notes what a recording tells of a block that was held when the run began; false when not all of it was.</summary>
    public bool Held(long pfn, int order, MigrateType type, int owner, long line)
    {
        if (pfn + (1L << order) > _frames.Count)
        {
            return false;
        }
        for (long at = pfn; at < pfn + (1L << order); at++)
        {
            ref readonly Frame frame = ref _frames[at];
            if (frame.State != FrameState.Allocated || frame.Order != 0)
            {
                return false;
            }
        }
        var e = new PageHeld(pfn, (byte)order, type, owner, line);
        EventHeader header = _journal.Emit(in e, -1);
        _state.Apply(in e, in header);
        return true;
    }

    /// <summary>Splits an allocated block so that its pieces can be given back one by one (<c>split_page</c>).</summary>
    /// <param name="pfn">First frame of an allocated block.</param>
    /// <param name="pieceOrder">Order of the pieces, below the block's.</param>
    /// <param name="cause">Sequence of the event that led here.</param>
    public void SplitPage(long pfn, int pieceOrder, long cause)
    {
        ref Frame frame = ref _frames[pfn];
        if (frame.State != FrameState.Allocated || frame.Order <= pieceOrder)
        {
            ThrowBadPage(pfn, pieceOrder, in frame);
        }
        var e = new PageSplit(pfn, (byte)pieceOrder);
        EventHeader header = _journal.Emit(in e, cause);
        _state.Apply(in e, in header);
    }

    /// <summary>Gives the per-CPU lists of all zones their batches (<c>setup_per_cpu_pageset</c>).</summary>
    public void SetUpPagesets(long cause)
    {
        foreach (Zone zone in _state.Zones)
        {
            if (zone.IsPopulated)
            {
                var e = new BootPagesets(zone.Type);
                EventHeader header = _journal.Emit(in e, cause);
                _state.Apply(in e, in header);
            }
        }
    }

    /// <summary>Computes the reserve and what follows from it (<c>init_per_zone_wmark_min</c>).</summary>
    public void SetWatermarks(long cause)
    {
        var e = new BootWatermarks(Watermarks.MinFreeKbytes(_state.Zones), BootMoment.Watermarks);
        EventHeader header = _journal.Emit(in e, cause);
        _state.Apply(in e, in header);
    }

    /// <summary>Raises a zone's watermarks for the time being, or lowers them again (<c>watermark_boost</c>).</summary>
    public void SetBoost(Zone zone, long pages, long cause)
    {
        if (zone.WatermarkBoost != pages)
        {
            var e = new ZoneBoost(zone.Type, pages);
            EventHeader header = _journal.Emit(in e, cause);
            _state.Apply(in e, in header);
        }
    }

    /// <summary>A CPU adds up what it has gathered, now (<c>vmstat_update</c>).</summary>
    public void RefreshNow(CpuClock cpu, long cause)
    {
        var e = new VmStatFlush((byte)cpu.Id);
        EventHeader header = _journal.Emit(in e, cause);
        _state.Apply(in e, in header);
    }

    private int FromPcp(Zone zone, in PageRequest request, CpuClock cpu, long cause, Span<long> pfns)
    {
        int list = zone.PerCpu[cpu.Id].FirstList + PerCpuPages.ListOf(0, request.MigrateType);
        for (int got = 0; got < pfns.Length; got++)
        {
            if (_frames.At(list).Next == list && !Refill(zone, list, in request, cpu, cause))
            {
                return got;
            }
            int pfn = _frames.At(list).Next;
            cpu.Charge(_allocPcpPs);
            var alloc = new PageAllocBulk(pfn, request.MigrateType, request.Owner, (byte)cpu.Id);
            EventHeader header = _journal.Emit(in alloc, cause);
            _state.Apply(in alloc, in header);
            pfns[got] = pfn;
        }
        return pfns.Length;
    }

    private void RequireAllocated(long pfn, int order)
    {
        ref Frame frame = ref _frames[pfn];
        if (frame.State != FrameState.Allocated || frame.Order != order)
        {
            ThrowBadPage(pfn, order, in frame);
        }
    }
}
