namespace Sim.Kernel;

/// <summary>Which kernel the simulated one follows.</summary>
public enum KernelProfile : byte
{
    /// <summary>Linux 6.1 on x86-64: zones DMA, DMA32 and Normal, page blocks of order 9, four-level tables.</summary>
    X86_64,

    /// <summary>The 32-bit kernel of the textbooks: zones DMA, Normal up to 896 MiB and HighMem, page blocks of order 10, two-level tables.</summary>
    I386Classic,

    /// <summary>Linux 6.1 for i686: the same with 875 MiB of low memory and SLUB.</summary>
    I386,

    /// <summary>Linux 6.1 for i686 with physical address extension: 879 MiB of low memory, page blocks of order 9.</summary>
    I386Pae,
}
