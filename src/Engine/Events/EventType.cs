using System.Runtime.CompilerServices;
using System.Text;

namespace Sim.Engine.Events;

/// <summary>One kind of event for code that meets kinds only at run time: browsing, export, replay. One virtual call per event.</summary>
public abstract class EventType(EventDescriptor descriptor)
{
    /// <summary>The catalogue's entry.</summary>
    public EventDescriptor Descriptor { get; } = descriptor;

    /// <summary>Decodes the fields into row <see cref="EventColumns.Row"/> and completes the row.</summary>
    public abstract void DecodeToColumns(ref EventDecoder decoder, int fieldCount, EventColumns columns);

    /// <summary>Decodes the fields and appends <c> name=value</c> for each.</summary>
    public abstract void DecodeToText(ref EventDecoder decoder, int fieldCount, StringBuilder text, SymbolTable symbols);

    /// <summary>Decodes the fields and forgets them; delta contexts move on.</summary>
    public abstract void Skip(ref EventDecoder decoder, int fieldCount);

    /// <summary>Makes the step of a fold: decode, then apply to the handler.</summary>
    /// <param name="handler">Implements <see cref="IApply{T}"/> for this kind.</param>
    public abstract EventApplier CreateApplier(object handler);

    /// <summary>Makes the step of a fold for several handlers, applied in their order to the one decoded event.</summary>
    /// <param name="handlers">Each implements <see cref="IApply{T}"/> for this kind.</param>
    public abstract EventApplier CreateApplier(IReadOnlyList<object> handlers);

    /// <summary>True when the object applies this kind.</summary>
    public abstract bool IsAppliedBy(object handler);
}

/// <summary>The step of a fold for one kind of event.</summary>
public abstract class EventApplier
{
    public abstract void DecodeAndApply(ref EventDecoder decoder, int fieldCount, in EventHeader header);
}

/// <inheritdoc/>
public sealed class EventType<T>() : EventType(T.Descriptor) where T : unmanaged, IEvent<T>
{
    public override void DecodeToColumns(ref EventDecoder decoder, int fieldCount, EventColumns columns)
    {
        T.Decode(ref decoder, fieldCount, out T e);
        T.ToColumns(in e, columns);
        columns.Row++;
    }

    public override void DecodeToText(ref EventDecoder decoder, int fieldCount, StringBuilder text, SymbolTable symbols)
    {
        T.Decode(ref decoder, fieldCount, out T e);
        T.Format(in e, text, symbols);
    }

    public override void Skip(ref EventDecoder decoder, int fieldCount) => T.Decode(ref decoder, fieldCount, out _);

    public override EventApplier CreateApplier(object handler) => new Applier((IApply<T>)handler);

    public override EventApplier CreateApplier(IReadOnlyList<object> handlers) =>
        handlers.Count == 1 ? CreateApplier(handlers[0]) : new ManyApplier([.. handlers.Cast<IApply<T>>()]);

    public override bool IsAppliedBy(object handler) => handler is IApply<T>;

    // Compiled in full at once: no build can compile it ahead of time, and a short fold is over before the compiler comes back to it.
    private sealed class Applier(IApply<T> handler) : EventApplier
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public override void DecodeAndApply(ref EventDecoder decoder, int fieldCount, in EventHeader header)
        {
            T.Decode(ref decoder, fieldCount, out T e);
            handler.Apply(in e, in header);
        }
    }

    private sealed class ManyApplier(IApply<T>[] handlers) : EventApplier
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public override void DecodeAndApply(ref EventDecoder decoder, int fieldCount, in EventHeader header)
        {
            T.Decode(ref decoder, fieldCount, out T e);
            foreach (IApply<T> handler in handlers)
            {
                handler.Apply(in e, in header);
            }
        }
    }
}
