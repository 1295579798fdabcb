using Sim.Engine.Log;

namespace Sim.Benchmarks;

/// <summary>Takes blocks and forgets them.</summary>
internal sealed class DiscardingSink : IBlockSink
{
    public byte[] Submit(in RawBlock block) => block.Payload;
}
