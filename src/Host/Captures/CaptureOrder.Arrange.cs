namespace Sim.Host.Captures;

/// <content>What can be told of the order of list operations without a machine that answers.</content>
internal sealed partial class CaptureOrder
{
    /// <summary>
    /// The requests and frees of a trace in the order of their list operations: each free once, where its page goes to a list;
    /// an allocation before the interrupt that came between it and its event, where the refill before it shows so; frees
    /// marked that reclaim made, or that found the per-CPU lists locked.
    /// </summary>
    public static CaptureEvent[] Arrange(FtraceText text)
    {
        CaptureEvent[] events = text.Events;
        ReclaimFrees.Mark(text);
        var all = new CaptureRange(0, events.Length, -1);
        bool[] batched = FindBatched(events, all);
        (FreedTo[] freedTo, _) = FindFreedTo(events, all);
        (int[] previous, int[] next) = Chain(events);
        bool[] done = new bool[events.Length];
        var arranged = new List<CaptureEvent>(events.Length / 2);
        for (int i = 0; i < events.Length; i++)
        {
            if (done[i])
            {
                continue;
            }
            CaptureEvent e = events[i];
            if (e.Context != CaptureContext.Task && RefilledBefore(events, previous, next, done, i) is >= 0 and int early)
            {
                done[early] = true;
                arranged.Add(events[early]);
            }
            switch (e.Kind)
            {
                case CaptureEventKind.Free when batched[i]:
                    break;
                case CaptureEventKind.Free:
                case CaptureEventKind.FreeBatched:
                    bool past = e.Kind == CaptureEventKind.Free && e.Context != CaptureContext.Task && freedTo[i] == FreedTo.BuddyList;
                    e.Flags |= past ? CaptureFlags.PastLists : CaptureFlags.None;
                    arranged.Add(e);
                    break;
                case CaptureEventKind.Alloc:
                case CaptureEventKind.Mark:
                case CaptureEventKind.Bulk:
                case CaptureEventKind.BulkReturn:
                case CaptureEventKind.Balance:
                case CaptureEventKind.BalanceReturn:
                case CaptureEventKind.DirectReclaimBegin:
                case CaptureEventKind.DirectReclaimEnd:
                    arranged.Add(e);
                    break;
            }
        }
        return [.. arranged];
    }

    /// <summary>The allocation whose refill was over when an interrupt came, whose first event this is; -1 for none.</summary>
    private static int RefilledBefore(CaptureEvent[] events, int[] previous, int[] next, bool[] done, int index)
    {
        int before = previous[index];
        if (before < 0 || events[before].Kind != CaptureEventKind.ZoneLocked || events[before].Context != CaptureContext.Task)
        {
            return -1;
        }
        int after = index;
        while (after < events.Length && events[after].Context != CaptureContext.Task)
        {
            after = next[after];
        }
        return after < events.Length && !done[after] && events[after].Kind == CaptureEventKind.Alloc && events[after].Pfn != 0
            && events[before].Order == events[after].Order && events[before].MigrateType == events[after].MigrateType ? after : -1;
    }
}
