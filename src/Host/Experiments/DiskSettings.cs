namespace Sim.Host.Experiments;

/// <summary>The block devices that a swap area can be on.</summary>
public sealed record DiskSettings
{
    [Setting("The hard disk.")]
    public HardDiskSettings HardDisk { get; init; } = new();

    [Setting("The solid-state disk.")]
    public SolidStateSettings SolidState { get; init; } = new();

    [Setting("Compressed memory (zram).")]
    public CompressedMemorySettings CompressedMemory { get; init; } = new();
}

/// <summary>A hard disk; the defaults are those of a Seagate BarraCuda ST1000DM010.</summary>
public sealed record HardDiskSettings
{
    [Setting("Pages of 4 KiB on the whole disk: how far a seek goes.", Min = 1024, Max = 1L << 36)]
    public long Pages { get; init; } = 244_190_646;

    [Setting("Revolutions a minute.", Min = 60, Max = 100_000)]
    public int RevolutionsPerMinute { get; init; } = 7_200;

    [Setting("Bytes a second that pass under the head.", Min = 1_000_000, Max = 10_000_000_000)]
    public long BytesPerSecond { get; init; } = 210_000_000;

    [Setting("Tracks of a cylinder.", Min = 1, Max = 64)]
    public int Heads { get; init; } = 2;

    [Setting("Seek to the next track for reading, in us.", Min = 0, Max = 1_000_000)]
    public int TrackToTrackReadUs { get; init; } = 1_000;

    [Setting("Seek to the next track for writing, in us.", Min = 0, Max = 1_000_000)]
    public int TrackToTrackWriteUs { get; init; } = 1_200;

    [Setting("Seek over a third of the disk for reading, in us.", Min = 0, Max = 1_000_000)]
    public int AverageSeekReadUs { get; init; } = 8_500;

    [Setting("Seek over a third of the disk for writing, in us.", Min = 0, Max = 1_000_000)]
    public int AverageSeekWriteUs { get; init; } = 9_500;

    [Setting("Work of the controller for each request, in us.", Min = 0, Max = 1_000_000)]
    public int OverheadUs { get; init; } = 100;

    [Setting("A read that has waited so long goes first, in ms (read_expire).", Min = 1, Max = 1_000_000)]
    public int ReadExpireMs { get; init; } = 500;

    [Setting("A write that has waited so long goes first, in ms (write_expire).", Min = 1, Max = 1_000_000)]
    public int WriteExpireMs { get; init; } = 5_000;

    [Setting("Requests taken in order of their place before deadlines are looked at (fifo_batch).", Min = 1, Max = 1_000_000)]
    public int FifoBatch { get; init; } = 16;

    [Setting("Batches of reads that writes wait for (writes_starved).", Min = 0, Max = 1_000_000)]
    public int WritesStarved { get; init; } = 2;

    [Setting("Requests the queue has room for (nr_requests); pages that follow each other are one request.", Min = 1, Max = 1_000_000)]
    public int QueueRequests { get; init; } = 64;
}

/// <summary>A solid-state disk; the defaults are those of a Samsung SSD 970 EVO of 1 TB.</summary>
public sealed record SolidStateSettings
{
    [Setting("Time of a read on its own, in ns.", Min = 1, Max = 1_000_000_000)]
    public int ReadNs { get; init; } = 66_667;

    [Setting("Time of a write on its own, in ns.", Min = 1, Max = 1_000_000_000)]
    public int WriteNs { get; init; } = 20_000;

    [Setting("Time between two reads when many are under way, in ns.", Min = 0, Max = 1_000_000_000)]
    public int ReadIntervalNs { get; init; } = 2_000;

    [Setting("Time between two writes when many are under way, in ns.", Min = 0, Max = 1_000_000_000)]
    public int WriteIntervalNs { get; init; } = 2_222;

    [Setting("Flash dies that work at the same time.", Min = 1, Max = 4096)]
    public int Channels { get; init; } = 32;

    [Setting("Requests the queue has room for (nr_requests; Linux gives a queue of an NVMe disk 1,023).", Min = 1, Max = 1_000_000)]
    public int QueueRequests { get; init; } = 1_023;
}

/// <summary>Compressed memory; the defaults are those of lzo-rle.</summary>
public sealed record CompressedMemorySettings
{
    [Setting("Compressing a page, in ns.", Min = 0, Max = 1_000_000_000)]
    public int CompressNs { get; init; } = 6_077;

    [Setting("Decompressing a page, in ns.", Min = 0, Max = 1_000_000_000)]
    public int DecompressNs { get; init; } = 4_618;

    [Setting("Pages that find room in one page of memory when they are compressed.", Min = 1, Max = 4096)]
    public int PagesPerFrame { get; init; } = 3;
}
