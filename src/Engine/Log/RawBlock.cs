namespace Sim.Engine.Log;

/// <summary>A closed block's raw payload and what its header says of it.</summary>
public struct RawBlock
{
    /// <summary>The buffer; only the first <see cref="Length"/> bytes count.</summary>
    public byte[] Payload;

    /// <summary>Raw bytes of events.</summary>
    public int Length;

    /// <summary>Sequence of the first event.</summary>
    public long FirstSequence;

    /// <summary>Number of events.</summary>
    public int Count;

    /// <summary>Least event time, in picoseconds.</summary>
    public long MinTimePs;

    /// <summary>Greatest event time, in picoseconds.</summary>
    public long MaxTimePs;

    /// <summary>Greatest event time from the start of the log to the end of this block, in picoseconds.</summary>
    public long RunningMaxTimePs;
}
