namespace Sim.Kernel.Zones;

/// <summary>
/// The zones of every profile, from the lowest addresses to the highest; a profile has some of them
/// (<c>enum zone_type</c>, include/linux/mmzone.h).
/// </summary>
public enum ZoneType : byte
{
    /// <summary>Below 16 MiB.</summary>
    Dma,

    /// <summary>Below 4 GiB; x86-64 only.</summary>
    Dma32,

    /// <summary>Directly mapped memory above that.</summary>
    Normal,

    /// <summary>Memory that has no permanent kernel address; 32-bit only.</summary>
    HighMem,

    /// <summary>A zone without memory of its own here; asking for it allows movable pages everywhere.</summary>
    Movable,

    /// <summary>Device memory; always empty.</summary>
    Device,
}

/// <summary>Names and counts of zones.</summary>
public static class ZoneTypes
{
    /// <summary>Number of zone types.</summary>
    public const int Count = 6;

    private static readonly string[] Names = ["DMA", "DMA32", "Normal", "HighMem", "Movable", "Device"];

    /// <summary>The kernel's name of a zone, as in <c>/proc/zoneinfo</c>.</summary>
    public static string Name(ZoneType zone) => Names[(int)zone];
}
