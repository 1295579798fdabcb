namespace Sim.Host.Experiments;

/// <summary>What the kernel keeps for itself at boot.</summary>
public sealed record BootSettings
{
    [Setting("Size of the kernel's code and data in memory; 0 for the profile's own.")]
    public ByteSize KernelImageBytes { get; init; }

    [Setting("Size of the initial RAM disk, kept until boot is over.", Max = 1L << 36)]
    public ByteSize InitrdBytes { get; init; }

    [Setting("Size of the kernel's log (log_buf_len); 0 for the kernel's own.", Max = 1L << 31)]
    public ByteSize LogBufferBytes { get; init; }

    [Setting("Length of the kernel's command line.", Min = 0, Max = 2048)]
    public int CommandLineBytes { get; init; } = 400;

    [Setting("What is kept for good instead of all that is computed; null computes it.", MinItems = 1, MaxItems = 1024)]
    public IReadOnlyList<ReservationSettings>? Reservations { get; init; }
}

/// <summary>A range of memory that the kernel keeps.</summary>
public sealed record ReservationSettings
{
    [Setting("First byte.", Required = true, Max = 1L << 46)]
    public ByteSize Start { get; init; }

    [Setting("Bytes.", Required = true, Min = 1, Max = 1L << 46)]
    public ByteSize Size { get; init; }
}
