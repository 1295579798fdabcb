using Sim.Engine.Events;
using Sim.Engine.Replay;
using Sim.Host.Index;

namespace Sim.Host.Debugger.Expressions;

/// <summary>An expression, made for the events of one kind. Asking it allocates nothing.</summary>
internal abstract class EventTest
{
    /// <summary>True for every event of the kind, or for none.</summary>
    public static EventTest Always { get; } = new Constant(true);

    /// <inheritdoc cref="Always"/>
    public static EventTest Never { get; } = new Constant(false);

    /// <summary>True when the event a cursor stands at is meant.</summary>
    public abstract bool Holds(EventCursor e);

    /// <summary>False when no event of a block can be meant.</summary>
    public virtual bool MayHold(in BlockSummary block) => true;

    private sealed class Constant(bool value) : EventTest
    {
        public override bool Holds(EventCursor e) => value;

        public override bool MayHold(in BlockSummary block) => value;
    }
}

/// <summary>All of several.</summary>
internal sealed class AllTests(EventTest[] parts) : EventTest
{
    public override bool Holds(EventCursor e)
    {
        foreach (EventTest part in parts)
        {
            if (!part.Holds(e))
            {
                return false;
            }
        }
        return true;
    }

    public override bool MayHold(in BlockSummary block)
    {
        foreach (EventTest part in parts)
        {
            if (!part.MayHold(in block))
            {
                return false;
            }
        }
        return true;
    }
}

/// <summary>One of several.</summary>
internal sealed class AnyTest(EventTest[] parts) : EventTest
{
    public override bool Holds(EventCursor e)
    {
        foreach (EventTest part in parts)
        {
            if (part.Holds(e))
            {
                return true;
            }
        }
        return false;
    }

    public override bool MayHold(in BlockSummary block)
    {
        foreach (EventTest part in parts)
        {
            if (part.MayHold(in block))
            {
                return true;
            }
        }
        return false;
    }
}

/// <summary>What a number of an event is.</summary>
internal enum NumberSource
{
    Time,
    Sequence,
    Cause,

    /// <summary>A field that says nothing to the index.</summary>
    Field,

    /// <summary>A field that names a task.</summary>
    Task,

    /// <summary>A field that names a frame.</summary>
    Frame,
}

/// <summary>A number lies in one of some ranges, first and last of each.</summary>
internal sealed class NumberTest(NumberSource source, int field, (long First, long Last)[] ranges) : EventTest
{
    public override bool Holds(EventCursor e)
    {
        long value;
        switch (source)
        {
            case NumberSource.Time:
                value = e.Header.TimePs;
                break;
            case NumberSource.Sequence:
                value = e.Header.Sequence;
                break;
            case NumberSource.Cause:
                value = e.Header.Cause;
                break;
            default:
                ReadOnlySpan<long> values = e.Values;
                if (field >= values.Length)
                {
                    return false;
                }
                value = values[field];
                break;
        }
        foreach ((long first, long last) in ranges)
        {
            if (value >= first && value <= last)
            {
                return true;
            }
        }
        return false;
    }

    public override bool MayHold(in BlockSummary block)
    {
        foreach ((long first, long last) in ranges)
        {
            if (source switch
            {
                NumberSource.Time => first <= block.MaxTimePs && last >= block.MinTimePs,
                NumberSource.Sequence => first <= block.LastSequence && last >= block.FirstSequence,
                NumberSource.Task => block.MayNameTask(first, last),
                NumberSource.Frame => block.MayNameFrames(first, last),
                _ => true,
            })
            {
                return true;
            }
        }
        return false;
    }
}

/// <summary>A string is one of some, or none of them.</summary>
internal sealed class SymbolTest(int field, string[] names, bool isOneOf) : EventTest
{
    public override bool Holds(EventCursor e)
    {
        bool announced = e.Descriptor.Kind == SymbolEvent.Kind;
        if (!announced && field >= e.Values.Length)
        {
            return false;
        }
        string name = announced ? e.SymbolName : e.Symbol(e.Values[field]);
        return Array.IndexOf(names, name) >= 0 == isOneOf;
    }
}

/// <summary>The event names a frame of a range, or a block with one; or it names frames, and none of these.</summary>
internal sealed class CoversTest(NamedFields named, long first, long last, bool covers) : EventTest
{
    public override bool Holds(EventCursor e) => named.NamesFrames(e.Values, first, last) == covers;

    public override bool MayHold(in BlockSummary block) => !covers || block.MayNameFrames(first, last);
}
