namespace Sim.Hardware.Devices;

/// <summary>The block devices that a machine can have.</summary>
public sealed record BlockDeviceOptions
{
    /// <summary>The hard disk.</summary>
    public HardDiskOptions HardDisk { get; init; } = new();

    /// <summary>The solid-state disk.</summary>
    public SolidStateOptions SolidState { get; init; } = new();

    /// <summary>Compressed memory.</summary>
    public CompressedMemoryOptions CompressedMemory { get; init; } = new();
}
