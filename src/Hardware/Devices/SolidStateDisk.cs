using Sim.Engine.Scheduling;

namespace Sim.Hardware.Devices;

/// <summary>
/// A solid-state disk: a controller that takes one request after the other, and channels that work side by side; requests for
/// the same channel wait for each other. Execution state.
/// </summary>
public sealed class SolidStateDisk : IBlockDevice, IComponent
{
    private readonly SolidStateOptions _options;
    private readonly Scheduler _scheduler;
    private readonly long[] _channelFreePs;
    private readonly ushort _id;
    private readonly List<BlockRequest> _underWay = [];
    private readonly Stack<int> _free = new();
    private long _controllerFreePs, _reads, _writes, _busyPs;

    /// <param name="options">The disk.</param>
    /// <param name="scheduler">Carries its messages.</param>
    public SolidStateDisk(SolidStateOptions options, Scheduler scheduler)
    {
        _options = options;
        _scheduler = scheduler;
        _channelFreePs = new long[options.Channels];
        _id = scheduler.Register(this);
    }

    /// <inheritdoc/>
    public bool IsRotational => false;

    /// <inheritdoc/>
    public bool IsSynchronous => false;

    /// <inheritdoc/>
    public bool IsFull => _underWay.Count - _free.Count >= _options.QueueRequests;

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
        if (!_free.TryPop(out int place))
        {
            place = _underWay.Count;
            _underWay.Add(default);
        }
        _underWay[place] = request;
        _scheduler.Schedule(done, _id, 0, request.Cause, place);
        return 0;
    }

    /// <inheritdoc/>
    public void Handle(in Message message)
    {
        int place = (int)message.A;
        BlockRequest request = _underWay[place];
        _free.Push(place);
        _scheduler.Schedule(_scheduler.NowPs, request.Client, request.Kind, request.Cause, request.Tag, request.Write ? 1 : 0);
    }
}
