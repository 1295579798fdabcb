using Sim.Engine.Time;
using Sim.Host.Experiments;

namespace Sim.Host.Workloads;

/// <summary>Objects of several slab caches, and of the general ones, that come and go.</summary>
public sealed record SlabOptions : WorkloadOptions
{
    [Setting("Caches made for the phase.", MaxItems = 256)]
    public IReadOnlyList<SlabCacheOptions> Caches { get; init; } =
    [
        new SlabCacheOptions { Name = "inode_cache", ObjectBytes = 592, Reclaimable = true, Every = SimTime.FromNs(900), Lifetime = new() { Mean = SimTime.FromMs(3) } },
        new SlabCacheOptions { Name = "dentry", ObjectBytes = 192, Reclaimable = true, Every = SimTime.FromNs(600), Lifetime = new() { Mean = SimTime.FromMs(4) } },
        new SlabCacheOptions { Name = "buffer_head", ObjectBytes = 104, Every = SimTime.FromNs(700), Lifetime = new() { Mean = SimTime.FromMs(1) } },
        new SlabCacheOptions { Name = "sk_buff", ObjectBytes = 232, Every = SimTime.FromNs(400), Lifetime = new() { Mean = SimTime.FromUs(80) } },
        new SlabCacheOptions { Name = "task_struct", ObjectBytes = 3_264, Constructor = true, Every = SimTime.FromUs(20), Lifetime = new() { Mean = SimTime.FromMs(10) } },
    ];

    [Setting("Mean simulated time between two kmalloc calls; exponential. 0ps for none.", Max = 1_000_000_000_000_000)]
    public SimTime KmallocEvery { get; init; } = SimTime.FromUs(1);

    [Setting("Sizes kmalloc is asked for, in bytes, and their weights.", MinItems = 1, MaxItems = 64)]
    public IReadOnlyList<KmallocSize> KmallocSizes { get; init; } =
        [new() { Bytes = 40, Weight = 30 }, new() { Bytes = 100, Weight = 30 }, new() { Bytes = 500, Weight = 20 }, new() { Bytes = 3_000, Weight = 15 }, new() { Bytes = 70_000, Weight = 1 }];

    [Setting("Lifetime of what kmalloc gave.")]
    public Lifetime KmallocLifetime { get; init; } = new() { Mean = SimTime.FromMs(2) };

    [Setting("Period of the classic slab's reaping timer on each CPU; free slabs have their turn every other time. null for never. SLUB has no such timer.", Min = 1)]
    public SimTime? ReapEvery { get; init; } = SimTime.FromMs(5);

    [Setting("Simulated length of the phase. Objects outlive the phase.", Min = 1)]
    public SimTime Duration { get; init; } = SimTime.FromMs(50);
}

/// <summary>One cache and how its objects come and go.</summary>
public sealed record SlabCacheOptions
{
    [Setting("Name, as in slabinfo.", Required = true, Pattern = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    public string Name { get; init; } = "cache";

    [Setting("Size of an object, in bytes.", Required = true, Min = 1, Max = 131_072)]
    public int ObjectBytes { get; init; }

    [Setting("Alignment of objects, a power of two; 0 for the word.", Min = 0, Max = 4_096)]
    public int Align { get; init; }

    [Setting("Objects begin at cache lines.")]
    public bool CacheLineAligned { get; init; }

    [Setting("Its pages can be reclaimed.")]
    public bool Reclaimable { get; init; }

    [Setting("Its objects are charged to memory cgroups; such a cache is not merged with one that is not.")]
    public bool Accounted { get; init; }

    [Setting("Objects are constructed when a slab is made.")]
    public bool Constructor { get; init; }

    [Setting("Mean simulated time between two allocations; exponential.", Min = 1, Max = 1_000_000_000_000_000)]
    public SimTime Every { get; init; } = SimTime.FromUs(1);

    [Setting("Lifetime of objects.")]
    public Lifetime Lifetime { get; init; } = new();
}

/// <summary>A size for kmalloc and its weight.</summary>
public sealed record KmallocSize
{
    [Setting("Bytes asked for.", Required = true, Min = 1, Max = 4 << 20)]
    public int Bytes { get; init; }

    [Setting("Share of the calls.", Min = 1, Max = 1_000_000)]
    public int Weight { get; init; } = 1;
}
