using Sim.Kernel.Zones;

namespace Sim.Kernel.Boot;

/// <summary>Frames kept back at first that the allocator gets later in boot.</summary>
/// <param name="Range">The frames.</param>
/// <param name="Reason">What they were kept for.</param>
/// <param name="After">The moment after which they are freed.</param>
public readonly record struct FreedLater(PageRange Range, ReserveReason Reason, BootMoment After);

/// <summary>What boot will do to a machine's memory. Whoever wants to know whether a machine can be makes one.</summary>
public sealed record BootPlan
{
    /// <summary>What the kernel keeps back, disjoint.</summary>
    public required IReadOnlyList<Reservation> Reservations { get; init; }

    /// <summary>What memblock hands over in blocks.</summary>
    public required IReadOnlyList<PageRange> Released { get; init; }

    /// <summary>High memory, handed over page by page, before the blocks.</summary>
    public required IReadOnlyList<PageRange> HighMem { get; init; }

    /// <summary>What is handed over only when the kernel's threads run.</summary>
    public required IReadOnlyList<PageRange> Deferred { get; init; }

    /// <summary>First frame of <see cref="Deferred"/> memory; the end of memory where nothing is deferred.</summary>
    public required long DeferredPfn { get; init; }

    /// <summary>What of the reservations becomes free again, in the order in which it does.</summary>
    public required IReadOnlyList<FreedLater> FreedLater { get; init; }

    /// <summary>The CPUs' own areas, by CPU; empty where nobody says which frames they are.</summary>
    public IReadOnlyList<PageRange> PerCpuAreas { get; init; } = [];

    /// <summary>Address that per-CPU variables are linked from.</summary>
    public ulong PerCpuLinked { get; init; }

    /// <summary>Frames that the page allocator gets from memblock.</summary>
    public long ManagedPages => Released.Sum(r => r.Pages) + HighMem.Sum(r => r.Pages) + Deferred.Sum(r => r.Pages);

    /// <summary>Plans and checks.</summary>
    /// <exception cref="ImpossibleMachineException">The memory does not hold the kernel, or leaves it nothing to work with.</exception>
    public static BootPlan Of(ZoneProfile profile, MemoryMap map, KernelOptions options, int cpus)
    {
        BootPlan plan = BootReservations.Plan(profile, map, options.Boot, cpus);
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

    /// <summary>The plan that follows from what memblock has in the end (<c>memblock_free_all</c>).</summary>
    /// <param name="profile">The kernel's zones.</param>
    /// <param name="map">The machine's memory, which is memblock's.</param>
    /// <param name="memblock">What is taken of it.</param>
    /// <param name="reasons">What the taken ranges are kept for; of two for the same frame the later counts.</param>
    /// <param name="freedLater">What of it becomes free later.</param>
    public static BootPlan Of(
        ZoneProfile profile, MemoryMap map, Memblock memblock, IEnumerable<Reservation> reasons, IReadOnlyList<FreedLater> freedLater)
    {
        long deferred = profile.DeferredPfn(map);
        IReadOnlyList<PageRange> free = memblock.FreePages([.. profile.Ends, deferred]);
        return new BootPlan
        {
            Reservations = Kept(MemoryMap.Subtract(map.Usable, free), reasons),
            HighMem = [.. free.Where(r => r.StartPfn >= profile.DirectMapEndPfn)],
            Released = [.. free.Where(r => r.StartPfn < profile.DirectMapEndPfn && r.StartPfn < deferred)],
            Deferred = [.. free.Where(r => r.StartPfn < profile.DirectMapEndPfn && r.StartPfn >= deferred)],
            DeferredPfn = deferred,
            FreedLater = freedLater,
        };
    }

    private static List<Reservation> Kept(List<PageRange> taken, IEnumerable<Reservation> reasons)
    {
        long end = taken.Count == 0 ? 0 : taken[^1].EndPfn;
        var reasonOf = new ReserveReason[end];
        foreach (Reservation reservation in reasons)
        {
            long from = Math.Min(reservation.Range.StartPfn, end), to = Math.Min(reservation.Range.EndPfn, end);
            reasonOf.AsSpan((int)from, (int)(to - from)).Fill(reservation.Reason);
        }
        var kept = new List<Reservation>();
        foreach (PageRange range in taken)
        {
            for (long pfn = range.StartPfn; pfn < range.EndPfn;)
            {
                long next = pfn + 1;
                while (next < range.EndPfn && reasonOf[next] == reasonOf[pfn])
                {
                    next++;
                }
                kept.Add(new Reservation(new PageRange(pfn, next), reasonOf[pfn]));
                pfn = next;
            }
        }
        return kept;
    }
}
