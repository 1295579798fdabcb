using Sim.Engine.Events;
using Sim.Kernel.Buddy;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Boot;

/// <summary>
/// Brings the page allocator up: lays out the zones, keeps back what the kernel needs, hands the rest to the buddy
/// lists and sets the watermarks (<c>setup_arch</c>, <c>memblock_free_all</c>, <c>init_per_zone_wmark_min</c>).
/// </summary>
public static class BootLoader
{
    /// <summary>Memory from which the kernel computes its reserve a second time, when huge pages are set up.</summary>
    private const long HugePageLeastPages = (512L << 20) >> Page.Shift;

    /// <summary>Boots a state that no event has changed yet.</summary>
    /// <exception cref="ImpossibleMachineException">The memory does not hold the kernel, or leaves it nothing to work with.</exception>
    public static void Boot(PageAllocatorState state, KernelOptions options, Journal journal)
    {
        IReadOnlyList<Reservation> reservations = BootReservations.Compute(state.Profile, state.Map, options.Boot, state.Cpus);
        IReadOnlyList<PageRange> released = BootReservations.Released(state.Profile, state.Map, reservations);
        long managed = released.Sum(r => r.Pages);
        Check(options.MinFreeKbytes, managed);
        foreach (Zone zone in state.Zones.Where(z => z.IsPopulated))
        {
            var e = new BootZone(zone.Type, zone.StartPfn, zone.SpannedPages, zone.PresentPages);
            state.Apply(in e, journal.Emit(in e, -1));
        }
        foreach (Reservation reservation in reservations)
        {
            var e = new BootReserve(reservation.Range.StartPfn, reservation.Range.Pages, reservation.Reason);
            state.Apply(in e, journal.Emit(in e, -1));
        }
        foreach (PageRange range in released)
        {
            var e = new BootRelease(range.StartPfn, range.Pages);
            state.Apply(in e, journal.Emit(in e, -1));
        }
        if (options.MinFreeKbytes > 0)
        {
            SetReserve(state, options.MinFreeKbytes, journal);
            return;
        }
        SetReserve(state, Watermarks.MinFreeKbytes(state.Zones), journal);
        if (state.Profile.HasHugePcp && managed >= HugePageLeastPages)
        {
            SetReserve(state, Watermarks.MinFreeKbytes(state.Zones), journal);
        }
    }

    private static void SetReserve(PageAllocatorState state, long minFreeKbytes, Journal journal)
    {
        var e = new BootWatermarks(minFreeKbytes);
        state.Apply(in e, journal.Emit(in e, -1));
    }

    private static void Check(long minFreeKbytes, long managedPages)
    {
        if (managedPages < 1 << PageOrder.Max)
        {
            throw new ImpossibleMachineException("machine.memory",
                $"the kernel leaves {managedPages << (Page.Shift - 10)} KiB free", "give the machine more memory");
        }
        if (minFreeKbytes < 0 || minFreeKbytes >> (Page.Shift - 10) > managedPages / 4)
        {
            throw new ImpossibleMachineException("kernel.minFreeKbytes",
                $"a reserve of {minFreeKbytes} KiB does not fit into {managedPages << (Page.Shift - 10)} KiB of memory",
                "give at most a quarter of the memory, or 0 to let the kernel compute it");
        }
    }
}
