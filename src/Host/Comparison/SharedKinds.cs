using Sim.Engine.Events;
using Sim.Engine.Log;

namespace Sim.Host.Comparison;

/// <summary>
/// The kinds of event and the fields that two logs both have, where their catalogues or their categories differ. Matched
/// by name.
/// </summary>
internal sealed class SharedKinds
{
    private readonly (int Left, int Right)[]?[] _fields = new (int, int)[EventCatalogue.MaxKinds][];
    private readonly List<string> _names = [];

    public SharedKinds(SegmentHeader left, SegmentHeader right)
    {
        bool sameCategories = left.Categories.ToHashSet().SetEquals(right.Categories);
        foreach (EventDescriptor mine in left.Catalogue)
        {
            // The state that is hashed, and the events between two hashes, are those of the categories that are logged.
            bool comparable = left.Categories.Contains(mine.Category) && right.Categories.Contains(mine.Category)
                && (sameCategories || mine.Kind != StateCheckpoint.Descriptor.Kind);
            if (comparable && right.Catalogue.FirstOrDefault(d => d.Name == mine.Name) is { } theirs)
            {
                _fields[mine.Kind] = [.. mine.Fields
                    .Select((field, i) => (i, Array.FindIndex(theirs.Fields, f => f.Name == field.Name)))
                    .Where(pair => pair.Item2 >= 0)];
                _names.Add(mine.Name);
            }
        }
    }

    /// <summary>True when two logs say the same of every kind and log the same categories, so that equal events have equal bytes.</summary>
    public static bool AreAll(SegmentHeader left, SegmentHeader right) =>
        left.Categories.SequenceEqual(right.Categories) && left.Catalogue.Count == right.Catalogue.Count
        && left.Catalogue.Zip(right.Catalogue).All(pair => Same(pair.First, pair.Second));

    /// <summary>Dotted names of the kinds.</summary>
    public IReadOnlyList<string> Names => _names;

    /// <summary>Indexes of the fields that both have, of a kind of the left log; null for a kind that is not shared.</summary>
    public (int Left, int Right)[]? FieldsOf(int leftKind) => _fields[leftKind];

    private static bool Same(EventDescriptor a, EventDescriptor b) =>
        a.Kind == b.Kind && a.Name == b.Name && a.Fields.Length == b.Fields.Length && a.Fields.Zip(b.Fields).All(f => Same(f.First, f.Second));

    private static bool Same(FieldDescriptor a, FieldDescriptor b) =>
        (a.Name, a.Column, a.Type, a.Unit, a.DeltaGroup) == (b.Name, b.Column, b.Type, b.Unit, b.DeltaGroup) && a.EnumNames.AsSpan().SequenceEqual(b.EnumNames);
}
