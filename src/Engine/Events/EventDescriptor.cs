namespace Sim.Engine.Events;

/// <summary>How a field is shown and stored; derived from its C# type and attributes.</summary>
public enum FieldType : byte
{
    Int32,
    Int64,
    Bool,
    Enum,
    Address,
    Symbol,
}

/// <summary>One field of an event.</summary>
/// <param name="Name">Name in the declaration, such as <c>FromOrder</c>.</param>
/// <param name="Column">Name in tables and JSON, snake_case.</param>
/// <param name="Type">How it is shown and stored.</param>
/// <param name="Unit">Its unit; empty when it has none.</param>
/// <param name="DeltaGroup">Group of the delta coding, or -1.</param>
/// <param name="Doc">What it means.</param>
/// <param name="EnumNames">Names of an enum's values by number; empty otherwise.</param>
public sealed record FieldDescriptor(
    string Name, string Column, FieldType Type, string Unit, int DeltaGroup, string Doc, string[] EnumNames);

/// <summary>What the catalogue says of an event.</summary>
/// <param name="Kind">Wire number.</param>
/// <param name="Name">Dotted name.</param>
/// <param name="Ignorable">May be skipped by a reader that does not know it.</param>
/// <param name="Doc">What it means.</param>
/// <param name="Fields">In wire order.</param>
public sealed record EventDescriptor(int Kind, string Name, bool Ignorable, string Doc, FieldDescriptor[] Fields)
{
    /// <summary>The part of the name before the dot; <c>log.categories</c> selects by it.</summary>
    public string Category => Name.Split('.')[0];
}
