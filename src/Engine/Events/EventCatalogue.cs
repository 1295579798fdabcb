namespace Sim.Engine.Events;

/// <summary>All kinds of event a build knows. Each assembly's generated catalogue adds its own.</summary>
public sealed class EventCatalogue
{
    /// <summary>Kinds are below this: one byte on the wire for those below 128, two for the others.</summary>
    public const int MaxKinds = 256;

    private readonly EventType?[] _byKind = new EventType?[MaxKinds];
    private readonly Dictionary<string, EventType> _byName = new(StringComparer.Ordinal);

    /// <summary>A catalogue with the engine's own events.</summary>
    public EventCatalogue() => EngineEvents.AddTo(this);

    /// <summary>All kinds, by number.</summary>
    public IEnumerable<EventType> Types => _byKind.OfType<EventType>();

    /// <summary>What a log's header says of all kinds, by number; <c>symbol</c> included.</summary>
    public EventDescriptor[] Descriptors =>
        [SymbolEvent.Descriptor, .. Types.Select(type => type.Descriptor)];

    /// <summary>The kind with a wire number; null when this build does not know it.</summary>
    public EventType? this[int kind] => (uint)kind < MaxKinds ? _byKind[kind] : null;

    /// <summary>The kind with a dotted name; null when this build does not know it.</summary>
    public EventType? this[string name] => _byName.GetValueOrDefault(name);

    /// <summary>Adds a kind.</summary>
    /// <exception cref="ArgumentException">Its number or name is taken, or out of range.</exception>
    public void Add<T>() where T : unmanaged, IEvent<T>
    {
        EventDescriptor descriptor = T.Descriptor;
        if ((uint)descriptor.Kind >= MaxKinds || _byKind[descriptor.Kind] is not null || _byName.ContainsKey(descriptor.Name)
            || descriptor.Kind == SymbolEvent.Kind)
        {
            throw new ArgumentException($"The event {descriptor.Name} has a number ({descriptor.Kind}) or name that is taken or out of range.");
        }
        var type = new EventType<T>();
        _byKind[descriptor.Kind] = type;
        _byName.Add(descriptor.Name, type);
    }
}
