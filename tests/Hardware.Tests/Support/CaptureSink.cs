using Sim.Engine.Events;
using Sim.Engine.Log;

namespace Sim.Hardware.Tests.Support;

/// <summary>Keeps the blocks a journal closes.</summary>
internal sealed class CaptureSink : IBlockSink
{
    private readonly List<(byte[] Payload, long First)> _blocks = [];

    public byte[] Submit(in RawBlock block)
    {
        _blocks.Add((block.Payload.AsSpan(0, block.Length).ToArray(), block.FirstSequence));
        return block.Payload;
    }

    /// <summary>Decodes every event and hands it to <paramref name="take"/>.</summary>
    public void ForEach(EventTaker take)
    {
        foreach ((byte[] payload, long first) in _blocks)
        {
            long[] contexts = new long[33];
            long sequence = first;
            var decoder = new EventDecoder(payload, ref contexts[0]);
            while (!decoder.End)
            {
                int fields = decoder.ReadArrayHeader() - 3;
                int kind = (int)decoder.ReadInt64();
                contexts[32] += decoder.ReadZigZag();
                long distance = decoder.ReadInt64();
                take(kind, new EventHeader(sequence, contexts[32], distance == 0 ? -1 : sequence - distance), ref decoder, fields);
                sequence++;
            }
        }
    }

    public delegate void EventTaker(int kind, EventHeader header, ref EventDecoder decoder, int fields);
}
