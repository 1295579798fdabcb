using Sim.Engine.Events;
using Sim.Engine.Replay;
using Sim.Kernel.Buddy;
using Sim.Kernel.Zones;

namespace Sim.Host.Provenance;

/// <summary>A change of one frame.</summary>
/// <param name="Sequence">Event that made it.</param>
/// <param name="TimePs">When.</param>
/// <param name="Cause">What led to the event; -1 for nothing.</param>
/// <param name="Before">How the frame was.</param>
/// <param name="After">How it is from then on.</param>
/// <param name="Cpu">CPU whose list it is on from then on; -1 for none.</param>
/// <param name="Holder">Name of the one who has it from then on; empty while it is free.</param>
internal readonly record struct FrameChange(
    long Sequence, long TimePs, long Cause, FrameMoment Before, FrameMoment After, int Cpu, string Holder);

/// <summary>Writes down every change of one frame during a fold.</summary>
internal sealed class FrameWatcher : IFoldWatcher
{
    private readonly PageAllocatorState _pages;
    private readonly Func<FrameMoment, string> _names;
    private readonly long _pfn;
    private readonly List<FrameChange> _changes = [];

    public FrameWatcher(PageAllocatorState pages, Func<FrameMoment, string> names, long pfn)
    {
        (_pages, _names, _pfn) = (pages, names, pfn);
        Now = FrameMoment.Of(pages, pfn, pfn);
    }

    /// <summary>How the frame is.</summary>
    public FrameMoment Now { get; private set; }

    /// <summary>Its changes, oldest first.</summary>
    public IReadOnlyList<FrameChange> Changes => _changes;

    /// <inheritdoc/>
    public void After(int kind, in EventHeader header)
    {
        var now = FrameMoment.Of(_pages, _pfn, Now.Head);
        if (now == Now)
        {
            return;
        }
        string holder = now.State == FrameState.Allocated ? _names(now) : "";
        _changes.Add(new FrameChange(header.Sequence, header.TimePs, header.Cause, Now, now, now.ListCpu(_pages), holder));
        Now = now;
    }
}
