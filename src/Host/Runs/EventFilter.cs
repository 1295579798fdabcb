using Sim.Engine.Events;
using Sim.Engine.Replay;

namespace Sim.Host.Runs;

/// <summary>Which events of the wanted kinds a person wants to see.</summary>
/// <param name="Pfn">A frame the event names or whose block it names; null for any.</param>
/// <param name="Pid">A task the event names; null for any.</param>
public sealed record EventFilter(long? Pfn, long? Pid)
{
    /// <summary>True when the event the cursor stands at is wanted.</summary>
    public bool Matches(EventCursor e) => (Pfn is not { } pfn || HasFrame(e, pfn)) && (Pid is not { } pid || HasTask(e, pid));

    private static bool HasFrame(EventCursor e, long pfn)
    {
        FieldDescriptor[] fields = e.Descriptor.Fields;
        ReadOnlySpan<long> values = e.Values;
        int order = Array.FindIndex(fields, f => f.Name is "Order" or "FromOrder");
        long pages = order >= 0 && order < values.Length && values[order] is >= 0 and <= 20 ? 1L << (int)values[order] : 1;
        for (int i = 0; i < values.Length; i++)
        {
            if (fields[i].Unit == "pfn" && pfn >= values[i] && pfn - values[i] < pages)
            {
                return true;
            }
        }
        return false;
    }

    private static bool HasTask(EventCursor e, long pid)
    {
        ReadOnlySpan<long> values = e.Values;
        for (int i = 0; i < values.Length; i++)
        {
            if (e.Descriptor.Fields[i].Unit == "pid" && values[i] == pid)
            {
                return true;
            }
        }
        return false;
    }
}
