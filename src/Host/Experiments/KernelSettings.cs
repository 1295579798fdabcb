using System.Text.Json.Serialization;

namespace Sim.Host.Experiments;

/// <summary>Kernels the simulator knows.</summary>
public enum KernelProfile
{
    /// <summary>Linux 6.1 on x86-64: four-level tables; DMA, DMA32, NORMAL.</summary>
    [JsonStringEnumMemberName("x86_64")]
    X86_64,

    /// <summary>A 32-bit kernel with two-level tables, a 3 GiB/1 GiB split and 896 MiB of low memory.</summary>
    [JsonStringEnumMemberName("i386-classic")]
    I386Classic,

    /// <summary>Linux 6.1 for i686: the same split with 875 MiB of low memory.</summary>
    [JsonStringEnumMemberName("i386")]
    I386,

    /// <summary>Linux 6.1 for i686 with PAE: three-level tables, memory beyond 4 GiB, 879 MiB of low memory.</summary>
    [JsonStringEnumMemberName("i386-pae")]
    I386Pae,
}

/// <summary>When huge pages are used.</summary>
public enum TransparentHugePages
{
    Never,
    Madvise,
    Always,
}

/// <summary>How hard a fault tries to get a huge page.</summary>
public enum HugePageDefrag
{
    Always,
    Defer,
    Madvise,
    Never,
}

/// <summary>The simulated kernel.</summary>
public sealed record KernelSettings : ICheckedSettings
{
    [Setting("Architecture, layout and version of the kernel.")]
    public KernelProfile Profile { get; init; } = KernelProfile.X86_64;

    [Setting("Reserve of free memory in KiB (vm.min_free_kbytes); 0 lets the kernel compute it.", Min = 0, Max = 1L << 30)]
    public long MinFreeKbytes { get; init; }

    [Setting("Transparent huge pages (transparent_hugepage=): always maps them wherever they fit; unless never, the kernel keeps enough page blocks free for them.", MidRun = true)]
    public TransparentHugePages TransparentHugePages { get; init; }

    [Setting("How hard a fault tries to get a huge page (transparent_hugepage/defrag): always compacts, defer wakes kcompactd, the others take what is free.", MidRun = true)]
    public HugePageDefrag TransparentHugePagesDefrag { get; init; } = HugePageDefrag.Madvise;

    [Setting("The thread that makes huge pages of small ones (transparent_hugepage/khugepaged), where transparentHugePages is not never.")]
    public KhugepagedSettings Khugepaged { get; init; } = new();

    [Setting("Where the zones end.")]
    public ZoneSettings Zones { get; init; } = new();

    [Setting("What the kernel keeps for itself at boot.")]
    public BootSettings Boot { get; init; } = new();

    [Setting("Simulated time that the page allocator's work takes.", MidRun = true)]
    public PageAllocatorSettings PageAllocator { get; init; } = new();

    [Setting("Memory compaction.", MidRun = true)]
    public CompactionSettings Compaction { get; init; } = new();

    [Setting("Limits of user address spaces.")]
    public MmSettings Mm { get; init; } = new();

    [Setting("Simulated time that work on address spaces and tasks takes.", MidRun = true)]
    public MmCostSettings MmCosts { get; init; } = new();

    [Setting("How tasks share CPUs.", MidRun = true)]
    public TaskSettings Tasks { get; init; } = new();

    [Setting("Reclaim of pages in use.")]
    public ReclaimSettings Reclaim { get; init; } = new();

    [Setting("The swap area; with one, pages in use are reclaimed.")]
    public SwapSettings Swap { get; init; } = new();

    [Setting("Files, and their pages in memory.")]
    public PageCacheSettings PageCache { get; init; } = new();

    [Setting("The memory cgroup that all tasks are in.")]
    public MemcgSettings Memcg { get; init; } = new();

    [Setting("The slab allocator.")]
    public SlabSettings Slab { get; init; } = new();

    public SettingProblem? Check() =>
        Memcg.Max.Bytes == 0 && Reclaim.Policy != PagePolicy.Linux
            ? new SettingProblem("reclaim", "A policy chooses among the pages of a limited cgroup: set kernel.memcg.max too, or leave kernel.reclaim.policy at linux.")
        : Reclaim.Lru == LruKind.Generations && Reclaim.Policy != PagePolicy.Linux
            ? new SettingProblem("reclaim", "A policy of its own chooses the pages of the cgroup: set kernel.reclaim.lru to lists, or leave kernel.reclaim.policy at linux.")
        : Reclaim.Lru == LruKind.Generations && TransparentHugePages != TransparentHugePages.Never
            ? new SettingProblem("reclaim.lru", "Generations hold pages of 4 KiB alone: set kernel.transparentHugePages to never, or kernel.reclaim.lru to lists.")
        : Reclaim.Lru == LruKind.Lists && Reclaim.MinTtlMs > 0
            ? new SettingProblem("reclaim.minTtlMs", "Only generations have an age: set kernel.reclaim.lru to generations, or leave kernel.reclaim.minTtlMs at 0.")
        : Memcg.Max.Bytes is > 0 and < 4096
            ? new SettingProblem("memcg.max", "The limit is rounded down to pages of 4 KiB, and no task can be without one: give at least 4KiB, or 0 for no limit.")
        : Memcg.Max.Bytes > 0 && TransparentHugePages == TransparentHugePages.Always
            ? new SettingProblem("memcg", "Huge pages are not charged to the cgroup: set kernel.transparentHugePages to never or madvise, or leave kernel.memcg.max at 0.")
        : null;
}
