namespace Sim.Engine.Snapshots;

/// <summary>How a field or an element of a type is visited; chosen once per type.</summary>
internal static class FieldShape<T>
{
    internal delegate void Visitor(StateVisitor visitor, ref T value, bool isFixed);

    public static readonly Visitor Visit = Choose();

    private static Visitor Choose() =>
        PlainType<T>.Is ? VisitPlain
        : typeof(T).IsValueType ? TypePlan.OfStruct<T>()
        : typeof(T).IsAssignableTo(typeof(Delegate)) ? VisitNothing
        : VisitReference;

    private static void VisitPlain(StateVisitor visitor, ref T value, bool isFixed)
    {
        if (isFixed && visitor.IsLoading && visitor.Keeps)
        {
            T ignored = value;
            visitor.Plain(ref ignored);
            return;
        }
        visitor.Plain(ref value);
    }

    // Code is no state. Whoever has some was given it by its constructor.
    private static void VisitNothing(StateVisitor visitor, ref T value, bool isFixed)
    {
    }

    private static void VisitReference(StateVisitor visitor, ref T value, bool isFixed)
    {
        bool stays = isFixed && visitor.Keeps;
        object? restored = visitor.Reference(value, isFixed);
        // What a changed configuration has or lacks, it keeps having or lacking.
        if (visitor.IsLoading && !(stays && (restored is null || value is null)))
        {
            value = (T)restored!;
        }
    }
}
