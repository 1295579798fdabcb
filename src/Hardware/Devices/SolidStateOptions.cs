namespace Sim.Hardware.Devices;

/// <summary>
/// A solid-state disk; the defaults are those of an NVMe disk of 1 TB (Samsung SSD 970 EVO, data sheet revision 1.0: random
/// 4 KiB reads 15,000 a second one at a time and 500,000 many at a time, writes 50,000 and 450,000).
/// </summary>
public sealed record SolidStateOptions
{
    /// <summary>Time of a read on its own, in nanoseconds.</summary>
    public int ReadNs { get; init; } = 66_667;

    /// <summary>Time of a write on its own, in nanoseconds: until the disk's buffer has it.</summary>
    public int WriteNs { get; init; } = 20_000;

    /// <summary>Time between two reads when many are under way, in nanoseconds.</summary>
    public int ReadIntervalNs { get; init; } = 2_000;

    /// <summary>Time between two writes when many are under way, in nanoseconds.</summary>
    public int WriteIntervalNs { get; init; } = 2_222;

    /// <summary>Flash dies that work at the same time; pages are spread over them.</summary>
    public int Channels { get; init; } = 32;

    /// <summary>Requests the queue has room for (<c>nr_requests</c>); by default what Linux gives a queue of an NVMe disk (<c>io_queue_depth</c> - 1).</summary>
    public int QueueRequests { get; init; } = 1_023;
}
