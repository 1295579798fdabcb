namespace Sim.Hardware.Devices;

/// <summary>
/// How long a hard disk takes: a seek grows with the square root of the distance (Ruemmler and Wilkes, An introduction to disk
/// drive modeling, IEEE Computer 27(3), 1994), the platter turns all the time, and pages lie one after the other on a track.
/// </summary>
public sealed class DiskGeometry
{
    private readonly HardDiskOptions _options;
    private readonly long _pagesPerTrack, _cylinders, _revolutionPs, _pagePs;

    public DiskGeometry(HardDiskOptions options)
    {
        _options = options;
        _revolutionPs = 60_000_000_000_000L / options.RevolutionsPerMinute;
        _pagesPerTrack = Math.Max(1, (long)((Int128)options.BytesPerSecond * _revolutionPs / 1_000_000_000_000L / 4096));
        _pagePs = _revolutionPs / _pagesPerTrack;
        _cylinders = Math.Max(2, options.Pages / (_pagesPerTrack * options.Heads));
    }

    /// <summary>The cylinder a page is on.</summary>
    public long CylinderOf(long page) => page / (_pagesPerTrack * _options.Heads);

    /// <summary>Time from one cylinder to another, in picoseconds.</summary>
    public long SeekPs(long from, long to, bool write)
    {
        long distance = Math.Abs(to - from);
        if (distance == 0)
        {
            return 0;
        }
        long least = write ? _options.TrackToTrackWriteUs : _options.TrackToTrackReadUs;
        long average = write ? _options.AverageSeekWriteUs : _options.AverageSeekReadUs;
        // The square root of 3 × distance ÷ cylinders, in millionths: 1 at a third of the disk.
        long root = (long)UInt128Root((UInt128)(3 * distance) * 1_000_000_000_000 / (UInt128)_cylinders);
        return (least * 1_000_000) + ((average - least) * root);
    }

    /// <summary>Time until a page comes under the head, from a moment on, in picoseconds.</summary>
    public long RotationPs(long page, long timePs)
    {
        long wanted = page % _pagesPerTrack * _pagePs, now = timePs % _revolutionPs;
        return wanted >= now ? wanted - now : wanted - now + _revolutionPs;
    }

    /// <summary>Time a page takes to pass under the head, in picoseconds.</summary>
    public long TransferPs => _pagePs;

    private static ulong UInt128Root(UInt128 value)
    {
        ulong root = 0;
        for (ulong bit = 1UL << 40; bit > 0; bit >>= 1)
        {
            ulong trial = root | bit;
            if ((UInt128)trial * trial <= value)
            {
                root = trial;
            }
        }
        return root;
    }
}
