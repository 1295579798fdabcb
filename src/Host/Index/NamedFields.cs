using Sim.Engine.Events;

namespace Sim.Host.Index;

/// <summary>Which fields of a kind of event name frames and tasks.</summary>
internal sealed class NamedFields
{
    private const int MaxOrder = 20;

    private readonly int _order;

    public NamedFields(EventDescriptor descriptor)
    {
        FieldDescriptor[] fields = descriptor.Fields;
        Pfns = [.. Enumerable.Range(0, fields.Length).Where(i => fields[i].Unit == "pfn")];
        Pids = [.. Enumerable.Range(0, fields.Length).Where(i => fields[i].Unit == "pid")];
        _order = Array.FindIndex(fields, f => f.Name is "Order" or "FromOrder");
    }

    /// <summary>Positions of the fields that are frames.</summary>
    public int[] Pfns { get; }

    /// <summary>Positions of the fields that are tasks, or users inside the kernel.</summary>
    public int[] Pids { get; }

    /// <summary>Frames from each named one on that the event speaks of: those of a block of its order, else one.</summary>
    public long Pages(ReadOnlySpan<long> values) =>
        _order >= 0 && _order < values.Length && values[_order] is >= 0 and <= MaxOrder ? 1L << (int)values[_order] : 1;

    /// <summary>True when the event names one of the frames, or a block that one of them lies in.</summary>
    public bool NamesFrames(ReadOnlySpan<long> values, long first, long last)
    {
        foreach (int field in Pfns)
        {
            if (field < values.Length && values[field] <= last && values[field] + Pages(values) > first)
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>True when the event names the task.</summary>
    public bool NamesTask(ReadOnlySpan<long> values, long pid)
    {
        foreach (int field in Pids)
        {
            if (field < values.Length && values[field] == pid)
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>Those of each kind of a catalogue, by its number; null where the catalogue has none.</summary>
    public static NamedFields?[] Of(IReadOnlyList<EventDescriptor> catalogue)
    {
        var all = new NamedFields?[EventCatalogue.MaxKinds];
        foreach (EventDescriptor descriptor in catalogue)
        {
            all[descriptor.Kind] = new NamedFields(descriptor);
        }
        return all;
    }
}
