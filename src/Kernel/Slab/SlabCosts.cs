namespace Sim.Kernel.Slab;

/// <summary>Simulated time that the slab allocator's work takes, in nanoseconds; the page allocator's comes on top.</summary>
public sealed record SlabCosts
{
    /// <summary>Handing out an object.</summary>
    public int AllocNs { get; init; } = 30;

    /// <summary>Taking an object back.</summary>
    public int FreeNs { get; init; } = 30;

    /// <summary>Making or taking apart a slab.</summary>
    public int GrowNs { get; init; } = 200;

    /// <summary>Constructing one object.</summary>
    public int ConstructNs { get; init; } = 15;
}
