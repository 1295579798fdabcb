namespace Sim.Hardware.Devices;

/// <summary>
/// A block device. Requests are for whole pages of 4 KiB; a completion is for a whole request. Completions come as messages to the component that made the request, which
/// gets its tag back in word <c>A</c> and whether it was a write in word <c>B</c>.
/// </summary>
public interface IBlockDevice
{
    /// <summary>It has a head that moves (<c>rotational</c> in the kernel's queue directory): order matters.</summary>
    bool IsRotational { get; }

    /// <summary>The CPU does the work, and a request is done when <see cref="Submit"/> returns (<c>BDI_CAP_SYNCHRONOUS_IO</c>).</summary>
    bool IsSynchronous { get; }

    /// <summary>Its queue has no room: whoever has time waits (<c>nr_requests</c>). It takes requests all the same.</summary>
    bool IsFull => false;

    /// <summary>Takes a request.</summary>
    /// <param name="request">What is asked.</param>
    /// <param name="timePs">When: not before the scheduler's now.</param>
    /// <returns>Time that the CPU spends on it, in picoseconds: 0 unless it is synchronous.</returns>
    long Submit(in BlockRequest request, long timePs);

    /// <summary>What it did so far.</summary>
    BlockStatistics Statistics { get; }
}

/// <summary>A request: one page, or several that lie one after the other.</summary>
/// <param name="Page">Where on the device, in pages.</param>
/// <param name="Write">Write it; otherwise read it.</param>
/// <param name="Client">Component that gets the completion.</param>
/// <param name="Kind">Kind of message it gets.</param>
/// <param name="Tag">Comes back in word <c>A</c>.</param>
/// <param name="Cause">Sequence of the event that led here.</param>
/// <param name="Pages">How many.</param>
public readonly record struct BlockRequest(long Page, bool Write, ushort Client, ushort Kind, long Tag, long Cause, int Pages = 1);

/// <summary>What a device did: as in <c>/proc/diskstats</c>.</summary>
/// <param name="Reads">Pages read.</param>
/// <param name="Writes">Pages written.</param>
/// <param name="BusyPs">Time at work, in picoseconds.</param>
public readonly record struct BlockStatistics(long Reads, long Writes, long BusyPs);
