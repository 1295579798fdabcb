using Sim.Engine.Log;

namespace Sim.Engine.Tests.Log;

/// <summary>Keeps a copy of every block that passes through.</summary>
public sealed class RecordingSink(IBlockSink next) : IBlockSink
{
    public List<RawBlock> Blocks { get; } = [];

    public byte[] Submit(in RawBlock block)
    {
        Blocks.Add(block with { Payload = block.Payload[..block.Length] });
        return next.Submit(in block);
    }
}
