namespace Sim.Hardware.Devices;

/// <summary>
/// A hard disk; the defaults are those of a desktop disk of 1 TB with 7,200 revolutions a minute (Seagate BarraCuda ST1000DM010,
/// product manual 100804187: average seek 8.5 ms read and 9.5 ms write, track to track 1.0 and 1.2 ms, 210 MB/s at most).
/// </summary>
public sealed record HardDiskOptions
{
    /// <summary>Pages of 4 KiB on the whole disk.</summary>
    public long Pages { get; init; } = 244_190_646;

    /// <summary>Revolutions a minute.</summary>
    public int RevolutionsPerMinute { get; init; } = 7_200;

    /// <summary>Bytes a second that pass under the head.</summary>
    public long BytesPerSecond { get; init; } = 210_000_000;

    /// <summary>Tracks of a cylinder, one for each head.</summary>
    public int Heads { get; init; } = 2;

    /// <summary>Seek to the next track for reading, in microseconds.</summary>
    public int TrackToTrackReadUs { get; init; } = 1_000;

    /// <summary>Seek to the next track for writing, in microseconds.</summary>
    public int TrackToTrackWriteUs { get; init; } = 1_200;

    /// <summary>Seek over a third of the disk for reading, in microseconds.</summary>
    public int AverageSeekReadUs { get; init; } = 8_500;

    /// <summary>Seek over a third of the disk for writing, in microseconds.</summary>
    public int AverageSeekWriteUs { get; init; } = 9_500;

    /// <summary>Work of the controller for each request, in microseconds.</summary>
    public int OverheadUs { get; init; } = 100;

    /// <summary>A read that has waited so long goes first, in milliseconds (<c>read_expire</c> of mq-deadline).</summary>
    public int ReadExpireMs { get; init; } = 500;

    /// <summary>A write that has waited so long goes first, in milliseconds (<c>write_expire</c>).</summary>
    public int WriteExpireMs { get; init; } = 5_000;

    /// <summary>Requests taken in order of their place before deadlines are looked at (<c>fifo_batch</c>).</summary>
    public int FifoBatch { get; init; } = 16;

    /// <summary>Batches of reads that writes wait for (<c>writes_starved</c>).</summary>
    public int WritesStarved { get; init; } = 2;

    /// <summary>Requests the queue has room for (<c>nr_requests</c>); pages that follow each other are one request.</summary>
    public int QueueRequests { get; init; } = 64;
}
