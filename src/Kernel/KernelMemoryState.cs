using Sim.Engine.Events;
using Sim.Kernel.Boot;
using Sim.Kernel.Buddy;
using Sim.Kernel.Compaction;
using Sim.Kernel.Hugetlb;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Reclaim.Generations;
using Sim.Kernel.Shrinkers;
using Sim.Kernel.Slab;
using Sim.Kernel.Vfs;
using Sim.Kernel.Zones;

namespace Sim.Kernel;

/// <summary>
/// The physical half of the kernel's sourced state, made from options alone so that a fold can make it too:
/// page allocator and slab caches.
/// </summary>
public sealed class KernelMemoryState
{
    /// <param name="options">The kernel.</param>
    /// <param name="map">The machine's memory.</param>
    /// <param name="cpus">Number of CPUs.</param>
    /// <exception cref="ImpossibleMachineException">The kernel cannot run on that machine.</exception>
    public KernelMemoryState(KernelOptions options, MemoryMap map, int cpus)
    {
        if (options.Swap.AllAreas.Any(area => area.Slots > 1 << 23) && options.Profile is KernelProfile.I386 or KernelProfile.I386Classic)
        {
            throw new ImpossibleMachineException("kernel.swap.size", "two-level page tables name 8,388,608 slots at most", "use 32GiB or less");
        }
        bool generations = options.Reclaim.Lru == LruKind.Generations;
        int lists = !options.Reclaims ? 0 : LruState.Heads + (generations ? GenerationState.Heads : 0);
        Pages = new PageAllocatorState(ZoneProfile.Of(options.Profile, options.Zones, map), map, cpus, lists) { SwapPages = options.Swap.Pages };
        if (options.Reclaims)
        {
            Reclaim = new ReclaimState(Pages.Frames, Pages.Frames.FirstList + Pages.Frames.Lists - lists, cpus, options.Swap,
                options.Profile == KernelProfile.X86_64 ? 512 : 256, options.Memcg, generations);
            Pages.Memcg = Reclaim.Memcg;
        }
        Compaction = new CompactionState(Pages);
        Slab = new SlabState(options.Profile, options.Slab.KindFor(options.Profile), Pages.Frames, map.UsablePageCount, cpus);
    }

    /// <summary>Frames, zones, free lists and per-CPU lists.</summary>
    public PageAllocatorState Pages { get; }

    /// <summary>LRU lists and swap area; null in a kernel that does not reclaim.</summary>
    public ReclaimState? Reclaim { get; }

    /// <summary>What compaction remembers.</summary>
    public CompactionState Compaction { get; }

    /// <summary>The pool of huge pages.</summary>
    public HugetlbState HugePages { get; } = new();

    /// <summary>Slab caches.</summary>
    public SlabState Slab { get; }

    /// <summary>What memory pressure shrinks.</summary>
    public ShrinkerState Shrinkers { get; } = new();

    /// <summary>Names and inodes of file systems.</summary>
    public VfsState Vfs { get; } = new();

    /// <summary>The parts that apply events.</summary>
    public IEnumerable<object> Appliers
    {
        get
        {
            object?[] parts =
            [
                Pages, Compaction, HugePages, Slab, Shrinkers, Vfs, Reclaim, Reclaim?.Lru, Reclaim?.Swap, Reclaim?.Memcg, Reclaim?.Lru.Generations,
            ];
            return parts.OfType<object>();
        }
    }

    /// <summary>What is wrong with the state, in words: the first violation of an invariant; null when all hold.</summary>
    public string? Violation() => PageInvariants.Violation(Pages) ?? SlabInvariants.Violation(Slab, Pages.Frames) ?? VfsInvariants.Violation(Vfs, Slab, Pages.Frames);

    /// <summary>Appends the state to a state hash.</summary>
    public void HashInto(ref XxHash64 hash)
    {
        Pages.HashInto(ref hash);
        Compaction.HashInto(ref hash);
        HugePages.HashInto(ref hash);
        Slab.HashInto(ref hash);
        Shrinkers.HashInto(ref hash);
        Vfs.HashInto(ref hash);
    }
}
