namespace Sim.Host.Experiments;

/// <summary>Simulated time that the slab allocator's work takes, in nanoseconds.</summary>
public sealed record SlabCostSettings
{
    [Setting("Handing out an object. In ns.", Min = 0, Max = 1_000_000_000)]
    public int AllocNs { get; init; } = 30;

    [Setting("Taking an object back. In ns.", Min = 0, Max = 1_000_000_000)]
    public int FreeNs { get; init; } = 30;

    [Setting("Making or taking apart a slab. In ns.", Min = 0, Max = 1_000_000_000)]
    public int GrowNs { get; init; } = 200;

    [Setting("Constructing one object. In ns.", Min = 0, Max = 1_000_000_000)]
    public int ConstructNs { get; init; } = 15;
}
