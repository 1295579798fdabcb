using System.Numerics;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Boot;

/// <summary>A range kept back at boot.</summary>
/// <param name="Range">The frames.</param>
/// <param name="Reason">What for.</param>
public readonly record struct Reservation(PageRange Range, ReserveReason Reason);

/// <summary>
/// What the kernel keeps of the machine's memory before the page allocator is up: fixed places first, then the rest
/// from the top of the permanently mapped memory downwards, as memblock allocates it.
/// </summary>
public sealed class BootReservations
{
    private const long LowMemoryEndPfn = 0x100;
    private const long SectionPages = (128L << 20) >> Page.Shift;
    private const long HugePages = 512;

    private readonly List<Reservation> _taken = [];
    private readonly ZoneProfile _profile;
    private readonly MemoryMap _map;
    private List<PageRange> _free;

    private BootReservations(ZoneProfile profile, MemoryMap map)
    {
        _profile = profile;
        _map = map;
        _free = [.. map.Usable];
    }

    /// <summary>What is kept back, in the order it is taken.</summary>
    /// <exception cref="ImpossibleMachineException">The memory does not hold the kernel.</exception>
    public static IReadOnlyList<Reservation> Compute(ZoneProfile profile, MemoryMap map, BootOptions options, int cpus)
    {
        var boot = new BootReservations(profile, map);
        bool is64Bit = profile.Profile == KernelProfile.X86_64;
        long image = options.KernelImageBytes != 0 ? options.KernelImageBytes : (is64Bit ? 48L : 6L) << 20;
        if (image < 0 || image >> Page.Shift > FrameTable.MaxFrames)
        {
            throw new ImpossibleMachineException("kernel.boot.kernelImageBytes",
                $"a kernel cannot have {image} bytes", "give the size of a kernel, such as 50331648, or 0 for the profile's own");
        }
        boot.Keep(new PageRange(0, LowMemoryEndPfn), ReserveReason.LowMemory);
        long start = (is64Bit ? 16L << 20 : 1L << 20) >> Page.Shift;
        boot.TakeAt(new PageRange(start, start + Pages(image)), ReserveReason.KernelImage);
        boot.TakeTop(boot.MemMapPages(is64Bit), is64Bit ? HugePages : 1, ReserveReason.MemMap);
        boot.TakeTop(DirectMapTablePages(map, profile), 1, ReserveReason.DirectMapTables);
        boot.TakeTop((is64Bit ? 62L : 16L) * cpus, 1, ReserveReason.PerCpuAreas);
        boot.TakeTop(boot.HashPages(13, is64Bit), 1, ReserveReason.DentryHash);
        boot.TakeTop(boot.HashPages(14, is64Bit), 1, ReserveReason.InodeHash);
        return boot._taken;
    }

    /// <summary>The plan for a machine of which nothing but the memory map is known.</summary>
    /// <exception cref="ImpossibleMachineException">The memory does not hold the kernel.</exception>
    public static BootPlan Plan(ZoneProfile profile, MemoryMap map, BootOptions options, int cpus)
    {
        IReadOnlyList<Reservation> kept = Compute(profile, map, options, cpus);
        var memblock = new Memblock();
        foreach (PageRange usable in map.Usable)
        {
            memblock.Memory.Add(usable.StartPfn << Page.Shift, usable.Pages << Page.Shift);
        }
        foreach (Reservation reservation in kept)
        {
            memblock.Reserved.Add(reservation.Range.StartPfn << Page.Shift, reservation.Range.Pages << Page.Shift);
        }
        return BootPlan.Of(profile, map, memblock, kept, []);
    }

    private static long Pages(long bytes) => (bytes + Page.Size - 1) >> Page.Shift;

    /// <summary>One <c>struct page</c> for every frame of each section of memory that exists (x86-64), or for every frame number (i386).</summary>
    private long MemMapPages(bool sparse)
    {
        long frames = 0, nextSection = 0;
        foreach (PageRange range in _map.Usable)
        {
            long first = Math.Max(nextSection, range.StartPfn / SectionPages);
            nextSection = Math.Max(nextSection, (range.EndPfn + SectionPages - 1) / SectionPages);
            frames += Math.Max(0, nextSection - first) * SectionPages;
        }
        return sparse
            ? (Pages(frames * _profile.StructPageBytes) + HugePages - 1) / HugePages * HugePages
            : Pages(_map.EndPfn * _profile.StructPageBytes);
    }

    /// <summary>Tables of the direct mapping with large pages: one per GiB and one per 512 GiB, or i386's for fixmap and pkmap.</summary>
    internal static long DirectMapTablePages(MemoryMap map, ZoneProfile profile)
    {
        long gib = (map.EndPfn + (1 << 18) - 1) >> 18;
        return profile.Profile == KernelProfile.X86_64 ? gib + ((gib + 511) / 512) : 2;
    }

    /// <summary>
    /// A hash table of one pointer per 2^scale bytes of memory, a power of two, coarser by one step for each
    /// fourfold size above 64 GiB (<c>alloc_large_system_hash</c>).
    /// </summary>
    private long HashPages(int scale, bool is64Bit)
    {
        long pages = 0;
        foreach (PageRange range in _map.Usable)
        {
            pages += Math.Max(0, Math.Min(range.EndPfn, _profile.DirectMapEndPfn) - range.StartPfn);
        }
        for (long size = (64L << 30) >> Page.Shift; is64Bit && size < pages; size <<= 2)
        {
            scale++;
        }
        const long mib = (1L << 20) >> Page.Shift;
        long entries = (long)BitOperations.RoundUpToPowerOf2((ulong)(((pages + mib - 1) & -mib) >> (scale - Page.Shift)));
        return Pages(Math.Max(entries, 1) * (is64Bit ? 8 : 4));
    }

    /// <summary>Keeps what there is of a range.</summary>
    private void Keep(PageRange range, ReserveReason reason)
    {
        foreach (PageRange usable in _map.Usable)
        {
            var part = new PageRange(Math.Max(usable.StartPfn, range.StartPfn), Math.Min(usable.EndPfn, range.EndPfn));
            if (part.Pages > 0)
            {
                Take(part, reason);
            }
        }
    }

    private void TakeAt(PageRange range, ReserveReason reason)
    {
        if (!_free.Any(f => f.StartPfn <= range.StartPfn && f.EndPfn >= range.EndPfn))
        {
            throw TooSmall(range.Pages, reason, $" at 0x{range.StartPfn << Page.Shift:x}");
        }
        Take(range, reason);
    }

    private void TakeTop(long pages, long align, ReserveReason reason)
    {
        for (int i = _free.Count - 1; i >= 0; i--)
        {
            long end = Math.Min(_free[i].EndPfn, _profile.DirectMapEndPfn);
            long start = (end - pages) / align * align;
            if (start >= _free[i].StartPfn)
            {
                Take(new PageRange(start, start + pages), reason);
                return;
            }
        }
        throw TooSmall(pages, reason, "");
    }

    private void Take(PageRange range, ReserveReason reason)
    {
        _taken.Add(new Reservation(range, reason));
        _free = MemoryMap.Subtract(_free, [range]);
    }

    private static ImpossibleMachineException TooSmall(long pages, ReserveReason reason, string where) => new(
        "machine.memory", $"there is no room for {pages << (Page.Shift - 10)} KiB of the kernel ({reason}){where}",
        "give the machine more memory, or the kernel less with kernel.boot.kernelImageBytes");
}
