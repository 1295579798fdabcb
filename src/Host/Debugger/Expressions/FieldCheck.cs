using Sim.Engine.Events;

namespace Sim.Host.Debugger.Expressions;

/// <summary>Refuses what an expression says of fields: names that no event has, values that no such field takes.</summary>
internal sealed class FieldCheck(string text, IReadOnlyList<EventDescriptor> catalogue)
{
    private const int MaxNamed = 8;

    /// <exception cref="ExpressionException">Something is wrong with a comparison, whatever the event.</exception>
    public void Check(Node node)
    {
        foreach (Node leaf in EventFields.Leaves(node))
        {
            if (leaf is Covers covers)
            {
                CheckFrames(covers);
            }
            else
            {
                CheckField(leaf, EventFields.Of(leaf)!);
            }
        }
    }

    /// <summary>Why no event can be meant.</summary>
    public ExpressionException NothingMeant(Node node)
    {
        EventDescriptor[] kinds = [.. catalogue.Where(k => new ConditionCompiler(text, k).Compile(OnlyKinds(node)) != EventTest.Never)];
        if (kinds.Length == 0)
        {
            return new ExpressionException("No kind of event is all that the expression asks of it.", text, node.At);
        }
        foreach (Node leaf in EventFields.Leaves(node))
        {
            if (EventFields.Of(leaf) is { } name && !EventFields.OfAll.Contains(name) && kinds.All(k => EventFields.Find(k, name) < 0))
            {
                string has = kinds.Length == 1 ? $"; it has {List(kinds[0].Fields.Select(f => f.Column), "no fields")}" : "";
                return new ExpressionException($"{Names(kinds)} has no field {name}{has}. Events with it: {Names(With(name))}.", text, leaf.At);
            }
        }
        return new ExpressionException("No event can be all that the expression asks of it.", text, node.At);
    }

    private void CheckField(Node leaf, string name)
    {
        if (name == EventFields.Kind)
        {
            CheckKinds(leaf);
            return;
        }
        EventDescriptor[] with = [.. With(name)];
        bool known = EventFields.OfAll.Contains(name);
        if (!known && with.Length == 0)
        {
            throw new ExpressionException($"No event has a field {name}.{Suggest(name)}", text, leaf.At);
        }
        FieldDescriptor[] fields = [.. with.Select(k => k.Fields[EventFields.Find(k, name)])];
        if (leaf is Flag && (known || fields.All(f => f.Type != FieldType.Bool)))
        {
            throw new ExpressionException($"{name} is no field that is true or false; compare it with a value, such as {name} == 1.", text, leaf.At);
        }
        foreach ((Literal first, Literal last) in EventFields.Literals(leaf))
        {
            CheckValue(leaf, name, fields, first);
            CheckValue(leaf, name, fields, last);
        }
    }

    private void CheckValue(Node leaf, string name, FieldDescriptor[] fields, Literal value)
    {
        string? wrong = null;
        switch (name)
        {
            case EventFields.Time:
                wrong = FieldValues.Time(name, value.Text, out _);
                break;
            case EventFields.Sequence or EventFields.Cause:
                wrong = FieldValues.Number(value.Text, out _) || (name == EventFields.Cause && value.Text == "none") ? null : $"{name} takes the number of an event.";
                break;
            default:
                bool isName = fields.Any(f => f.Type == FieldType.Symbol);
                if (isName && leaf is Compared { Operator: not (Comparison.Equal or Comparison.NotEqual) })
                {
                    throw new ExpressionException($"{name} is a name: it is compared with == or !=.", text, leaf.At);
                }
                string?[] all = [.. fields.Select(f => f.Type == FieldType.Symbol ? null : FieldValues.Read(f, value.Text, out _))];
                wrong = all.Contains(null) ? null : all[0];
                break;
        }
        if (wrong is not null)
        {
            throw new ExpressionException($"\"{value.Text}\" does not fit: {wrong}", text, value.At);
        }
    }

    private void CheckKinds(Node leaf)
    {
        if (leaf is Flag or Compared { Operator: not (Comparison.Equal or Comparison.NotEqual) })
        {
            throw new ExpressionException("kind is compared with == or !=, or is one of a set: kind in {page.alloc, page.free}.", text, leaf.At);
        }
        string[] known = [.. catalogue.SelectMany(k => (string[])[k.Name, k.Category]).Distinct()];
        foreach ((Literal first, Literal last) in EventFields.Literals(leaf))
        {
            if (first != last)
            {
                throw new ExpressionException("Kinds have no order: write each of them, kind in {page.alloc, page.free}.", text, first.At);
            }
            if (!known.Contains(first.Text))
            {
                throw new ExpressionException($"There is no kind or category {first.Text}.{Suggestion.For(first.Text, known)}", text, first.At);
            }
        }
    }

    private void CheckFrames(Covers covers)
    {
        long last = -1;
        foreach (Literal literal in (Literal[])[covers.First, covers.Last])
        {
            if (!FieldValues.Number(literal.Text, out long pfn) || pfn < 0)
            {
                throw new ExpressionException($"covers takes the number of a frame, such as 0x1a00, or a range 0x1a00..0x1bff, not \"{literal.Text}\".", text, literal.At);
            }
            if (pfn < last)
            {
                throw new ExpressionException($"The range {covers.First.Text}..{covers.Last.Text} goes from more to less.", text, covers.First.At);
            }
            last = pfn;
        }
    }

    // What the expression asks of the kind alone; what it asks of fields counts as given.
    private static Node OnlyKinds(Node node) => node switch
    {
        AllOf all => new AllOf(all.At, [.. all.Parts.Where(IsOfKinds).Select(OnlyKinds)]),
        AnyOf any when any.Parts.All(IsOfKinds) => new AnyOf(any.At, [.. any.Parts.Select(OnlyKinds)]),
        AnyOf any => new AllOf(any.At, []),
        _ => IsOfKinds(node) ? node : new AllOf(node.At, []),
    };

    private static bool IsOfKinds(Node node) => EventFields.Leaves(node).All(l => EventFields.Of(l) == EventFields.Kind) || node is AllOf;

    private IEnumerable<EventDescriptor> With(string name) => catalogue.Where(k => EventFields.Find(k, name) >= 0);

    private string Suggest(string name)
    {
        string[] known = [.. EventFields.OfAll, .. catalogue.SelectMany(k => k.Fields).Select(f => f.Column).Distinct()];
        string? near = known.FirstOrDefault(k => k.EndsWith($"_{name}", StringComparison.Ordinal)) ?? Suggestion.Nearest(name, known);
        if (near is null)
        {
            return "";
        }
        return EventFields.OfAll.Contains(near) ? $" Did you mean \"{near}\"? All events have it." : $" Did you mean \"{near}\"? It is in {Names(With(near))}.";
    }

    private static string Names(IEnumerable<EventDescriptor> kinds) => List(kinds.Select(k => k.Name), "no event");

    private static string List(IEnumerable<string> names, string none)
    {
        string[] shown = [.. names.Take(MaxNamed + 1)];
        return shown.Length == 0 ? none : shown.Length > MaxNamed ? $"{string.Join(", ", shown.Take(MaxNamed))}, …" : string.Join(", ", shown);
    }
}
