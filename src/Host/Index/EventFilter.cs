using Sim.Engine.Events;
using Sim.Engine.Replay;

namespace Sim.Host.Index;

/// <summary>Which events a person wants to see: of some kinds, that name a frame, that name a task.</summary>
internal sealed class EventFilter : IEventCondition
{
    private readonly bool[] _kinds = new bool[EventCatalogue.MaxKinds];
    private readonly NamedFields?[] _fields;
    private readonly long? _pfn, _pid;

    /// <param name="catalogue">The log's kinds.</param>
    /// <param name="kinds">Dotted names or categories; none for all.</param>
    /// <param name="pfn">A frame that the event names, or that lies in a block it names; null for any.</param>
    /// <param name="pid">A task that the event names; null for any.</param>
    /// <exception cref="CommandException">The log has no such kind or category (exit code 2).</exception>
    public EventFilter(IReadOnlyList<EventDescriptor> catalogue, IReadOnlyList<string> kinds, long? pfn, long? pid)
    {
        (_fields, _pfn, _pid) = (NamedFields.Of(catalogue), pfn, pid);
        string[] known = [.. catalogue.SelectMany(d => (string[])[d.Name, d.Category]).Distinct()];
        if (kinds.FirstOrDefault(k => !known.Contains(k)) is { } unknown)
        {
            throw new CommandException(ExitCode.Usage, $"--kind {unknown}: the log has no such kind or category.{Suggestion.For(unknown, known)}");
        }
        foreach (EventDescriptor kind in catalogue)
        {
            _kinds[kind.Kind] = kinds.Count == 0 || kinds.Contains(kind.Name) || kinds.Contains(kind.Category);
        }
    }

    /// <inheritdoc/>
    public bool Matches(EventCursor e)
    {
        int kind = e.Descriptor.Kind;
        return _kinds[kind]
            && (_pfn is not { } pfn || _fields[kind]!.NamesFrames(e.Values, pfn, pfn))
            && (_pid is not { } pid || _fields[kind]!.NamesTask(e.Values, pid));
    }

    /// <inheritdoc/>
    public bool MayMatch(in BlockSummary block)
    {
        if ((_pfn is { } pfn && !block.MayNameFrames(pfn, pfn)) || (_pid is { } pid && !block.MayNameTask(pid, pid)))
        {
            return false;
        }
        for (int kind = 0; kind < _kinds.Length; kind++)
        {
            if (_kinds[kind] && block.HasKind(kind))
            {
                return true;
            }
        }
        return false;
    }
}
