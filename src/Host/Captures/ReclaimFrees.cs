namespace Sim.Host.Captures;

/// <summary>Which frees of a trace the recorded kernel's reclaim made: those of kswapd, and those of a task between the beginning and the end of its direct reclaim.</summary>
internal static class ReclaimFrees
{
    /// <summary>Marks them.</summary>
    public static void Mark(FtraceText text)
    {
        if (text.IsArranged)
        {
            return;
        }
        // Where no kprobe tells kswapd's rounds, its name tells it: it frees nothing but what it reclaims.
        HashSet<int> kswapd = [.. text.Tasks.Where(t => t.Value.StartsWith("kswapd", StringComparison.Ordinal)).Select(t => t.Key)];
        var reclaiming = new HashSet<int>();
        CaptureEvent[] events = text.Events;
        for (int i = 0; i < events.Length; i++)
        {
            ref CaptureEvent e = ref events[i];
            switch (e.Kind)
            {
                case CaptureEventKind.Balance:
                case CaptureEventKind.DirectReclaimBegin:
                    reclaiming.Add(e.Pid);
                    break;
                case CaptureEventKind.BalanceReturn:
                case CaptureEventKind.DirectReclaimEnd:
                    reclaiming.Remove(e.Pid);
                    break;
                case CaptureEventKind.Free or CaptureEventKind.FreeBatched
                    when e.Context == CaptureContext.Task && (reclaiming.Contains(e.Pid) || kswapd.Contains(e.Pid)):
                    e.Flags |= CaptureFlags.ByReclaim;
                    break;
            }
        }
    }
}
