using Sim.Kernel.Zones;

namespace Sim.Kernel.Slab;

/// <summary>Sizes of a cache's arrays of objects (mm/slab.c, <c>enable_cpucache</c>).</summary>
/// <param name="Limit">Objects a CPU's array holds.</param>
/// <param name="SharedFactor">The shared array holds this many batches; 0 for no shared array.</param>
public readonly record struct ArrayTuning(int Limit, int SharedFactor)
{
    /// <summary>Objects moved at a time: half of the array.</summary>
    public int BatchCount => (Limit + 1) / 2;

    /// <summary>Large objects are kept in smaller numbers; a shared array is there for CPUs that free what another allocated.</summary>
    public static ArrayTuning For(int size, int cpus)
    {
        int limit = size switch
        {
            > 131072 => 1,
            > (int)Page.Size => 8,
            > 1024 => 24,
            > 256 => 54,
            _ => 120,
        };
        return new ArrayTuning(limit, size <= Page.Size && cpus > 1 ? 8 : 0);
    }
}
