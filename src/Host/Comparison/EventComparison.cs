using Sim.Engine.Events;
using Sim.Engine.Replay;

namespace Sim.Host.Comparison;

/// <summary>
/// Walks through two logs side by side to the first event that differs: in kind, time, cause or a field. Where the logs
/// do not have the same kinds, events that only one can have are passed over; causes are then compared as long as none
/// was, because after that the numbers of events no longer agree.
/// </summary>
internal sealed class EventComparison
{
    private readonly ComparedRun _left, _right;
    private readonly SharedKinds? _shared;
    private readonly Queue<long> _last = new();
    private readonly int _context;

    /// <param name="shared">What both logs have; null when that is everything.</param>
    /// <param name="context">How many common events to keep.</param>
    public EventComparison(ComparedRun left, ComparedRun right, SharedKinds? shared, int context)
    {
        (_left, _right, _shared, _context) = (left, right, shared, context);
        if (shared is not null)
        {
            left.Cursor.Only(shared.Names);
            right.Cursor.Only(shared.Names);
        }
    }

    /// <summary>Events compared and found equal.</summary>
    public long Common { get; private set; }

    /// <summary>The left log's sequences of the last of them.</summary>
    public IReadOnlyCollection<long> LastCommon => _last;

    /// <summary>True when the left log has the event at which the walk ended.</summary>
    public bool HasLeft { get; private set; }

    /// <summary>True when the right log has it.</summary>
    public bool HasRight { get; private set; }

    /// <summary>Goes to the first difference, or to the end of both logs.</summary>
    /// <param name="from">The first event that may differ.</param>
    public void Run(long from, CancellationToken cancellation)
    {
        for (long sequence = Math.Max(0, from - _context); sequence < from; sequence++)
        {
            _last.Enqueue(sequence);
        }
        Common = from;
        _left.Cursor.Seek(from);
        _right.Cursor.Seek(from);
        while (true)
        {
            HasLeft = _left.MoveNext();
            HasRight = _right.MoveNext();
            if (!HasLeft || !HasRight || !AreEqual(_left.Cursor, _right.Cursor))
            {
                return;
            }
            Keep(_left.Cursor.Header.Sequence);
            if ((++Common & 0xFFFF) == 0)
            {
                cancellation.ThrowIfCancellationRequested();
            }
        }
    }

    private void Keep(long sequence)
    {
        _last.Enqueue(sequence);
        if (_last.Count > _context)
        {
            _last.Dequeue();
        }
    }

    private bool AreEqual(EventCursor left, EventCursor right)
    {
        EventHeader a = left.Header, b = right.Header;
        if (_shared is null)
        {
            return left.Descriptor.Kind == right.Descriptor.Kind && a.TimePs == b.TimePs && a.Cause == b.Cause
                && left.Values.SequenceEqual(right.Values) && left.SymbolName == right.SymbolName;
        }
        bool numbered = a.Sequence == Common && b.Sequence == Common;
        return left.Descriptor.Name == right.Descriptor.Name && a.TimePs == b.TimePs && (!numbered || a.Cause == b.Cause)
            && (left.Descriptor.Kind == SymbolEvent.Kind ? left.SymbolName == right.SymbolName : FieldsAreEqual(left, right));
    }

    private bool FieldsAreEqual(EventCursor left, EventCursor right)
    {
        foreach ((int l, int r) in _shared!.FieldsOf(left.Descriptor.Kind)!)
        {
            FieldDescriptor mine = left.Descriptor.Fields[l], theirs = right.Descriptor.Fields[r];
            // A trailing field that the event lacks reads as 0.
            long a = l < left.Values.Length ? left.Values[l] : 0, b = r < right.Values.Length ? right.Values[r] : 0;
            bool equal = (mine.Type, theirs.Type) switch
            {
                (FieldType.Enum, FieldType.Enum) => EventText.EnumName(mine, a) == EventText.EnumName(theirs, b),
                (FieldType.Symbol, FieldType.Symbol) => left.Symbol(a) == right.Symbol(b),
                _ => a == b,
            };
            if (!equal)
            {
                return false;
            }
        }
        return true;
    }
}
