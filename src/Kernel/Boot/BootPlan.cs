using Sim.Kernel.Zones;

namespace Sim.Kernel.Boot;

/// <summary>What boot will do to a machine's memory. Whoever wants to know whether a machine can be makes one.</summary>
/// <param name="Reservations">What the kernel keeps back.</param>
/// <param name="Released">What the page allocator gets.</param>
public sealed record BootPlan(IReadOnlyList<Reservation> Reservations, IReadOnlyList<PageRange> Released)
{
    /// <summary>Plans and checks.</summary>
    /// <exception cref="ImpossibleMachineException">The memory does not hold the kernel, or leaves it nothing to work with.</exception>
    public static BootPlan Of(ZoneProfile profile, MemoryMap map, KernelOptions options, int cpus)
    {
        IReadOnlyList<Reservation> reservations = BootReservations.Compute(profile, map, options.Boot, cpus);
        var plan = new BootPlan(reservations, BootReservations.Released(profile, map, reservations));
        if (plan.ManagedPages < 1 << PageOrder.Max)
        {
            throw new ImpossibleMachineException("machine.memory",
                $"the kernel leaves {plan.ManagedPages << (Page.Shift - 10)} KiB free", "give the machine more memory");
        }
        if (options.MinFreeKbytes < 0 || options.MinFreeKbytes >> (Page.Shift - 10) > plan.ManagedPages / 4)
        {
            throw new ImpossibleMachineException("kernel.minFreeKbytes",
                $"a reserve of {options.MinFreeKbytes} KiB does not fit into {plan.ManagedPages << (Page.Shift - 10)} KiB of memory",
                "give at most a quarter of the memory, or 0 to let the kernel compute it");
        }
        return plan;
    }

    /// <summary>Frames that the page allocator gets.</summary>
    public long ManagedPages => Released.Sum(r => r.Pages);
}
