using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Kernel.Buddy;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Boot;

/// <summary>
/// Brings the page allocator up, stage by stage, each value computed from the managed pages of its moment: zones are laid
/// out, memblock hands its memory over, per-CPU lists are set up, watermarks follow, and what only boot needed is freed
/// (<c>setup_arch</c>, <c>mm_init</c>, <c>setup_per_cpu_pageset</c>, <c>page_alloc_init_late</c>, initcalls,
/// <c>free_initmem</c>).
/// </summary>
public sealed class BootLoader
{
    /// <summary>Memory from which huge pages, and with them a second computation of the reserve, are not left out (<c>hugepage_init</c>).</summary>
    private const long HugePageLeastPages = (512L << 20) >> Page.Shift;

    private readonly PageAllocatorState _state;
    private readonly BootPlan _plan;
    private readonly KernelOptions _options;
    private readonly Journal _journal;
    private readonly PageAllocator _pages;
    private readonly CpuClock _cpu;

    private BootLoader(PageAllocatorState state, BootPlan plan, KernelOptions options, Journal journal)
    {
        _state = state;
        _plan = plan;
        _options = options;
        _journal = journal;
        // Simulated time begins when boot is over: the clock is boot's own and its allocator charges nothing.
        _pages = new PageAllocator(state, journal, new PageAllocatorCosts
        {
            AllocPcpNs = 0,
            FreePcpNs = 0,
            AllocBuddyNs = 0,
            FreeBuddyNs = 0,
            PcpMoveNs = 0,
            StealNs = 0,
            FailNs = 0,
        });
        _cpu = new CpuClock(0, journal);
    }

    /// <summary>Boots a state that no event has changed yet, with reservations computed for the machine.</summary>
    /// <exception cref="ImpossibleMachineException">The memory does not hold the kernel, or leaves it nothing to work with.</exception>
    public static void Boot(PageAllocatorState state, KernelOptions options, Journal journal) =>
        Boot(state, BootPlan.Of(state.Profile, state.Map, options, state.Cpus), options, journal);

    /// <summary>Boots a state that no event has changed yet as planned.</summary>
    public static void Boot(PageAllocatorState state, BootPlan plan, KernelOptions options, Journal journal)
    {
        var boot = new BootLoader(state, plan, options, journal);
        boot.HandOver();
        boot.SetUpPagesets();
        boot.Free(BootMoment.Pagesets);
        boot.ReleaseDeferred();
        boot.SetWatermarks();
        boot.Free(BootMoment.HugePages);
        boot.Note(BootMoment.Late);
    }

    /// <summary>
    /// Goes as far as the slab allocator's first request: zones, hand-over by memblock and, on x86-64, the page tables made in
    /// advance for the vmalloc area (<c>mem_init</c>).
    /// </summary>
    public static void HandOver(PageAllocatorState state, BootPlan plan, KernelOptions options, Journal journal) =>
        new BootLoader(state, plan, options, journal).HandOver();

    private void HandOver()
    {
        foreach (Zone zone in _state.Zones.Where(z => z.IsPopulated))
        {
            var e = new BootZone(zone.Type, zone.StartPfn, zone.SpannedPages, zone.PresentPages,
                Math.Clamp(_plan.DeferredPfn, zone.StartPfn, zone.EndPfn));
            _state.Apply(in e, _journal.Emit(in e, -1));
        }
        foreach (Reservation reservation in _plan.Reservations)
        {
            var e = new BootReserve(reservation.Range.StartPfn, reservation.Range.Pages, reservation.Reason);
            _state.Apply(in e, _journal.Emit(in e, -1));
        }
        Release(_plan.HighMem, ReleaseWay.Pages);
        Release(_plan.Released, ReleaseWay.Blocks);
        Note(BootMoment.HandOver);
        for (int table = 0; table < _state.Profile.VmallocTables; table++)
        {
            if (_pages.AllocPages(0, GfpFlags.Kernel, KernelUser.VmallocTables, _cpu, -1) < 0)
            {
                throw new ImpossibleMachineException("machine.memory", "there is no room for the page tables of the vmalloc area",
                    "give the machine more memory");
            }
        }
    }

    private void SetUpPagesets()
    {
        Note(BootMoment.Pagesets);
        foreach (Zone zone in _state.Zones.Where(z => z.IsPopulated))
        {
            var e = new BootPagesets(zone.Type);
            _state.Apply(in e, _journal.Emit(in e, -1));
        }
    }

    private void ReleaseDeferred() => Release(_plan.Deferred, ReleaseWay.Deferred);

    private void SetWatermarks()
    {
        Note(BootMoment.Watermarks);
        SetReserve(_options.MinFreeKbytes > 0 ? _options.MinFreeKbytes : Watermarks.MinFreeKbytes(_state.Zones), BootMoment.Watermarks);
        Note(BootMoment.HugePages);
        if (_options.MinFreeKbytes == 0 && _state.Profile.HasHugePcp && _state.Zones.Sum(z => z.ManagedPages) >= HugePageLeastPages)
        {
            SetReserve(_options.TransparentHugePages == TransparentHugePages.Never
                ? Watermarks.MinFreeKbytes(_state.Zones)
                : Watermarks.RecommendedMinFreeKbytes(_state.Zones, _state.Profile.PageblockOrder, _state.MinFreeKbytes), BootMoment.HugePages);
        }
    }

    private void SetReserve(long minFreeKbytes, BootMoment moment)
    {
        var e = new BootWatermarks(minFreeKbytes, moment);
        _state.Apply(in e, _journal.Emit(in e, -1));
    }

    private void Release(IReadOnlyList<PageRange> ranges, ReleaseWay way)
    {
        foreach (PageRange range in ranges)
        {
            var e = new BootRelease(range.StartPfn, range.Pages, way);
            _state.Apply(in e, _journal.Emit(in e, -1));
        }
    }

    private void Note(BootMoment moment)
    {
        foreach (Zone zone in _state.Zones.Where(z => z.IsPopulated))
        {
            var e = new BootManaged(moment, zone.Type, zone.ManagedPages);
            _state.Apply(in e, _journal.Emit(in e, -1));
        }
    }

    /// <summary>Gives the frames to the allocator one by one, in order of address (<c>free_reserved_area</c>).</summary>
    private void Free(BootMoment after)
    {
        foreach (FreedLater freed in _plan.FreedLater.Where(f => f.After == after))
        {
            var e = new BootFreeReserved(freed.Range.StartPfn, freed.Range.Pages, freed.Reason);
            EventHeader header = _journal.Emit(in e, -1);
            _state.Apply(in e, in header);
            for (long pfn = freed.Range.StartPfn; pfn < freed.Range.EndPfn; pfn++)
            {
                _pages.FreePages(pfn, 0, _cpu, header.Sequence);
            }
        }
    }
}
