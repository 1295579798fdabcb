using Sim.Engine.Time;
using Sim.Host.Experiments;

namespace Sim.Host.Workloads;

/// <summary>
/// Tasks and kernel users that allocate and free blocks of several orders, and a probe for a high order: memory comes to
/// suffice in sum while the high order fails.
/// </summary>
public sealed record FragmentationOptions : WorkloadOptions
{
    [Setting("Who allocates. The users of one entry share its distributions; each draws from a stream of its own.", MinItems = 1, MaxItems = 256)]
    public IReadOnlyList<FragmentationUser> Users { get; init; } =
    [
        new FragmentationUser
        {
            Name = "task",
            Count = 6,
            Kind = FragmentationUserKind.Task,
            Orders = [Of(0, 90), Of(1, 5), Of(2, 3), Of(3, 2)],
            Lifetimes = [Exponential(SimTime.FromUs(500), 90), Exponential(SimTime.FromMs(15), 10)],
            Every = SimTime.FromNs(250),
        },
        new FragmentationUser
        {
            Name = "kernel",
            Count = 2,
            Kind = FragmentationUserKind.KernelUnmovable,
            Orders = [Of(0, 80), Of(1, 10), Of(2, 6), Of(3, 3), Of(4, 1)],
            Lifetimes = [Exponential(SimTime.FromUs(250), 80), Exponential(SimTime.FromMs(20), 20)],
            Every = SimTime.FromNs(600),
        },
        new FragmentationUser
        {
            Name = "cache",
            Kind = FragmentationUserKind.KernelReclaimable,
            Orders = [Of(0, 95), Of(3, 5)],
            Lifetimes = [Exponential(SimTime.FromMs(10), 1)],
            Every = SimTime.FromNs(1_250),
        },
    ];

    [Setting("Rate of all users' allocations, in percent of what their entries say: a surge or an ebb.", Min = 1, Max = 10_000, MidRun = true)]
    public int RatePercent { get; init; } = 100;

    [Setting("Order of the probe.", Min = 1, Max = 10, MidRun = true)]
    public int ProbeOrder { get; init; } = 9;

    [Setting("How the probe asks.", MidRun = true)]
    public ProbeKind ProbeAs { get; init; }

    [Setting("Simulated time between two probes; a probe frees at once what it got.", Min = 1, MidRun = true)]
    public SimTime ProbeEvery { get; init; } = SimTime.FromMs(1);

    [Setting("The phase ends once this many probes have failed although free memory would have sufficed; 0 for never.", Min = 0, MidRun = true)]
    public int EndAfterFailedProbes { get; init; }

    [Setting("Simulated length of the phase; null for no end of its own. Blocks outlive the phase.", Min = 1, MidRun = true)]
    public SimTime? Duration { get; init; } = SimTime.FromMs(200);

    private static OrderWeight Of(int order, int weight) => new() { Order = order, Weight = weight };

    private static Lifetime Exponential(SimTime mean, int weight) => new() { Mean = mean, Weight = weight };
}

/// <summary>How a probe for a high order asks; decides the gfp flags.</summary>
public enum ProbeKind
{
    /// <summary>A movable block that may be waited for; a failure is not reported.</summary>
    Movable,

    /// <summary>As a page fault for a huge page that is worth direct compaction (GFP_TRANSHUGE).</summary>
    TransHuge,

    /// <summary>As the pool of huge pages: tries hard (__GFP_RETRY_MAYFAIL).</summary>
    HugePool,

    /// <summary>A contiguous buffer for the kernel itself (GFP_KERNEL|__GFP_COMP); a failure is reported.</summary>
    Kernel,
}

/// <summary>For whom a user allocates; decides the gfp flags, and so zone and migratetype.</summary>
public enum FragmentationUserKind
{
    /// <summary>A task's pages: movable, from the highest zone.</summary>
    Task,

    /// <summary>Kernel memory that cannot move.</summary>
    KernelUnmovable,

    /// <summary>Kernel caches that reclaim could free.</summary>
    KernelReclaimable,
}

/// <summary>One entry of <see cref="FragmentationOptions.Users"/>.</summary>
public sealed record FragmentationUser : ICheckedSettings
{
    [Setting("Name; the users of the entry are called name-0, name-1, …", Pattern = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    public string Name { get; init; } = "user";

    [Setting("Number of users.", Min = 1, Max = 1_024)]
    public int Count { get; init; } = 1;

    [Setting("For whom they allocate: decides zone and migratetype.")]
    public FragmentationUserKind Kind { get; init; }

    [Setting("Orders and their weights.", MinItems = 1, MaxItems = 11, MidRun = true)]
    public IReadOnlyList<OrderWeight> Orders { get; init; } = [new()];

    [Setting("Lifetimes of blocks: the components of a mixture.", MinItems = 1, MaxItems = 16, MidRun = true)]
    public IReadOnlyList<Lifetime> Lifetimes { get; init; } = [new()];

    [Setting("Mean simulated time between two allocations of one user; exponential.", Min = 1, Max = 1_000_000_000_000_000, MidRun = true)]
    public SimTime Every { get; init; } = SimTime.FromUs(1);

    public SettingProblem? Check() =>
        Orders.All(o => o.Weight == 0) ? new SettingProblem("orders", "no order has a weight above 0.")
        : Lifetimes.All(l => l.Weight == 0) ? new SettingProblem("lifetimes", "no lifetime has a weight above 0.")
        : null;
}

/// <summary>An order and its weight.</summary>
public sealed record OrderWeight
{
    [Setting("Order of the block: 2^order pages.", Min = 0, Max = 10)]
    public int Order { get; init; }

    [Setting("Share of this order among the user's allocations.", Min = 0, Max = 1_000_000)]
    public int Weight { get; init; } = 1;
}

/// <summary>Shape of a lifetime.</summary>
public enum LifetimeKind
{
    Exponential,
    Uniform,
    Fixed,
}

/// <summary>One component of a mixture of lifetimes.</summary>
public sealed record Lifetime : ICheckedSettings
{
    private const long LongestPs = 1_000_000_000_000_000_000;

    [Setting("Shape.")]
    public LifetimeKind Kind { get; init; }

    [Setting("Mean (exponential) or value (fixed).", Min = 0, Max = LongestPs)]
    public SimTime Mean { get; init; } = SimTime.FromMs(1);

    [Setting("Least value (uniform).", Min = 0, Max = LongestPs)]
    public SimTime Min { get; init; }

    [Setting("Greatest value (uniform).", Min = 0, Max = LongestPs)]
    public SimTime Max { get; init; } = SimTime.FromMs(1);

    [Setting("Share of the mixture.", Min = 0, Max = 1_000_000)]
    public int Weight { get; init; } = 1;

    public SettingProblem? Check() =>
        Kind == LifetimeKind.Uniform && Max < Min ? new SettingProblem("max", $"{Max} is less than min ({Min}).") : null;

    internal DurationDistribution ToDistribution() => Kind switch
    {
        LifetimeKind.Uniform => DurationDistribution.Uniform(Min.Ps, Max.Ps),
        LifetimeKind.Fixed => DurationDistribution.Fixed(Mean.Ps),
        _ => DurationDistribution.Exponential(Mean.Ps),
    };
}
