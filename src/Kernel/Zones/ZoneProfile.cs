using Sim.Kernel.Boot;

namespace Sim.Kernel.Zones;

/// <summary>What a kernel's zones look like: the facts that differ between profiles.</summary>
/// <param name="PageblockOrder">Order of the blocks that share a migratetype: the order of a huge page.</param>
/// <param name="StructPageBytes">Size of the kernel's own <c>struct page</c>; decides what the memory map costs at boot.</param>
/// <param name="HasHugePcp">Per-CPU lists hold huge pages too (transparent huge pages are built in).</param>
/// <param name="MaxPfn">One past the greatest frame number that the kernel can use.</param>
/// <param name="Zones">The zone types it has, lowest first, empty ones included.</param>
public sealed record ZoneProfile(int PageblockOrder, int StructPageBytes, bool HasHugePcp, long MaxPfn, ZoneType[] Zones)
{
    private const long DmaEndPfn = (16L << 20) >> Page.Shift;
    private const long Dma32EndPfn = (4L << 30) >> Page.Shift;
    private const long LowmemEndPfn = (896L << 20) >> Page.Shift;

    /// <summary>The profile of a kernel.</summary>
    public static ZoneProfile Of(KernelProfile profile) => profile switch
    {
        KernelProfile.X86_64 => new ZoneProfile(9, 64, true, FrameTable.MaxFrames,
            [ZoneType.Dma, ZoneType.Dma32, ZoneType.Normal, ZoneType.Movable, ZoneType.Device]),
        KernelProfile.I386Classic => new ZoneProfile(10, 32, false, Dma32EndPfn,
            [ZoneType.Dma, ZoneType.Normal, ZoneType.HighMem, ZoneType.Movable]),
        _ => throw new ArgumentOutOfRangeException(nameof(profile), profile, "There is no such kernel profile."),
    };

    /// <summary>True when there is a zone DMA32.</summary>
    public bool HasDma32 => Array.IndexOf(Zones, ZoneType.Dma32) >= 0;

    /// <summary>True when there is a zone HighMem.</summary>
    public bool HasHighMem => Array.IndexOf(Zones, ZoneType.HighMem) >= 0;

    /// <summary>One past the last frame that the kernel maps permanently.</summary>
    public long DirectMapEndPfn => HasHighMem ? LowmemEndPfn : MaxPfn;

    /// <summary>Cuts a memory map into zones, one entry per type of <see cref="Zones"/> (<c>free_area_init</c>).</summary>
    public ZoneRange[] Cut(MemoryMap map)
    {
        var ranges = new ZoneRange[Zones.Length];
        for (int i = 0; i < Zones.Length; i++)
        {
            ranges[i] = Cut(map, Zones[i]);
        }
        return ranges;
    }

    private ZoneRange Cut(MemoryMap map, ZoneType type)
    {
        (long from, long to) = Limits(type);
        long first = long.MaxValue, end = 0, present = 0;
        foreach (PageRange usable in map.Usable)
        {
            long start = Math.Max(usable.StartPfn, from), stop = Math.Min(usable.EndPfn, to);
            if (start < stop)
            {
                first = Math.Min(first, start);
                end = Math.Max(end, stop);
                present += stop - start;
            }
        }
        if (present == 0)
        {
            return new ZoneRange(type, 0, 0, 0);
        }
        // A zone begins at its lower limit when memory lies below and above it, as the kernel counts the span.
        long begin = Math.Max(from, map.Usable[0].StartPfn);
        return new ZoneRange(type, begin, Math.Min(to, map.EndPfn) - begin, present);
    }

    private (long From, long To) Limits(ZoneType type) => type switch
    {
        ZoneType.Dma => (1, DmaEndPfn),
        ZoneType.Dma32 => (DmaEndPfn, Dma32EndPfn),
        ZoneType.Normal when HasHighMem => (DmaEndPfn, LowmemEndPfn),
        ZoneType.Normal => (Dma32EndPfn, MaxPfn),
        ZoneType.HighMem => (LowmemEndPfn, MaxPfn),
        _ => (0, 0),
    };
}
