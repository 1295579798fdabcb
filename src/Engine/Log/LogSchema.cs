using Sim.Engine.Events;

namespace Sim.Engine.Log;

/// <summary>
/// A log's own catalogue beside this build's. Kinds and fields are never renumbered or reused, so the two agree as far
/// as both go: fields the log lacks are default, surplus ones are skipped, unknown kinds are skipped if ignorable.
/// </summary>
public sealed class LogSchema
{
    private readonly EventDescriptor?[] _logged = new EventDescriptor?[EventCatalogue.MaxKinds];

    /// <param name="logged">The catalogue of the log's header.</param>
    public LogSchema(IReadOnlyList<EventDescriptor> logged)
    {
        foreach (EventDescriptor descriptor in logged)
        {
            _logged[descriptor.Kind] = descriptor;
        }
    }

    /// <summary>What the log says of a kind; null when it does not know it.</summary>
    public EventDescriptor? this[long kind] => (ulong)kind < EventCatalogue.MaxKinds ? _logged[kind] : null;

    /// <summary>
    /// Why this build cannot apply a kind as the log has it; null when it can. Different is what changes a meaning:
    /// another name, an early field of another name, unit, delta group or width, an enum value of another name.
    /// </summary>
    public string? Refusal(int kind, EventCatalogue build)
    {
        EventDescriptor logged = _logged[kind]!;
        if (kind == SymbolEvent.Kind)
        {
            return null;
        }
        if (build[kind]?.Descriptor is not { } known)
        {
            return logged.Ignorable
                ? null
                : $"this build does not know the event '{logged.Name}' (kind {kind}), which changes state";
        }
        if (known.Name != logged.Name)
        {
            return $"kind {kind} is '{logged.Name}' in the log and '{known.Name}' in this build";
        }
        for (int i = 0; i < Math.Min(known.Fields.Length, logged.Fields.Length); i++)
        {
            FieldDescriptor a = logged.Fields[i], b = known.Fields[i];
            int names = Math.Min(a.EnumNames.Length, b.EnumNames.Length);
            bool widened = a.Type == FieldType.Int32 && b.Type == FieldType.Int64;
            if (a.Name != b.Name || a.Unit != b.Unit || a.DeltaGroup != b.DeltaGroup || (a.Type != b.Type && !widened)
                || !a.EnumNames.AsSpan(0, names).SequenceEqual(b.EnumNames.AsSpan(0, names)))
            {
                return $"field {i} of '{logged.Name}' is '{a.Name}' ({a.Type}, {a.Unit}) in the log and '{b.Name}' ({b.Type}, {b.Unit}) in this build, or its delta group or enum differs";
            }
        }
        return null;
    }

    /// <summary>Passes over fields the way their writer encoded them, so that delta contexts stay right.</summary>
    public static void SkipFields(ref EventDecoder decoder, FieldDescriptor[] fields, int from, int count)
    {
        for (int i = from; i < count; i++)
        {
            if (i < fields.Length && fields[i].DeltaGroup >= 0)
            {
                decoder.ReadDelta(fields[i].DeltaGroup);
            }
            else
            {
                decoder.SkipField();
            }
        }
    }
}
