using Sim.Engine.Snapshots;
using Sim.Host.Runs;

namespace Sim.Host.Provenance;

/// <summary>The changes of a frame, stretch by stretch between snapshots, from the latest to the first.</summary>
internal sealed class FrameStretches(RunMoment moment, long pfn, int pageblockOrder)
{
    /// <summary>The changes in the stretch before an event, and where the stretch begins.</summary>
    /// <param name="end">Sequence of the event behind the stretch; above 0.</param>
    /// <param name="whole">The stretch begins with the log.</param>
    /// <returns>Sequence of the stretch's first event; its changes, oldest first.</returns>
    public (long Since, IReadOnlyList<FrameChange> Changes) Before(long end, bool whole)
    {
        SnapshotStore snapshots = moment.Run.Snapshots;
        long since = whole || end == 0 ? 0 : snapshots.Newest(end - 1)?.Sequence ?? 0;
        return (since, !whole && Passes(snapshots, since, end) ? [] : Fold(since, end));
    }

    // True when the frame surely did not change. A snapshot at the stretch's end tells what was touched in it.
    private bool Passes(SnapshotStore snapshots, long since, long end) =>
        snapshots.Newest(end) is { } last && last.Sequence == end
        && TouchedFrames.Of(last.Attachment) is { } touched && touched.Since <= since && !touched.MayConcern(pfn, pageblockOrder);

    private IReadOnlyList<FrameChange> Fold(long since, long end)
    {
        Timeline timeline = moment.Timeline;
        moment.Names.Load();
        timeline.GoTo(since - 1);
        var watcher = new FrameWatcher(timeline.State.State.Memory.Pages, f => moment.Names.Of(f), pfn);
        timeline.Watcher = watcher;
        timeline.GoTo(end - 1);
        timeline.Watcher = null;
        return watcher.Changes;
    }
}
