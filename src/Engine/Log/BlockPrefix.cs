using Sim.Engine.Events;

namespace Sim.Engine.Log;

/// <summary>The first events of a block.</summary>
public static class BlockPrefix
{
    /// <summary>Raw bytes of a block's first events; -1 when it has fewer.</summary>
    /// <exception cref="CorruptLogException">The bytes are not events.</exception>
    internal static int Length(BlockBuffer block, long events, LogSchema schema)
    {
        if (events > block.Header.Count)
        {
            return -1;
        }
        if (events == block.Header.Count)
        {
            return block.Payload.Length;
        }
        var walker = new EventWalker(schema);
        walker.Start(in block.Header);
        for (long i = 0; i < events; i++)
        {
            walker.Next(block.Payload);
        }
        return walker.Position;
    }

    /// <summary>Number of events that lie wholly in the first bytes of a block's payload.</summary>
    /// <param name="block">The block.</param>
    /// <param name="bytes">How many bytes.</param>
    /// <param name="catalogue">The log's catalogue.</param>
    /// <exception cref="CorruptLogException">The bytes are not events.</exception>
    public static int WholeEvents(BlockBuffer block, int bytes, IReadOnlyList<EventDescriptor> catalogue)
    {
        var walker = new EventWalker(new LogSchema(catalogue));
        walker.Start(in block.Header);
        int events = -1;
        do
        {
            events++;
        }
        while (walker.Next(block.Payload) && walker.Position <= bytes);
        return events;
    }
}
