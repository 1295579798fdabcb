using Sim.Engine.Events;

namespace Sim.Host.Runs;

/// <summary>Which events a person wants to see.</summary>
/// <param name="Kinds">Dotted names or categories; empty for all.</param>
/// <param name="Pfn">A frame the event names or whose block it names; null for any.</param>
/// <param name="Pid">A task the event names; null for any.</param>
public sealed record EventFilter(IReadOnlyList<string> Kinds, long? Pfn, long? Pid)
{
    /// <summary>True when the event is wanted.</summary>
    public bool Matches(LoggedEvent e) =>
        (Kinds.Count == 0 || Kinds.Contains(e.Descriptor.Name) || Kinds.Contains(e.Descriptor.Category))
        && (Pfn is not { } pfn || HasFrame(e, pfn))
        && (Pid is not { } pid || HasTask(e, pid));

    private static bool HasFrame(LoggedEvent e, long pfn)
    {
        FieldDescriptor[] fields = e.Descriptor.Fields;
        int order = Array.FindIndex(fields, f => f.Name == "Order");
        long pages = order >= 0 && e.Values[order] is >= 0 and <= 20 ? 1L << (int)e.Values[order] : 1;
        for (int i = 0; i < fields.Length; i++)
        {
            if (fields[i].Unit == "pfn" && pfn >= e.Values[i] && pfn - e.Values[i] < pages)
            {
                return true;
            }
        }
        return false;
    }

    private static bool HasTask(LoggedEvent e, long pid)
    {
        FieldDescriptor[] fields = e.Descriptor.Fields;
        for (int i = 0; i < fields.Length; i++)
        {
            if ((fields[i].Unit == "pid" || fields[i].Name is "Pid" or "Owner" or "ParentPid") && e.Values[i] == pid)
            {
                return true;
            }
        }
        return false;
    }
}
