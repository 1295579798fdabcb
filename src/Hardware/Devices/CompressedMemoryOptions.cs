namespace Sim.Hardware.Devices;

/// <summary>
/// Compressed memory as a block device (zram); the defaults are those of lzo-rle's relative lzo1x-1 on one core (lzbench 1.8 on
/// the Silesia corpus: 674 MB/s to compress, 887 MB/s to decompress), and a ratio of 3.
/// </summary>
public sealed record CompressedMemoryOptions
{
    /// <summary>Compressing a page, in nanoseconds.</summary>
    public int CompressNs { get; init; } = 6_077;

    /// <summary>Decompressing a page, in nanoseconds.</summary>
    public int DecompressNs { get; init; } = 4_618;

    /// <summary>Pages that find room in one page of memory when they are compressed.</summary>
    public int PagesPerFrame { get; init; } = 3;
}
