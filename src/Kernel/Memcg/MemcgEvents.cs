using Sim.Engine.Events;

namespace Sim.Kernel.Memcg;

/// <summary>A page was charged to the cgroup (<c>charge_memcg</c>); it is uncharged when its frame is freed.</summary>
/// <param name="Pfn">Its frame.</param>
[Event(196, "memcg.charge")]
public readonly partial record struct MemcgCharge(
    [Unit("pfn"), Delta(21)] long Pfn);

/// <summary>A charge met the limit, and pages are to be reclaimed for it (<c>MEMCG_MAX</c>).</summary>
/// <param name="Pages">Pages charged.</param>
[Event(197, "memcg.max")]
public readonly partial record struct MemcgMax(
    [Unit("pages")] long Pages);

/// <summary>Nothing of the cgroup could be reclaimed: one of its processes is to be killed (<c>MEMCG_OOM</c>).</summary>
/// <param name="Pages">Pages charged.</param>
[Event(198, "memcg.oom")]
public readonly partial record struct MemcgOom(
    [Unit("pages")] long Pages);

/// <summary>A page was taken off its list because a replacement policy chose it; a batch it was in went to the lists before.</summary>
/// <param name="Pfn">Its frame.</param>
[Event(199, "lru.take")]
public readonly partial record struct LruTake(
    [Unit("pfn"), Delta(21)] long Pfn);

/// <summary>A replacement policy read a page's accessed bits, found one set, and cleared them.</summary>
/// <param name="Pfn">Its frame.</param>
[Event(200, "reclaim.clear_accessed")]
public readonly partial record struct ReclaimClearAccessed(
    [Unit("pfn"), Delta(21)] long Pfn);
