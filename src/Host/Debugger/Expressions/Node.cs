namespace Sim.Host.Debugger.Expressions;

/// <summary>A part of an expression, as it was written.</summary>
/// <param name="At">Where it begins in the text.</param>
internal abstract record Node(int At);

/// <summary>All parts hold.</summary>
internal sealed record AllOf(int At, IReadOnlyList<Node> Parts) : Node(At);

/// <summary>One of the parts holds.</summary>
internal sealed record AnyOf(int At, IReadOnlyList<Node> Parts) : Node(At);

/// <summary>The part does not hold, of an event that has its fields.</summary>
internal sealed record Negation(int At, Node Part) : Node(At);

/// <summary>How a field is compared.</summary>
internal enum Comparison
{
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// <summary>A value as it was written; what it means depends on the field it is compared with.</summary>
/// <param name="Text">Its characters, without quotes.</param>
/// <param name="At">Where it begins.</param>
internal readonly record struct Literal(string Text, int At);

/// <summary>A field compared with a value.</summary>
internal sealed record Compared(int At, string Field, Comparison Operator, Literal Value) : Node(At);

/// <summary>A field that is one of several values, or within one of several ranges.</summary>
internal sealed record Member(int At, string Field, IReadOnlyList<(Literal First, Literal Last)> Ranges) : Node(At);

/// <summary>A field that stands alone: it is true.</summary>
internal sealed record Flag(int At, string Field) : Node(At);

/// <summary>The event names a frame, or a block with a frame, of a range.</summary>
internal sealed record Covers(int At, Literal First, Literal Last) : Node(At);
