using Sim.Kernel.Boot;

namespace Sim.Kernel.Zones;

/// <summary>What a kernel's zones look like: the facts that differ between profiles.</summary>
/// <param name="Profile">Which kernel.</param>
/// <param name="PageblockOrder">Order of the blocks that share a migratetype: the order of a huge page.</param>
/// <param name="StructPageBytes">Size of the kernel's own <c>struct page</c>; decides what the memory map costs at boot.</param>
/// <param name="HasHugePcp">Per-CPU lists hold huge pages too (transparent huge pages are built in).</param>
/// <param name="MaxPfn">One past the greatest frame number that the kernel can use.</param>
/// <param name="Zones">The zone types it has, lowest first, empty ones included.</param>
/// <param name="Ends">One past the last frame of each of <paramref name="Zones"/>; 0 for one that never has memory.</param>
public sealed record ZoneProfile(
    KernelProfile Profile, int PageblockOrder, int StructPageBytes, bool HasHugePcp, long MaxPfn, ZoneType[] Zones, long[] Ends)
{
    /// <summary>Frames of a memory section on x86-64: 128 MiB.</summary>
    public const long SectionPages = (128L << 20) >> Page.Shift;

    /// <summary>Where a 32-bit kernel has the CPUs' entry areas (<c>CPU_ENTRY_AREA_BASE</c> of Debian's builds, for 32 CPUs).</summary>
    public const long EntryAreasBase = 0xFF400000;

    private const long MiB = 1L << 20, FourGiB = 4L << 30;

    /// <summary>The profile of a kernel on a machine.</summary>
    /// <exception cref="ImpossibleMachineException">The kernel cannot reach the machine's memory, or a zone limit cannot be.</exception>
    public static ZoneProfile Of(KernelProfile profile, ZoneLimits limits, MemoryMap map)
    {
        long dma = ZoneLimits.Pfn("dmaEnd", limits.DmaEnd, 16 * MiB, 1, map);
        ZoneProfile made = profile switch
        {
            KernelProfile.X86_64 => new ZoneProfile(profile, 9, 64, true, FrameTable.MaxFrames,
                [ZoneType.Dma, ZoneType.Dma32, ZoneType.Normal, ZoneType.Movable, ZoneType.Device],
                [dma, ZoneLimits.Pfn("dma32End", limits.Dma32End, FourGiB, dma, map), FrameTable.MaxFrames, 0, 0]),
            KernelProfile.I386 => I386(profile, 10, 40, true, FourGiB, LowmemEnd(4 * MiB)),
            KernelProfile.I386Pae => I386(profile, 9, 40, true, 16 * FourGiB, LowmemEnd(2 * MiB)),
            _ => I386(profile, 10, 32, false, FourGiB, 896 * MiB),
        };
        if (map.EndPfn > made.MaxPfn)
        {
            throw new ImpossibleMachineException("machine.memory",
                $"the kernel reaches memory up to 0x{made.MaxPfn << Page.Shift:x} and the machine's goes to 0x{map.EndPfn << Page.Shift:x}",
                "give the machine less memory, or choose kernel.profile x86_64");
        }
        return made;

        ZoneProfile I386(KernelProfile kernel, int blockOrder, int structPage, bool hugePcp, long end, long lowmem) =>
            new(kernel, blockOrder, structPage, hugePcp, end >> Page.Shift,
                [ZoneType.Dma, ZoneType.Normal, ZoneType.HighMem, ZoneType.Movable],
                [dma, ZoneLimits.Pfn("lowmemEnd", limits.LowmemEnd, lowmem, dma, map), end >> Page.Shift, 0]);
    }

    /// <summary>True when there is a zone DMA32.</summary>
    public bool HasDma32 => Profile == KernelProfile.X86_64;

    /// <summary>True when there is a zone HighMem.</summary>
    public bool HasHighMem => Profile != KernelProfile.X86_64;

    /// <summary>One past the last frame that the kernel maps permanently.</summary>
    public long DirectMapEndPfn => HasHighMem ? Ends[1] : MaxPfn;

    /// <summary>
    /// Page tables that boot makes in advance so that the vmalloc area (32 TiB of 512 GiB each) is in every address space
    /// (<c>preallocate_vmalloc_pages</c>, arch/x86/mm/init_64.c).
    /// </summary>
    public int VmallocTables => Profile == KernelProfile.X86_64 ? 64 : 0;

    /// <summary>
    /// First frame that x86-64 leaves for a kernel thread to set up and hand over: of the zone that ends memory, the first
    /// section that begins after one section's worth of frames; the end of memory where there is none (<c>defer_init</c>).
    /// </summary>
    public long DeferredPfn(MemoryMap map)
    {
        if (Profile == KernelProfile.X86_64)
        {
            long zoneStart = Ends.Where(end => end < map.EndPfn).Max();
            long initialised = 0;
            foreach (PageRange usable in map.Usable)
            {
                long start = Math.Max(usable.StartPfn, zoneStart);
                long first = Math.Max(start, start + SectionPages - initialised);
                first = (first + SectionPages - 1) & -SectionPages;
                if (first < usable.EndPfn)
                {
                    return first;
                }
                initialised += Math.Max(0, usable.EndPfn - start);
            }
        }
        return map.EndPfn;
    }

    /// <summary>
    /// End of the memory that a 32-bit kernel maps permanently (MAXMEM). Of the gigabyte from PAGE_OFFSET on, the top holds,
    /// each from a multiple of what an entry of the upper table maps: fixed addresses and the CPUs' entry areas, the local
    /// descriptor tables, the temporary mappings of high memory (PKMAP_BASE), and below a gap of two pages the vmalloc area.
    /// </summary>
    /// <param name="pmdSize">What one entry maps: 4 MiB, with physical address extension 2 MiB.</param>
    private static long LowmemEnd(long pmdSize)
    {
        const long pageOffset = 0xC0000000, vmallocReserve = 128 * MiB;
        long descriptorTables = (EntryAreasBase - Page.Size) & -pmdSize;
        long pkmap = (descriptorTables - Page.Size) & -pmdSize;
        long vmallocEnd = pkmap - (2 * Page.Size);
        return vmallocEnd - vmallocReserve - pageOffset;
    }

    /// <summary>Cuts a memory map into zones, one entry per type of <see cref="Zones"/> (<c>free_area_init</c>).</summary>
    public ZoneRange[] Cut(MemoryMap map)
    {
        var ranges = new ZoneRange[Zones.Length];
        long from = 0;
        for (int i = 0; i < Zones.Length; i++)
        {
            long to = Ends[i];
            long present = 0;
            foreach (PageRange usable in map.Usable)
            {
                present += Math.Max(0, Math.Min(usable.EndPfn, to) - Math.Max(usable.StartPfn, from));
            }
            // The span counts from the zone's lower limit even when its first frames are a hole.
            long start = Math.Max(from, map.Usable[0].StartPfn);
            ranges[i] = present == 0
                ? new ZoneRange(Zones[i], 0, 0, 0)
                : new ZoneRange(Zones[i], start, Math.Min(to, map.EndPfn) - start, present);
            from = Math.Max(from, to);
        }
        return ranges;
    }
}
