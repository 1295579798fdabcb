using Sim.Engine.Events;

namespace Sim.Engine.Replay;

/// <summary>A handler for a fold that compares the folded state's hash with the recorded one at every <c>state.checkpoint</c>.</summary>
/// <param name="stateHash">Hash of the folded state, as the run computed it.</param>
/// <param name="onChecked">Called with the sequence of each checkpoint that held; null for nothing.</param>
public sealed class CheckpointCheck(Func<ulong> stateHash, Action<long>? onChecked = null) : IApply<StateCheckpoint>
{
    /// <summary>Checkpoints compared so far, all equal.</summary>
    public int Checked { get; private set; }

    /// <inheritdoc/>
    /// <exception cref="ReplayDivergedException">The hashes differ.</exception>
    public void Apply(in StateCheckpoint e, in EventHeader header)
    {
        ulong folded = stateHash();
        if (folded != (ulong)e.StateHash)
        {
            throw new ReplayDivergedException(header.Sequence, (ulong)e.StateHash, folded);
        }
        Checked++;
        onChecked?.Invoke(header.Sequence);
    }
}
