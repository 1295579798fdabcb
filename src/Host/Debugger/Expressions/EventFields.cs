using Sim.Engine.Events;

namespace Sim.Host.Debugger.Expressions;

/// <summary>What every event has beside the fields of its kind, and how fields are found by name.</summary>
internal static class EventFields
{
    public const string Kind = "kind", Time = "time", Sequence = "sequence", Cause = "cause";

    /// <summary>Names that every event has.</summary>
    public static string[] OfAll { get; } = [Kind, Time, Sequence, Cause];

    /// <summary>Position of a field among those of a kind; -1 when the kind does not have it.</summary>
    public static int Find(EventDescriptor kind, string name) => Array.FindIndex(kind.Fields, f => f.Column == name);

    /// <summary>True for a kind's name or its category.</summary>
    public static bool IsNamed(EventDescriptor kind, string name) => kind.Name == name || kind.Category == name;

    /// <summary>The values a node is compared with, in order.</summary>
    public static IEnumerable<(Literal First, Literal Last)> Literals(Node node) => node switch
    {
        Compared c => [(c.Value, c.Value)],
        Member m => m.Ranges,
        _ => [],
    };

    /// <summary>The field a node compares; null when it compares none.</summary>
    public static string? Of(Node node) => node switch { Compared c => c.Field, Member m => m.Field, Flag f => f.Field, _ => null };

    /// <summary>The parts of an expression that have no parts.</summary>
    public static IEnumerable<Node> Leaves(Node node) => node switch
    {
        AllOf all => all.Parts.SelectMany(Leaves),
        AnyOf any => any.Parts.SelectMany(Leaves),
        Negation not => Leaves(not.Part),
        _ => [node],
    };
}
