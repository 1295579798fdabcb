namespace Sim.Kernel.Buddy;

/// <summary>Simulated time that the page allocator's work takes, in nanoseconds.</summary>
public sealed record PageAllocatorCosts
{
    /// <summary>A block from a per-CPU list.</summary>
    public int AllocPcpNs { get; init; } = 25;

    /// <summary>A block to a per-CPU list.</summary>
    public int FreePcpNs { get; init; } = 20;

    /// <summary>A block straight from the buddy lists.</summary>
    public int AllocBuddyNs { get; init; } = 120;

    /// <summary>A block straight to the buddy lists.</summary>
    public int FreeBuddyNs { get; init; } = 90;

    /// <summary>Each block moved between per-CPU and buddy lists.</summary>
    public int PcpMoveNs { get; init; } = 12;

    /// <summary>Taking a block of another migratetype.</summary>
    public int StealNs { get; init; } = 500;

    /// <summary>A request that fails.</summary>
    public int FailNs { get; init; } = 1500;
}
