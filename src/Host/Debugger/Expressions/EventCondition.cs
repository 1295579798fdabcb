using Sim.Engine.Events;
using Sim.Engine.Replay;
using Sim.Host.Index;

namespace Sim.Host.Debugger.Expressions;

/// <summary>
/// An expression over event fields, ready to be asked. An event that lacks a field of a comparison is not meant by it,
/// negated or not.
/// </summary>
internal sealed class EventCondition : IEventCondition
{
    private readonly EventTest[] _tests;

    private EventCondition(string text, EventTest[] tests, IReadOnlyList<EventDescriptor> kinds) => (Text, _tests, Kinds) = (text, tests, kinds);

    /// <summary>As it was written.</summary>
    public string Text { get; }

    /// <summary>The kinds of event that it can mean.</summary>
    public IReadOnlyList<EventDescriptor> Kinds { get; }

    /// <summary>Reads an expression and makes it ready for a log's events.</summary>
    /// <param name="text">The expression.</param>
    /// <param name="catalogue">The log's kinds of event.</param>
    /// <exception cref="ExpressionException">It is no expression, names what no event has, or can mean no event.</exception>
    public static EventCondition Parse(string text, IReadOnlyList<EventDescriptor> catalogue)
    {
        Node node = ExpressionParser.Parse(text);
        var fields = new FieldCheck(text, catalogue);
        fields.Check(node);
        var tests = new EventTest[EventCatalogue.MaxKinds];
        Array.Fill(tests, EventTest.Never);
        var kinds = new List<EventDescriptor>();
        foreach (EventDescriptor kind in catalogue)
        {
            tests[kind.Kind] = new ConditionCompiler(text, kind).Compile(node);
            if (tests[kind.Kind] != EventTest.Never)
            {
                kinds.Add(kind);
            }
        }
        return kinds.Count > 0 ? new EventCondition(text, tests, kinds) : throw fields.NothingMeant(node);
    }

    /// <inheritdoc/>
    public bool Matches(EventCursor e) => _tests[e.Descriptor.Kind].Holds(e);

    /// <inheritdoc/>
    public bool MayMatch(in BlockSummary block)
    {
        foreach (EventDescriptor kind in Kinds)
        {
            if (block.HasKind(kind.Kind) && _tests[kind.Kind].MayHold(in block))
            {
                return true;
            }
        }
        return false;
    }

    /// <inheritdoc/>
    public override string ToString() => Text;
}
