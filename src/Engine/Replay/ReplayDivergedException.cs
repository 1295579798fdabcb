namespace Sim.Engine.Replay;

/// <summary>A fold's state is not the one the run had: the log is intact, but it does not give what it claims to.</summary>
public sealed class ReplayDivergedException(long sequence, ulong logged, ulong folded)
    : Exception($"At event {sequence} the log records the state hash {logged:x16}, the fold has {folded:x16}.")
{
    /// <summary>Sequence of the checkpoint.</summary>
    public long Sequence { get; } = sequence;

    /// <summary>The hash the run recorded.</summary>
    public ulong Logged { get; } = logged;

    /// <summary>The hash of the folded state.</summary>
    public ulong Folded { get; } = folded;
}
