using Sim.Engine.Events;
using Sim.Host.Index;

namespace Sim.Host.Debugger.Expressions;

/// <summary>
/// Makes an expression into a test for the events of one kind. Negations are moved down to the comparisons, where a
/// missing field, or a value that this kind's field cannot take, means no event either way.
/// </summary>
internal sealed class ConditionCompiler(string text, EventDescriptor kind)
{
    private readonly NamedFields _named = new(kind);

    /// <summary>The test; <see cref="EventTest.Never"/> when no event of the kind can be meant.</summary>
    public EventTest Compile(Node node) => Compile(node, wanted: true);

    private EventTest Compile(Node node, bool wanted) => node switch
    {
        Negation not => Compile(not.Part, !wanted),
        AllOf all => wanted ? All(all.Parts, true) : Any(all.Parts, false),
        AnyOf any => wanted ? Any(any.Parts, true) : All(any.Parts, false),
        Covers covers => _named.Pfns.Length == 0 ? EventTest.Never : new CoversTest(_named, Frame(covers.First), Frame(covers.Last), wanted),
        Flag flag => Leaf(flag, [(1, 1)], wanted),
        _ => Comparison(node, wanted),
    };

    private EventTest All(IEnumerable<Node> nodes, bool wanted)
    {
        EventTest[] parts = [.. nodes.Select(n => Compile(n, wanted)).Where(t => t != EventTest.Always)];
        return parts.Contains(EventTest.Never) ? EventTest.Never : parts.Length switch { 0 => EventTest.Always, 1 => parts[0], _ => new AllTests(parts) };
    }

    private EventTest Any(IEnumerable<Node> nodes, bool wanted)
    {
        EventTest[] parts = [.. nodes.Select(n => Compile(n, wanted)).Where(t => t != EventTest.Never)];
        return parts.Contains(EventTest.Always) ? EventTest.Always : parts.Length switch { 0 => EventTest.Never, 1 => parts[0], _ => new AnyTest(parts) };
    }

    private EventTest Comparison(Node node, bool wanted)
    {
        string name = EventFields.Of(node)!;
        Comparison comparison = node is Compared compared ? compared.Operator : Expressions.Comparison.Equal;
        if (name == EventFields.Kind)
        {
            bool isOne = EventFields.Literals(node).Any(l => EventFields.IsNamed(kind, l.First.Text));
            return isOne == (comparison == Expressions.Comparison.Equal) == wanted ? EventTest.Always : EventTest.Never;
        }
        int field = EventFields.Find(kind, name);
        if (field >= 0 && kind.Fields[field].Type == FieldType.Symbol)
        {
            return new SymbolTest(field, [.. EventFields.Literals(node).Select(l => l.First.Text)], comparison == Expressions.Comparison.Equal == wanted);
        }
        var ranges = new List<(long, long)>();
        foreach ((Literal first, Literal last) in EventFields.Literals(node))
        {
            if (!TryRead(name, first, out long from) || !TryRead(name, last, out long to))
            {
                return EventTest.Never;
            }
            if (from > to)
            {
                throw new ExpressionException($"The range {first.Text}..{last.Text} goes from more to less.", text, first.At);
            }
            ranges.AddRange(node is Compared ? Ranges.Of(comparison, from) : [(from, to)]);
        }
        return Leaf(node, [.. ranges], wanted);
    }

    private EventTest Leaf(Node node, (long, long)[] ranges, bool wanted)
    {
        string name = EventFields.Of(node)!;
        int field = EventFields.Find(kind, name);
        NumberSource? source = name switch
        {
            EventFields.Time => NumberSource.Time,
            EventFields.Sequence => NumberSource.Sequence,
            EventFields.Cause => NumberSource.Cause,
            _ when field < 0 || (node is Flag && kind.Fields[field].Type != FieldType.Bool) => null,
            _ when _named.Pids.Contains(field) => NumberSource.Task,
            _ when _named.Pfns.Contains(field) => NumberSource.Frame,
            _ => NumberSource.Field,
        };
        (long, long)[] meant = wanted ? ranges : Ranges.Others(ranges);
        return source is { } known && meant.Length > 0 ? new NumberTest(known, field, meant) : EventTest.Never;
    }

    private bool TryRead(string name, Literal literal, out long value)
    {
        value = 0;
        return name switch
        {
            EventFields.Time => FieldValues.Time(name, literal.Text, out value) is null,
            EventFields.Sequence => FieldValues.Number(literal.Text, out value),
            EventFields.Cause when literal.Text == "none" => (value = -1) == -1,
            EventFields.Cause => FieldValues.Number(literal.Text, out value),
            _ => EventFields.Find(kind, name) is >= 0 and int field && FieldValues.Read(kind.Fields[field], literal.Text, out value) is null,
        };
    }

    private static long Frame(Literal literal) => FieldValues.Number(literal.Text, out long pfn) ? pfn : -1;
}
