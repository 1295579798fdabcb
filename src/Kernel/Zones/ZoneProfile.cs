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
    private const long MiB = 1L << 20, FourGiB = 4L << 30;

    /// <summary>The profile of a kernel on a machine.</summary>
    /// <exception cref="ImpossibleMachineException">The kernel cannot reach the machine's memory, or a zone limit cannot be.</exception>
    public static ZoneProfile Of(KernelProfile profile, ZoneLimits limits, MemoryMap map)
    {
        long dma = ZoneLimits.Pfn("dmaEnd", limits.DmaEnd, 16 * MiB, 1, map);
        ZoneProfile made = profile == KernelProfile.X86_64
            ? new ZoneProfile(profile, 9, 64, true, FrameTable.MaxFrames,
                [ZoneType.Dma, ZoneType.Dma32, ZoneType.Normal, ZoneType.Movable, ZoneType.Device],
                [dma, ZoneLimits.Pfn("dma32End", limits.Dma32End, FourGiB, dma, map), FrameTable.MaxFrames, 0, 0])
            : new ZoneProfile(profile, 10, 32, false, FourGiB >> Page.Shift,
                [ZoneType.Dma, ZoneType.Normal, ZoneType.HighMem, ZoneType.Movable],
                [dma, ZoneLimits.Pfn("lowmemEnd", limits.LowmemEnd, 896 * MiB, dma, map), FourGiB >> Page.Shift, 0]);
        if (map.EndPfn > made.MaxPfn)
        {
            throw new ImpossibleMachineException("machine.memory",
                $"the kernel reaches memory up to 0x{made.MaxPfn << Page.Shift:x} and the machine's goes to 0x{map.EndPfn << Page.Shift:x}",
                "give the machine less memory, or choose kernel.profile x86_64");
        }
        return made;
    }

    /// <summary>True when there is a zone DMA32.</summary>
    public bool HasDma32 => Profile == KernelProfile.X86_64;

    /// <summary>True when there is a zone HighMem.</summary>
    public bool HasHighMem => Profile == KernelProfile.I386Classic;

    /// <summary>One past the last frame that the kernel maps permanently.</summary>
    public long DirectMapEndPfn => HasHighMem ? Ends[1] : MaxPfn;

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
