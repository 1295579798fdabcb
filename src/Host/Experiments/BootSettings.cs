namespace Sim.Host.Experiments;

/// <summary>What the kernel keeps for itself at boot.</summary>
public sealed record BootSettings
{
    [Setting("Size of the kernel's code and data in memory; 0 for the profile's own.")]
    public ByteSize KernelImageBytes { get; init; }}
