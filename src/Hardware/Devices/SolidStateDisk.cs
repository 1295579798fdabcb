using Sim.Engine.Scheduling;

namespace Sim.Hardware.Devices;

/// <summary>
/// A solid-state disk: a controller that takes one request after the other, and channels that work side by side; requests for
/// the same channel wait for each other. Execution state.
/// </summary>
public sealed class SolidStateDisk : IBlockDevice
{
    private readonly SolidStateOptions _options;
    private readonly Scheduler _scheduler;
    private readonly long[] _channelFreePs;
    private long _controllerFreePs, _reads, _writes, _busyPs;

    /// <param name="options">The disk.</param>
    /// <param name="scheduler">Carries its messages.</param>
    public SolidStateDisk(SolidStateOptions options, Scheduler scheduler)
    {
        _options = options;
        _scheduler = scheduler;
        _channelFreePs = new long[options.Channels];
    }

    /// <inheritdoc/>
    public bool IsRotational => false;

    /// <inheritdoc/>
    public bool IsSynchronous => false;

    /// <inheritdoc/>
    public BlockStatistics Statistics => new(_reads, _writes, _busyPs);

    /// <inheritdoc/>
    public long Submit(in BlockRequest request, long timePs)
    {
        long interval = (request.Write ? _options.WriteIntervalNs : _options.ReadIntervalNs) * 1000L;
        long service = ((request.Write ? _options.WriteNs : _options.ReadNs) * 1000L) - interval;
        long done = timePs;
        for (long page = request.Page; page < request.Page + request.Pages; page++)
        {
            _controllerFreePs = Math.Max(timePs, _controllerFreePs) + interval;
            ref long channel = ref _channelFreePs[page % _options.Channels];
            channel = Math.Max(_controllerFreePs, channel) + Math.Max(service, 0);
            done = Math.Max(done, channel);
        }
        _ = request.Write ? _writes += request.Pages : _reads += request.Pages;
        _busyPs += interval * request.Pages;
        _scheduler.Schedule(done, request.Client, request.Kind, request.Cause, request.Tag, request.Write ? 1 : 0);
        return 0;
    }
}
