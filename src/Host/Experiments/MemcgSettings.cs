namespace Sim.Host.Experiments;

/// <summary>The memory cgroup that all tasks are in.</summary>
public sealed record MemcgSettings
{
    [Setting("Most memory that pages of tasks and files may take (memory.max), rounded down to pages; at the limit the cgroup's own pages are reclaimed. 0 for no limit.", Min = 0, Max = 1L << 46)]
    public ByteSize Max { get; init; }

    [Setting("Least number of pages that are reclaimed together at the limit (SWAP_CLUSTER_MAX).", Min = 1, Max = 65_536)]
    public int ReclaimPages { get; init; } = 32;
}
