namespace Sim.Engine.Events;

/// <summary>
/// <c>symbol</c>, kind 1: announces a string by id. The only event with a string field: <c>[1, Δtime, 0, id, name]</c>.
/// </summary>
public static class SymbolEvent
{
    /// <summary>Wire number.</summary>
    public const int Kind = 1;

    /// <summary>Most bytes of UTF-8 a symbol may have.</summary>
    public const int MaxBytes = 4096;

    /// <summary>The catalogue's entry.</summary>
    public static EventDescriptor Descriptor { get; } = new(
        Kind, "symbol", Ignorable: false, "Announces a string that later events name by its id.",
        [
            new FieldDescriptor("Id", "id", FieldType.Int32, "", -1, "Id, counting from 1.", []),
            new FieldDescriptor("Name", "name", FieldType.Symbol, "", -1, "The string, UTF-8.", []),
        ]);
}
