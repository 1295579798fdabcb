using Sim.Engine.Events;
using Sim.Engine.Log;

namespace Sim.Host.Runs;

/// <summary>An event as it stands in a log. The values are valid until the next event is read.</summary>
public sealed class LoggedEvent
{
    public long Sequence { get; internal set; }

    public long TimePs { get; internal set; }

    /// <summary>Sequence of the nearest logged ancestor; -1 for none.</summary>
    public long Cause { get; internal set; }

    /// <summary>What the log says of the kind.</summary>
    public EventDescriptor Descriptor { get; internal set; } = SymbolEvent.Descriptor;

    /// <summary>Field values in the order of the descriptor; booleans are 0 and 1.</summary>
    public long[] Values { get; } = new long[16];

    /// <summary>Symbols announced up to this event.</summary>
    public SymbolTable Symbols { get; } = new();
}

/// <summary>
/// Reads a log's events one after the other by the catalogue that the log itself carries, so that a log of another
/// build can be browsed too.
/// </summary>
public sealed class EventScan
{
    private readonly LogReader _log;
    private readonly EventDescriptor?[] _byKind = new EventDescriptor?[EventCatalogue.MaxKinds];
    private readonly long[] _contexts = new long[EventDecoder.Contexts];
    private readonly LoggedEvent _event = new();

    public EventScan(LogReader log)
    {
        _log = log;
        foreach (EventDescriptor descriptor in log.Header.Catalogue)
        {
            _byKind[descriptor.Kind] = descriptor;
        }
    }

    /// <summary>Visits every event in order until the visitor returns false.</summary>
    /// <exception cref="CorruptLogException">The log is damaged.</exception>
    public void Visit(Func<LoggedEvent, bool> visitor)
    {
        var buffer = new BlockBuffer();
        for (BlockAddress? at = _log.First; at is { } address; at = _log.Next(address))
        {
            _log.Read(address, buffer);
            if (!VisitBlock(buffer, visitor))
            {
                return;
            }
        }
    }

    private bool VisitBlock(BlockBuffer buffer, Func<LoggedEvent, bool> visitor)
    {
        Array.Clear(_contexts);
        var decoder = new EventDecoder(buffer.Payload, ref _contexts[0]);
        long sequence = buffer.Header.FirstSequence;
        while (!decoder.End)
        {
            int fields = decoder.ReadArrayHeader() - 3;
            long kind = decoder.ReadInt64();
            if (fields < 0 || (ulong)kind >= EventCatalogue.MaxKinds || _byKind[kind] is not { } descriptor)
            {
                throw new CorruptLogException($"event {sequence} has the kind {kind}, which the log's catalogue does not list");
            }
            _event.Sequence = sequence;
            _event.TimePs = _contexts[EventDecoder.DeltaGroups] += decoder.ReadZigZag();
            long distance = decoder.ReadInt64();
            _event.Cause = distance == 0 ? -1 : sequence - distance;
            _event.Descriptor = descriptor;
            ReadFields(ref decoder, descriptor, fields);
            if (!visitor(_event))
            {
                return false;
            }
            sequence++;
        }
        return true;
    }

    private void ReadFields(ref EventDecoder decoder, EventDescriptor descriptor, int fields)
    {
        if (descriptor.Kind == SymbolEvent.Kind && fields == 2)
        {
            decoder.ReadInt64();
            _event.Values[0] = _event.Values[1] = _event.Symbols.Add(System.Text.Encoding.UTF8.GetString(decoder.ReadStringUtf8()));
            return;
        }
        for (int i = 0; i < fields; i++)
        {
            if (i >= descriptor.Fields.Length || i >= _event.Values.Length)
            {
                decoder.SkipField();
                continue;
            }
            FieldDescriptor field = descriptor.Fields[i];
            _event.Values[i] = field.Type == FieldType.Bool ? (decoder.ReadBoolean() ? 1 : 0)
                : field.DeltaGroup >= 0 ? decoder.ReadDelta(field.DeltaGroup)
                : decoder.ReadInt64();
        }
        for (int i = fields; i < descriptor.Fields.Length && i < _event.Values.Length; i++)
        {
            _event.Values[i] = 0;
        }
    }
}
