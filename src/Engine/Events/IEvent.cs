using System.Text;

namespace Sim.Engine.Events;

/// <summary>What the generator adds to every event declaration. Static, so that emitting an event costs no virtual call.</summary>
public interface IEvent<TSelf> where TSelf : unmanaged, IEvent<TSelf>
{
    /// <summary>Wire number.</summary>
    static abstract int Kind { get; }

    /// <summary>Number of fields on the wire.</summary>
    static abstract int FieldCount { get; }

    /// <summary>The catalogue's entry.</summary>
    static abstract EventDescriptor Descriptor { get; }

    /// <summary>Writes the fields, one canonical MessagePack value each. The caller has made room for them.</summary>
    static abstract void Encode(ref EventEncoder encoder, in TSelf e);

    /// <summary>Reads <paramref name="fieldCount"/> fields: missing trailing ones are default, surplus ones are skipped.</summary>
    static abstract void Decode(ref EventDecoder decoder, int fieldCount, out TSelf e);

    /// <summary>Writes the fields into row <see cref="EventColumns.Row"/> of the columns.</summary>
    static abstract void ToColumns(in TSelf e, EventColumns columns);

    /// <summary>Appends <c> name=value</c> for every field.</summary>
    static abstract void Format(in TSelf e, StringBuilder text, SymbolTable symbols);
}

/// <summary>State that an event changes. The live run and a fold call the same method; it reads no policy and draws no random number.</summary>
public interface IApply<T> where T : unmanaged, IEvent<T>
{
    void Apply(in T e, in EventHeader header);
}

/// <summary>Where and when an event stands.</summary>
/// <param name="Sequence">Its position in the log, from 0; -1 for an event that is not logged.</param>
/// <param name="TimePs">Simulated time, in picoseconds.</param>
/// <param name="Cause">Sequence of the nearest logged ancestor; -1 for none.</param>
public readonly record struct EventHeader(long Sequence, long TimePs, long Cause);
