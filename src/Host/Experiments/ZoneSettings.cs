namespace Sim.Host.Experiments;

/// <summary>Addresses at which zones end; 0 for the kernel's own.</summary>
public sealed record ZoneSettings
{
    [Setting("End of zone DMA, a multiple of 4MiB; 0 for the kernel's own 16MiB.")]
    public ByteSize DmaEnd { get; init; }

    [Setting("End of zone DMA32 on x86_64, a multiple of 4MiB; 0 for the kernel's own 4GiB.")]
    public ByteSize Dma32End { get; init; }

    [Setting("End of zone Normal on i386, a multiple of 4MiB; 0 for the kernel's own (875MiB, on i386-classic 896MiB).")]
    public ByteSize LowmemEnd { get; init; }
}
