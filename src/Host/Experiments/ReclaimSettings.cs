using System.Text.Json.Serialization;

namespace Sim.Host.Experiments;

/// <summary>How the pages of a limited cgroup are chosen that go.</summary>
public enum PagePolicy
{
    Linux,
    Mglru,
    Fifo,

    [JsonStringEnumMemberName("second-chance")]
    SecondChance,
    Clock,
    Nru,
    Aging,

    [JsonStringEnumMemberName("working-set")]
    WorkingSet,

    [JsonStringEnumMemberName("wsclock")]
    WsClock,
    Sieve,

    /// <summary>Sees every reference.</summary>
    [JsonStringEnumMemberName("lru-oracle")]
    LruOracle,

    /// <summary>Knows the references to come.</summary>
    [JsonStringEnumMemberName("opt-oracle")]
    OptOracle,
}

/// <summary>How the node keeps the pages that can go.</summary>
public enum LruKind
{
    Lists,
    Generations,
}

/// <summary>Reclaim of pages in use.</summary>
public sealed record ReclaimSettings
{
    [Setting("Reclaim pages in use when memory runs short; a swap area implies it.")]
    public bool Enabled { get; init; }

    [Setting("What swapping costs against reading files again (vm.swappiness): 0 takes file pages only, 100 both alike, 200 anonymous pages only.", Min = 0, Max = 200)]
    public int Swappiness { get; init; } = 60;

    [Setting("Share of the file systems' unused names and inodes that reclaim sees, in percent (vm.vfs_cache_pressure): 0 leaves them alone, more than 100 takes them rather than pages.", Min = 0, Max = 100_000)]
    public int VfsCachePressure { get; init; } = 100;

    [Setting("How the kernel keeps the pages that can go: on active and inactive lists, or by generations (the multi-generational LRU, /sys/kernel/mm/lru_gen/enabled).")]
    public LruKind Lru { get; init; }

    [Setting("With generations: kswapd does not reclaim what was used in the last so many ms, but has a process killed (/sys/kernel/mm/lru_gen/min_ttl_ms); 0 promises nothing.", Min = 0, Max = 3_600_000)]
    public int MinTtlMs { get; init; }

    [Setting("Which pages of a limited cgroup go first (kernel.memcg.max): by the kernel's two lists (linux), by its generations (mglru), or by a policy of the textbooks, one page after the other. They see accessed bits; the oracles see every reference of one replayed trace.")]
    public PagePolicy Policy { get; init; }

    [Setting("Timer of the policies that sample accessed bits, in ns of the time that tasks run; the window of working-set and wsclock is two of them.", Min = 1_000, Max = 1_000_000_000)]
    public int PolicyTickNs { get; init; } = 1_000_000;

    [Setting("Time kswapd works before it lets others run where there are no tasks, in ns.", Min = 1, Max = 1_000_000_000)]
    public int SliceNs { get; init; } = 50_000;

    [Setting("Time to look at a page, its flags and the entries that map it, in ns.", Min = 0, Max = 1_000_000_000)]
    public int ScanPageNs { get; init; } = 120;

    [Setting("Time to look at an entry of a page table that is walked for accessed bits, in ns; a page found accessed costs scanPageNs more.", Min = 0, Max = 1_000_000_000)]
    public int WalkEntryNs { get; init; } = 2;

    [Setting("Time to take a page out of a page table, in ns.", Min = 0, Max = 1_000_000_000)]
    public int UnmapPageNs { get; init; } = 400;

    [Setting("Time to hand a request to a block device, or to take its completion, in ns.", Min = 0, Max = 1_000_000_000)]
    public int SubmitNs { get; init; } = 1_500;
}
