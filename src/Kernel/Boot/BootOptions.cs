namespace Sim.Kernel.Boot;

/// <summary>What the kernel keeps for itself at boot.</summary>
public sealed record BootOptions
{
    /// <summary>Size of the kernel's code and data in memory, in bytes; 0 for the profile's own (48 MiB on x86-64, 6 MiB on i386-classic).</summary>
    public long KernelImageBytes { get; init; }
}
