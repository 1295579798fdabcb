using Sim.Kernel.Boot;
using Sim.Kernel.Buddy;
using Sim.Kernel.Mm;
using Sim.Kernel.PageCache;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Slab;
using Sim.Kernel.Swap;
using Sim.Kernel.Tasks;
using Sim.Kernel.Zones;

namespace Sim.Kernel;

/// <summary>The section <c>kernel</c> of an experiment.</summary>
public sealed record KernelOptions
{
    /// <summary>Which kernel is followed.</summary>
    public KernelProfile Profile { get; init; } = KernelProfile.X86_64;

    /// <summary>Reserve of free memory in KiB (<c>vm.min_free_kbytes</c>); 0 lets the kernel compute it.</summary>
    public long MinFreeKbytes { get; init; }

    /// <summary>When huge pages are used; unless never, the kernel keeps a reserve that lets them form.</summary>
    public TransparentHugePages TransparentHugePages { get; init; }

    /// <summary>How hard a fault tries to get a huge page.</summary>
    public HugePageDefrag TransparentHugePagesDefrag { get; init; } = HugePageDefrag.Madvise;

    /// <summary>The thread that makes huge pages of small ones.</summary>
    public KhugepagedOptions Khugepaged { get; init; } = new();

    /// <summary>Where the zones end.</summary>
    public ZoneLimits Zones { get; init; } = new();

    /// <summary>What the kernel keeps for itself at boot.</summary>
    public BootOptions Boot { get; init; } = new();

    /// <summary>Costs of the page allocator.</summary>
    public PageAllocatorCosts PageAllocator { get; init; } = new();

    /// <summary>Memory compaction.</summary>
    public Compaction.CompactionOptions Compaction { get; init; } = new();

    /// <summary>Limits of user address spaces.</summary>
    public MmOptions Mm { get; init; } = new();

    /// <summary>Costs of the kernel's work on address spaces and tasks.</summary>
    public MmCosts MmCosts { get; init; } = new();

    /// <summary>How tasks share CPUs.</summary>
    public TaskOptions Tasks { get; init; } = new();

    /// <summary>Reclaim of pages in use.</summary>
    public ReclaimOptions Reclaim { get; init; } = new();

    /// <summary>The swap area.</summary>
    public SwapOptions Swap { get; init; } = new();

    /// <summary>The memory cgroup of all tasks.</summary>
    public Memcg.MemcgOptions Memcg { get; init; } = new();

    /// <summary>Files and their pages in memory.</summary>
    public PageCacheOptions PageCache { get; init; } = new();

    /// <summary>Whether pages in use can be reclaimed.</summary>
    public bool Reclaims => Reclaim.Enabled || Swap.AllAreas.Count > 0 || PageCache.Device != FileDevice.None || Memcg.MaxPages > 0;

    /// <summary>What files are on: where pages are reclaimed they must be read again, so that there is a device, an SSD unless another is asked for.</summary>
    public FileDevice FileDevice => PageCache.Device == FileDevice.None && Reclaims ? FileDevice.Ssd : PageCache.Device;

    /// <summary>The slab allocator.</summary>
    public SlabAllocatorOptions Slab { get; init; } = new();
}
