using Sim.Kernel.Zones;

namespace Sim.Kernel.Boot;

/// <summary>A range kept back at boot.</summary>
/// <param name="Range">The frames.</param>
/// <param name="Reason">What for.</param>
public readonly record struct Reservation(PageRange Range, ReserveReason Reason);

/// <summary>
/// What the kernel keeps of the machine's memory before the page allocator is up. Where the range is not fixed, memblock
/// finds one, in the order in which the kernel asks.
/// </summary>
internal sealed class BootReservations
{
    private readonly List<Reservation> _reasons = [];
    private readonly List<FreedLater> _freedLater = [];

    public BootReservations(ZoneProfile profile, MemoryMap map)
    {
        Profile = profile;
        Map = map;
        foreach (PageRange usable in map.Usable)
        {
            Memblock.Memory.Add(usable.StartPfn << Page.Shift, usable.Pages << Page.Shift);
        }
        Memblock.CurrentLimit = Math.Min(map.EndPfn, profile.DirectMapEndPfn) << Page.Shift;
    }

    public ZoneProfile Profile { get; }

    public MemoryMap Map { get; }

    public Memblock Memblock { get; } = new();

    /// <summary>The CPUs' own areas, by CPU.</summary>
    public List<PageRange> PerCpuAreas { get; } = [];

    /// <summary>Address that per-CPU variables are linked from (<c>__per_cpu_start</c>).</summary>
    public ulong PerCpuLinked { get; set; }

    /// <summary>The plan for a machine of which nothing but the memory map is known.</summary>
    /// <exception cref="ImpossibleMachineException">The memory does not hold the kernel.</exception>
    public static BootPlan Plan(ZoneProfile profile, MemoryMap map, BootOptions options, int cpus)
    {
        const string image = "kernel.boot.kernelImageBytes", initrd = "kernel.boot.initrdBytes", log = "kernel.boot.logBufferBytes";
        Check(image, options.KernelImageBytes, "give the size of a kernel, such as 54525952, or 0 for the profile's own");
        Check(initrd, options.InitrdBytes, "give the size of a RAM disk, or 0 for none");
        Check(log, options.LogBufferBytes, "give the size of a log, such as 1048576, or 0 for the kernel's own");
        var boot = new BootReservations(profile, map);
        if (options.Reservations is { } given)
        {
            GivenReservations.Keep(boot, given);
        }
        else if (profile.Profile == KernelProfile.I386Classic)
        {
            ClassicReservations.Keep(boot, options, cpus);
        }
        else
        {
            new KernelReservations(boot, options, cpus).Keep();
        }
        return BootPlan.Of(profile, map, boot.Memblock, boot._reasons, boot._freedLater) with
        {
            PerCpuAreas = boot.PerCpuAreas,
            PerCpuLinked = boot.PerCpuLinked,
        };
    }

    /// <summary>Tables of the simulated direct mapping with large pages: one per GiB and one per 512 GiB, or i386's for fixmap and pkmap.</summary>
    internal static long DirectMapTablePages(MemoryMap map, ZoneProfile profile)
    {
        long gib = (map.EndPfn + (1 << 18) - 1) >> 18;
        return profile.Profile == KernelProfile.X86_64 ? gib + ((gib + 511) / 512) : 2;
    }

    /// <summary>Frames kept for a reason so far.</summary>
    public long Kept(ReserveReason reason) => _reasons.Where(r => r.Reason == reason).Sum(r => r.Range.Pages);

    /// <summary>Says that frames become free later, whatever keeps them now.</summary>
    public void FreeLater(FreedLater freed)
    {
        if (freed.Range.Pages > 0)
        {
            _reasons.Add(new Reservation(freed.Range, freed.Reason));
            _freedLater.Add(freed);
        }
    }

    /// <summary>Keeps a range, whether or not there is memory (<c>memblock_reserve</c>).</summary>
    public void Reserve(long start, long size, ReserveReason reason)
    {
        Memblock.Reserved.Add(start, size);
        Note(start, size, reason);
    }

    /// <summary>Keeps frames that must be free memory.</summary>
    /// <exception cref="ImpossibleMachineException">They are not.</exception>
    public void ReserveFree(PageRange range, ReserveReason reason)
    {
        long start = range.StartPfn << Page.Shift, size = range.Pages << Page.Shift;
        if (!Memblock.Free().Any(f => f.Base <= start && f.End - size >= start))
        {
            throw TooSmall(size, reason, $" at 0x{start:x}");
        }
        Reserve(start, size, reason);
    }

    /// <summary>Keeps memory wherever memblock finds some, and returns its first byte.</summary>
    /// <exception cref="ImpossibleMachineException">It finds none.</exception>
    public long Alloc(long size, long align, ReserveReason reason, long min = 0, long max = 0)
    {
        long start = Memblock.Alloc(size, align, min, max);
        if (start < 0)
        {
            throw TooSmall(size, reason, "");
        }
        Note(start, size, reason);
        return start;
    }

    /// <summary>Notes what frames are kept for that memblock has reserved.</summary>
    public void Note(long start, long size, ReserveReason reason) => _reasons.Add(new Reservation(
        new PageRange(start >> Page.Shift, (start + size + Page.Size - 1) >> Page.Shift), reason));

    /// <summary>No room for a part of the kernel.</summary>
    public static ImpossibleMachineException TooSmall(long bytes, ReserveReason reason, string where) => new(
        "machine.memory", $"there is no room for {(bytes + 1023) >> 10} KiB of the kernel ({reason}){where}",
        "give the machine more memory, or the kernel less with kernel.boot.kernelImageBytes");

    private static void Check(string option, long bytes, string remedy)
    {
        if (bytes < 0 || bytes >> Page.Shift > FrameTable.MaxFrames)
        {
            throw new ImpossibleMachineException(option, $"this cannot have {bytes} bytes", remedy);
        }
    }
}
