using Sim.Engine.Events;
using Sim.Engine.Log;

namespace Sim.Kernel.Tests.Support;

/// <summary>Keeps the blocks of a journal in memory and folds them into states.</summary>
internal sealed class MemoryLog : IBlockSink
{
    private readonly List<byte[]> _blocks = [];
    private readonly List<long> _first = [];
    private readonly List<int> _counts = [];

    /// <summary>Raw bytes of all events.</summary>
    public long Bytes { get; private set; }

    public byte[] Submit(in RawBlock block)
    {
        _blocks.Add(block.Payload.AsSpan(0, block.Length).ToArray());
        _first.Add(block.FirstSequence);
        _counts.Add(block.Count);
        Bytes += block.Length;
        return block.Payload;
    }

    /// <summary>Applies every event to the handlers that know it; stops after <paramref name="upTo"/> events.</summary>
    public void Fold(EventCatalogue catalogue, IEnumerable<object> handlers, long upTo = long.MaxValue, Action<long>? after = null)
    {
        object[] all = [.. handlers];
        var appliers = new Dictionary<int, EventApplier[]>();
        foreach (EventType type in catalogue.Types)
        {
            appliers[type.Descriptor.Kind] = [.. all.Where(type.IsAppliedBy).Select(type.CreateApplier)];
        }
        long[] contexts = new long[33];
        for (int i = 0; i < _blocks.Count; i++)
        {
            Array.Clear(contexts);
            var decoder = new EventDecoder(_blocks[i], ref contexts[0]);
            for (long sequence = _first[i]; sequence < _first[i] + _counts[i]; sequence++)
            {
                if (sequence >= upTo)
                {
                    return;
                }
                Step(ref decoder, catalogue, appliers, sequence, ref contexts[32]);
                after?.Invoke(sequence);
            }
            Assert.True(decoder.End);
        }
    }

    /// <summary>Every event as text, by sequence.</summary>
    public List<string> Text(EventCatalogue catalogue)
    {
        var lines = new List<string>();
        long[] contexts = new long[33];
        var symbols = new SymbolTable();
        foreach (byte[] block in _blocks)
        {
            Array.Clear(contexts);
            var decoder = new EventDecoder(block, ref contexts[0]);
            while (!decoder.End)
            {
                int fields = decoder.ReadArrayHeader() - 3;
                EventType? type = catalogue[(int)decoder.ReadInt64()];
                decoder.ReadZigZag();
                decoder.ReadInt64();
                var line = new System.Text.StringBuilder(type?.Descriptor.Name ?? "symbol");
                if (type is null)
                {
                    decoder.SkipField();
                    decoder.ReadStringUtf8();
                }
                else
                {
                    type.DecodeToText(ref decoder, fields, line, symbols);
                }
                lines.Add(line.ToString());
            }
        }
        return lines;
    }

    private static void Step(
        ref EventDecoder decoder, EventCatalogue catalogue, Dictionary<int, EventApplier[]> appliers, long sequence, ref long timePs)
    {
        int fields = decoder.ReadArrayHeader() - 3;
        int kind = (int)decoder.ReadInt64();
        timePs += decoder.ReadZigZag();
        long distance = decoder.ReadInt64();
        if (kind == SymbolEvent.Kind)
        {
            decoder.ReadInt64();
            decoder.ReadStringUtf8();
            return;
        }
        var header = new EventHeader(sequence, timePs, distance == 0 ? -1 : sequence - distance);
        EventApplier[] known = appliers[kind];
        if (known.Length == 0)
        {
            catalogue[kind]!.Skip(ref decoder, fields);
            return;
        }
        Assert.Single(known);
        known[0].DecodeAndApply(ref decoder, fields, in header);
    }
}
