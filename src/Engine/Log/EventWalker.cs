using System.Text;
using Sim.Engine.Events;

namespace Sim.Engine.Log;

/// <summary>
/// Steps through a block's events by the log's own catalogue, so that it needs no build that knows their kinds. For
/// checking and browsing; a fold has a faster way.
/// </summary>
internal sealed class EventWalker(LogSchema schema)
{
    private readonly long[] _contexts = new long[EventDecoder.Contexts];
    private readonly long[] _values = new long[LogFormat.MaxFields];
    private long _nextSequence;
    private int _position, _left;

    /// <summary>Sequence, time and cause of the event.</summary>
    public EventHeader Header { get; private set; }

    /// <summary>What the log's catalogue says of it.</summary>
    public EventDescriptor Descriptor { get; private set; } = SymbolEvent.Descriptor;

    /// <summary>Values of its fields, as many as both the event and the catalogue have; a <c>symbol</c>'s string is not among them.</summary>
    public ReadOnlySpan<long> Values => _values.AsSpan(0, ValueCount);

    /// <summary>The string of a <c>symbol</c> event; empty for others.</summary>
    public string SymbolName { get; private set; } = "";

    /// <summary>Where the next event starts in the payload.</summary>
    public int Position => _position;

    private int ValueCount { get; set; }

    /// <summary>Goes to the start of a block.</summary>
    public void Start(in BlockHeader block)
    {
        _position = 0;
        _left = block.Count;
        _nextSequence = block.FirstSequence;
        Array.Clear(_contexts);
    }

    /// <summary>Reads the next event of the block; false after the last one.</summary>
    /// <exception cref="CorruptLogException">The bytes are not events, or not as many as the block's header says.</exception>
    public bool Next(ReadOnlySpan<byte> payload)
    {
        if (_left == 0)
        {
            return _position == payload.Length
                ? false
                : throw new CorruptLogException($"{payload.Length - _position} bytes follow the block's last event");
        }
        var decoder = new EventDecoder(payload[_position..], ref _contexts[0]);
        Header = decoder.ReadEventHeader(_nextSequence, out int kind, out int fieldCount);
        Descriptor = schema[kind] ?? throw new CorruptLogException($"event {_nextSequence} is of kind {kind}, which the log's catalogue lacks");
        if (fieldCount > LogFormat.MaxFields)
        {
            throw new CorruptLogException($"event {_nextSequence} has {fieldCount} fields; at most {LogFormat.MaxFields} are allowed");
        }
        SymbolName = "";
        if (kind == SymbolEvent.Kind)
        {
            ReadSymbol(ref decoder, fieldCount);
        }
        else
        {
            ReadFields(ref decoder, fieldCount);
        }
        _position += decoder.Position;
        _nextSequence++;
        _left--;
        return true;
    }

    private void ReadSymbol(ref EventDecoder decoder, int fieldCount)
    {
        if (fieldCount < 2)
        {
            throw new CorruptLogException($"the symbol event {_nextSequence} has {fieldCount} fields, expected 2");
        }
        _values[0] = decoder.ReadInt64();
        ValueCount = 1;
        ReadOnlySpan<byte> utf8 = decoder.ReadStringUtf8();
        if (utf8.Length > SymbolEvent.MaxBytes)
        {
            throw new CorruptLogException($"the symbol event {_nextSequence} has {utf8.Length} bytes; at most {SymbolEvent.MaxBytes} are allowed");
        }
        SymbolName = Encoding.UTF8.GetString(utf8);
        LogSchema.SkipFields(ref decoder, Descriptor.Fields, 2, fieldCount);
    }

    private void ReadFields(ref EventDecoder decoder, int fieldCount)
    {
        FieldDescriptor[] fields = Descriptor.Fields;
        ValueCount = Math.Min(fields.Length, fieldCount);
        for (int i = 0; i < ValueCount; i++)
        {
            _values[i] = fields[i].Type == FieldType.Bool ? (decoder.ReadBoolean() ? 1 : 0)
                : fields[i].DeltaGroup >= 0 ? decoder.ReadDelta(fields[i].DeltaGroup)
                : decoder.ReadInt64();
        }
        LogSchema.SkipFields(ref decoder, fields, ValueCount, fieldCount);
    }
}
