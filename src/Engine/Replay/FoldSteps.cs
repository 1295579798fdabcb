using System.Text;
using Sim.Engine.Events;
using Sim.Engine.Log;

namespace Sim.Engine.Replay;

/// <summary>One step per kind of event, bound once: the log's catalogue, this build's and the handlers.</summary>
internal static class FoldSteps
{
    public static EventApplier[] Bind(
        IReadOnlyList<EventDescriptor> logged, EventCatalogue build, IReadOnlyList<object> handlers, SymbolTable symbols)
    {
        var schema = new LogSchema(logged);
        var steps = new EventApplier[EventCatalogue.MaxKinds];
        for (int kind = 0; kind < steps.Length; kind++)
        {
            steps[kind] = schema[kind] is { } descriptor
                ? Bind(schema, descriptor, build, handlers, symbols)
                : new Unlisted(kind);
        }
        return steps;
    }

    /// <summary>Steps that pass every event over.</summary>
    public static EventApplier[] Skip(IReadOnlyList<EventDescriptor> logged)
    {
        var schema = new LogSchema(logged);
        var steps = new EventApplier[EventCatalogue.MaxKinds];
        for (int kind = 0; kind < steps.Length; kind++)
        {
            steps[kind] = schema[kind] is not { } descriptor ? new Unlisted(kind)
                : kind == SymbolEvent.Kind ? new Symbols(null)
                : new Skipped(descriptor.Fields);
        }
        return steps;
    }

    private static EventApplier Bind(
        LogSchema schema, EventDescriptor logged, EventCatalogue build, IReadOnlyList<object> handlers, SymbolTable symbols)
    {
        if (logged.Kind == SymbolEvent.Kind)
        {
            return new Symbols(symbols);
        }
        if (schema.Refusal(logged.Kind, build) is { } refusal)
        {
            return new Refused(refusal);
        }
        if (build[logged.Kind] is not { } type)
        {
            return new Skipped(logged.Fields);
        }
        object[] appliedBy = [.. handlers.Where(type.IsAppliedBy)];
        EventApplier step = appliedBy.Length > 0 ? type.CreateApplier(appliedBy) : new Skipped(logged.Fields);
        return appliedBy.Length > 0 && logged.Fields.Length > type.Descriptor.Fields.Length
            ? new Newer(step, type.Descriptor.Fields.Length, logged.Fields)
            : step;
    }

    private sealed class Symbols(SymbolTable? symbols) : EventApplier
    {
        public override void DecodeAndApply(ref EventDecoder decoder, int fieldCount, in EventHeader header)
        {
            long id = decoder.ReadInt64();
            ReadOnlySpan<byte> name = decoder.ReadStringUtf8();
            if ((symbols is not null && id != symbols.Count) || name.Length > SymbolEvent.MaxBytes)
            {
                throw new CorruptLogException($"event {header.Sequence} announces symbol {id} with {name.Length} bytes; {symbols?.Count} is next");
            }
            symbols?.Add(Encoding.UTF8.GetString(name));
            LogSchema.SkipFields(ref decoder, SymbolEvent.Descriptor.Fields, 2, fieldCount);
        }
    }

    private sealed class Skipped(FieldDescriptor[] fields) : EventApplier
    {
        public override void DecodeAndApply(ref EventDecoder decoder, int fieldCount, in EventHeader header) =>
            LogSchema.SkipFields(ref decoder, fields, 0, fieldCount);
    }

    // The log was written by a build whose event has more fields at its end.
    private sealed class Newer(EventApplier step, int known, FieldDescriptor[] fields) : EventApplier
    {
        public override void DecodeAndApply(ref EventDecoder decoder, int fieldCount, in EventHeader header)
        {
            step.DecodeAndApply(ref decoder, Math.Min(fieldCount, known), in header);
            LogSchema.SkipFields(ref decoder, fields, known, fieldCount);
        }
    }

    private sealed class Refused(string why) : EventApplier
    {
        public override void DecodeAndApply(ref EventDecoder decoder, int fieldCount, in EventHeader header) =>
            throw new IncompatibleLogException($"Event {header.Sequence} cannot be replayed: {why}. Use the build that wrote the log.");
    }

    private sealed class Unlisted(int kind) : EventApplier
    {
        public override void DecodeAndApply(ref EventDecoder decoder, int fieldCount, in EventHeader header) =>
            throw new CorruptLogException($"event {header.Sequence} is of kind {kind}, which the log's catalogue lacks");
    }
}
