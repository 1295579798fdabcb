using Sim.Kernel.Boot;

namespace Sim.Kernel.Zones;

/// <summary>Addresses at which zones end, in bytes; 0 for the kernel's own.</summary>
public sealed record ZoneLimits
{
    /// <summary>End of zone DMA; the kernel's own is 16 MiB.</summary>
    public long DmaEnd { get; init; }

    /// <summary>End of zone DMA32 on x86-64; the kernel's own is 4 GiB.</summary>
    public long Dma32End { get; init; }

    /// <summary>End of zone Normal on i386: of the memory the kernel maps permanently; the kernel's own is 875 MiB, with PAE 879 MiB, on i386-classic 896 MiB.</summary>
    public long LowmemEnd { get; init; }

    /// <summary>Checks one limit and returns it as a frame number.</summary>
    /// <exception cref="ImpossibleMachineException">It is no multiple of 4 MiB, or asks for a zone larger than the memory.</exception>
    internal static long Pfn(string option, long bytes, long defaultBytes, long leastPfn, MemoryMap map)
    {
        const long blockBytes = Page.Size << PageOrder.Max;
        if (bytes == 0)
        {
            return Math.Max(defaultBytes >> Page.Shift, leastPfn);
        }
        if (bytes < 0 || bytes % blockBytes != 0 || bytes >> Page.Shift < leastPfn)
        {
            throw new ImpossibleMachineException("kernel.zones." + option, $"a zone cannot end at {bytes} bytes",
                $"give a multiple of 4 MiB from {leastPfn << Page.Shift} bytes on, or 0 for the kernel's own");
        }
        if (bytes >> Page.Shift > map.EndPfn)
        {
            throw new ImpossibleMachineException("kernel.zones." + option,
                $"the zone would end at {bytes} bytes and memory ends at {map.EndPfn << Page.Shift}",
                "give the machine more memory, or the zone less");
        }
        return bytes >> Page.Shift;
    }
}
