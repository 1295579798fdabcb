using Sim.Engine.Random;
using Sim.Engine.Snapshots;

namespace Sim.Host.Workloads;

/// <summary>Draws an index with probability proportional to its weight. One number of the stream per draw.</summary>
[NotInSnapshot]
public sealed class WeightedChoice
{
    private readonly ulong[] _upTo;

    /// <param name="weights">Not negative, at least one positive.</param>
    public WeightedChoice(IReadOnlyList<int> weights)
    {
        _upTo = new ulong[weights.Count];
        ulong sum = 0;
        for (int i = 0; i < weights.Count; i++)
        {
            sum += checked((ulong)weights[i]);
            _upTo[i] = sum;
        }
        ArgumentOutOfRangeException.ThrowIfZero(sum, nameof(weights));
    }

    public int Sample(RandomStream random)
    {
        ulong draw = random.NextBelow(_upTo[^1]);
        int index = 0;
        while (draw >= _upTo[index])
        {
            index++;
        }
        return index;
    }
}
