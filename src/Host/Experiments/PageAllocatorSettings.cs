namespace Sim.Host.Experiments;

/// <summary>Simulated time that the page allocator's work takes, in nanoseconds.</summary>
public sealed record PageAllocatorSettings
{
    [Setting("A block from a per-CPU list, in ns.", Min = 0, Max = 1_000_000_000)]
    public int AllocPcpNs { get; init; } = 25;

    [Setting("A block to a per-CPU list, in ns.", Min = 0, Max = 1_000_000_000)]
    public int FreePcpNs { get; init; } = 20;

    [Setting("A block straight from the buddy lists, in ns.", Min = 0, Max = 1_000_000_000)]
    public int AllocBuddyNs { get; init; } = 120;

    [Setting("A block straight to the buddy lists, in ns.", Min = 0, Max = 1_000_000_000)]
    public int FreeBuddyNs { get; init; } = 90;

    [Setting("Each block moved between per-CPU and buddy lists, in ns.", Min = 0, Max = 1_000_000_000)]
    public int PcpMoveNs { get; init; } = 12;

    [Setting("Taking a block of another migratetype, in ns.", Min = 0, Max = 1_000_000_000)]
    public int StealNs { get; init; } = 500;

    [Setting("A request that fails, in ns.", Min = 0, Max = 1_000_000_000)]
    public int FailNs { get; init; } = 1500;
}
