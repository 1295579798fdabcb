namespace Sim.Engine.Events;

/// <summary>
/// Declares an event: a <c>readonly partial record struct</c> of integers, booleans and enums whose positional
/// parameters are its fields. The generator derives the MessagePack encoding, the Parquet columns, the text form and
/// the catalogue entry (documentation from the XML comments) from that one declaration.
/// </summary>
/// <param name="kind">Wire number, never renumbered or reused. Engine 1–9, hardware 10–39, kernel 40–119 (all one byte).</param>
/// <param name="name">Dotted lower-case name, such as <c>buddy.split</c>; the part before the dot is its category.</param>
[AttributeUsage(AttributeTargets.Struct)]
public sealed class EventAttribute(int kind, string name) : Attribute
{
    public int Kind { get; } = kind;
    public string Name { get; } = name;

    /// <summary>A reader that does not know the kind may skip it: it changes no sourced state.</summary>
    public bool Ignorable { get; init; }
}

/// <summary>The unit of a field: <c>pfn</c>, <c>pages</c>, <c>bytes</c>, <c>ps</c>, <c>vpn</c>, <c>pid</c>, …</summary>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class UnitAttribute(string unit) : Attribute
{
    public string Unit { get; } = unit;
}

/// <summary>
/// Encodes the field as its difference from the last value written in the same group of the same block, so that
/// neighbouring pfns and addresses cost one or two bytes. Groups are 0–31 and may be shared by several kinds.
/// </summary>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class DeltaAttribute(int group) : Attribute
{
    public int Group { get; } = group;
}

/// <summary>
/// A full virtual or physical address in a <c>long</c> field: hexadecimal in text, and two columns in tables
/// (<c>x_vpn</c> or <c>x_pfn</c> is the address shifted right by 12, <c>x_page_offset</c> the low 12 bits).
/// </summary>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class AddressAttribute : Attribute;

/// <summary>The field is the id of a string announced by a <c>symbol</c> event; tables show the string.</summary>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class SymbolAttribute : Attribute;
