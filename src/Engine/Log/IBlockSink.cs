namespace Sim.Engine.Log;

/// <summary>Takes closed blocks, in order. It may work on another thread and block the caller, but never influences a run.</summary>
public interface IBlockSink
{
    /// <summary>Hands over a closed block; its payload array belongs to the sink until it comes back as a result.</summary>
    /// <returns>An array of the same length for the next block.</returns>
    /// <exception cref="IOException">The sink has failed; every later call throws the same.</exception>
    byte[] Submit(in RawBlock block);
}

/// <summary>Forgets every block: for runs that keep no log.</summary>
public sealed class NullBlockSink : IBlockSink
{
    public byte[] Submit(in RawBlock block) => block.Payload;
}
