namespace Sim.Kernel.Boot;

/// <summary>What the kernel keeps for itself at boot.</summary>
public sealed record BootOptions
{
    /// <summary>
    /// Size of the kernel's code and data in memory, in bytes; 0 for the profile's own (52 MiB on x86-64, of which 8 MiB become
    /// free again, 15 MiB on i386, 6 MiB on i386-classic). An image of a given size has no parts that become free.
    /// </summary>
    public long KernelImageBytes { get; init; }

    /// <summary>Size of the initial RAM disk, in bytes: kept at the end of memory and freed when boot is over.</summary>
    public long InitrdBytes { get; init; }

    /// <summary>Size of the kernel's log, in bytes (<c>log_buf_len</c>); 0 for the one in the image, larger with many CPUs.</summary>
    public long LogBufferBytes { get; init; }

    /// <summary>Length of the kernel's command line.</summary>
    public int CommandLineBytes { get; init; } = 400;

    /// <summary>What is kept instead of all that is computed: ranges of physical addresses; null computes it.</summary>
    public IReadOnlyList<MemblockRegion>? Reservations { get; init; }
}
