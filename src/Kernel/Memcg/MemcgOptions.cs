namespace Sim.Kernel.Memcg;

/// <summary>The memory cgroup that all tasks of a run are in.</summary>
public sealed record MemcgOptions
{
    /// <summary>Bytes that its pages may take, rounded down to pages (<c>memory.max</c>); 0 for no limit, and no cgroup.</summary>
    public long Max { get; init; }

    /// <summary>Least number of pages that a request at the limit has reclaimed (<c>SWAP_CLUSTER_MAX</c> in the kernel).</summary>
    public int ReclaimPages { get; init; } = 32;

    /// <summary>The limit in pages.</summary>
    public long MaxPages => Max >> 12;
}
