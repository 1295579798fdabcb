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
        BootPlan plan = BootPlan.Of(state.Profile, state.Map, options, state.Cpus);
        foreach (Zone zone in state.Zones.Where(z => z.IsPopulated))
        {
            var e = new BootZone(zone.Type, zone.StartPfn, zone.SpannedPages, zone.PresentPages);
            state.Apply(in e, journal.Emit(in e, -1));
        }
        foreach (Reservation reservation in plan.Reservations)
        {
            var e = new BootReserve(reservation.Range.StartPfn, reservation.Range.Pages, reservation.Reason);
            state.Apply(in e, journal.Emit(in e, -1));
        }
        foreach (PageRange range in plan.Released)
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
        if (state.Profile.HasHugePcp && plan.ManagedPages >= HugePageLeastPages)
        {
            SetReserve(state, Watermarks.MinFreeKbytes(state.Zones), journal);
        }
    }

    private static void SetReserve(PageAllocatorState state, long minFreeKbytes, Journal journal)
    {
        var e = new BootWatermarks(minFreeKbytes);
        state.Apply(in e, journal.Emit(in e, -1));
    }
}
