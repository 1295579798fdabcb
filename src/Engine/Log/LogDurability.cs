namespace Sim.Engine.Log;

/// <summary>What of a log survives when the process, or the machine, dies.</summary>
public enum LogDurability : byte
{
    /// <summary>Blocks gather in memory and reach the operating system a mebibyte at a time; nothing is synced.</summary>
    None,

    /// <summary>Each block reaches the operating system when it closes: a killed process loses only the open block.</summary>
    Flush,

    /// <summary>Each block is synced to the disk when it closes: a power cut loses only the open block.</summary>
    Block,

    /// <summary>As <see cref="Flush"/>, and a segment is synced when it is sealed: a power cut loses at most the open segment.</summary>
    Seal,
}
