using System.Text;
using Sim.Engine.Events;
using Sim.Engine.Log;

namespace Sim.Engine.Replay;

/// <summary>
/// Browses a log, event by event, by the log's own catalogue: it shows kinds that this build does not know, too.
/// Not for folding; it changes no state.
/// </summary>
public sealed class EventCursor
{
    private readonly LogReader _reader;
    private readonly EventWalker _walker;
    private readonly BlockBuffer _buffer = new();
    private readonly bool[] _wanted = new bool[EventCatalogue.MaxKinds];
    private BlockAddress? _next;
    private bool _inBlock, _onlySymbols;
    private long _symbolsUpTo, _skipUntil;

    /// <summary>A cursor before the first event.</summary>
    /// <param name="reader">The log; not used by others meanwhile.</param>
    public EventCursor(LogReader reader)
    {
        _reader = reader;
        _walker = new EventWalker(new LogSchema(reader.Header.Catalogue));
        _next = reader.First;
        Array.Fill(_wanted, true);
    }

    /// <summary>Sequence, time and cause of the event.</summary>
    public EventHeader Header => _walker.Header;

    /// <summary>Its kind, as the log's catalogue has it.</summary>
    public EventDescriptor Descriptor => _walker.Descriptor;

    /// <summary>
    /// Values of its fields, in the order of the descriptor's; fewer when the event lacks trailing ones. Booleans are 0
    /// and 1. Of a <c>symbol</c> event only the id is here; see <see cref="SymbolName"/>.
    /// </summary>
    public ReadOnlySpan<long> Values => _walker.Values;

    /// <summary>The string a <c>symbol</c> event announces; empty for others.</summary>
    public string SymbolName => _walker.SymbolName;

    /// <summary>Stops at events of some kinds only.</summary>
    /// <param name="kinds">Dotted names or categories.</param>
    /// <exception cref="ArgumentException">The log's catalogue has no such kind or category.</exception>
    public void Only(IEnumerable<string> kinds)
    {
        Array.Clear(_wanted);
        foreach (string kind in kinds)
        {
            bool found = false;
            foreach (EventDescriptor descriptor in _reader.Header.Catalogue)
            {
                if (descriptor.Name == kind || descriptor.Category == kind)
                {
                    _wanted[descriptor.Kind] = found = true;
                }
            }
            if (!found)
            {
                throw new ArgumentException($"The log knows no event or category '{kind}'.", nameof(kinds));
            }
        }
    }

    /// <summary>
    /// Tells of blocks that surely have no <c>symbol</c> event, by the sequence of their first event: false for those. They
    /// are not read when an earlier symbol is looked for. Null when nobody knows.
    /// </summary>
    public Func<long, bool>? MayHaveSymbols { get; set; }

    /// <summary>Goes to the next event that is wanted; false at the end of the log.</summary>
    /// <exception cref="CorruptLogException">A block is damaged.</exception>
    public bool MoveNext()
    {
        while (true)
        {
            while (_inBlock && NextInBlock())
            {
                Learn();
                if (_walker.Header.Sequence >= _skipUntil && _wanted[_walker.Descriptor.Kind])
                {
                    return true;
                }
            }
            if (_next is not { } address)
            {
                _inBlock = false;
                return false;
            }
            if (_onlySymbols && MayHaveSymbols is { } may && !may(_reader.Index(address.Segment)[address.Block].FirstSequence))
            {
                _next = _reader.Next(address);
                continue;
            }
            _reader.Read(address, _buffer);
            _walker.Start(in _buffer.Header);
            _inBlock = true;
            _next = _reader.Next(address);
        }
    }

    /// <summary>Goes before an event, so that <see cref="MoveNext"/> gives it or the next wanted one.</summary>
    public void Seek(long sequence)
    {
        _inBlock = false;
        _skipUntil = sequence;
        _next = sequence <= 0 ? _reader.First : _reader.FindSequence(sequence);
    }

    /// <summary>The string of a symbol; empty for 0. Looks for it in earlier events when the cursor was moved past them.</summary>
    public string Symbol(long id)
    {
        if (id >= Symbols.Count && _symbolsUpTo < Header.Sequence)
        {
            LearnEarlier(id);
        }
        return id is >= 0 and <= int.MaxValue ? Symbols[(int)id] : "";
    }

    /// <summary>Appends <c>sequence time kind name=value…</c>, the form of <see cref="EventText"/>.</summary>
    public void AppendText(StringBuilder text) => EventForms.AppendText(this, text);

    /// <summary>Writes the event as one JSON object: <c>sequence, timePs, cause, event</c> and its fields under <c>fields</c>.</summary>
    public void WriteJson(System.Text.Json.Utf8JsonWriter json) => EventForms.WriteJson(this, json);

    private SymbolTable Symbols { get; } = new();

    private bool NextInBlock()
    {
        try
        {
            return _walker.Next(_buffer.Payload);
        }
        catch (CorruptLogException e) when (e.Segment is null)
        {
            BlockAddress at = _reader.FindSequence(_buffer.Header.FirstSequence)!.Value;
            ReadOnlySpan<BlockIndexEntry> index = _reader.Index(at.Segment);
            throw new CorruptLogException(e.What, LogFormat.SegmentName(index[0].FirstSequence), at.Block, index[at.Block].Offset);
        }
    }

    private void Learn()
    {
        if (_walker.Header.Sequence != _symbolsUpTo)
        {
            return;
        }
        _symbolsUpTo++;
        if (_walker.Descriptor.Kind == SymbolEvent.Kind)
        {
            Symbols.Add(_walker.SymbolName);
        }
    }

    // Goes no further than to the symbol: most are announced early, and a log may be long.
    private void LearnEarlier(long id)
    {
        var earlier = new EventCursor(_reader) { MayHaveSymbols = MayHaveSymbols, _onlySymbols = true };
        earlier.Only([SymbolEvent.Descriptor.Name]);
        earlier.Seek(_symbolsUpTo);
        long here = Header.Sequence;
        _symbolsUpTo = here + 1;
        while (earlier.MoveNext() && earlier.Header.Sequence < here)
        {
            Symbols.Add(earlier.SymbolName);
            if (id < Symbols.Count)
            {
                _symbolsUpTo = earlier.Header.Sequence + 1;
                return;
            }
        }
    }
}
