using Sim.Engine.Events;
using Sim.Kernel.Swap;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Reclaim;

/// <summary>
/// All that reclaim and swap add to a machine's sourced state; a kernel without reclaim has none of it.
/// </summary>
public sealed class ReclaimState :
    IApply<KswapdWake>, IApply<KswapdSleep>, IApply<ReclaimCost>, IApply<ReclaimRound>
{
    private readonly long[] _counters = new long[VmEvents.Count];

    /// <param name="frames">Frames, with <see cref="LruState.Heads"/> list heads for the lists.</param>
    /// <param name="firstList">Number of the first of them.</param>
    /// <param name="cpus">Number of CPUs.</param>
    /// <param name="swap">The swap area.</param>
    /// <param name="clusterSlots">Slots of its clusters.</param>
    /// <param name="memcg">The limit of all tasks together.</param>
    /// <param name="generations">Pages that can go are on lists of generations.</param>
    internal ReclaimState(FrameTable frames, int firstList, int cpus, SwapOptions swap, int clusterSlots, Memcg.MemcgOptions memcg, bool generations = false)
    {
        Memcg = memcg.MaxPages > 0 ? new Memcg.MemcgState(frames.Count, memcg.MaxPages) : null;
        Lru = new LruState(frames, firstList, cpus, generations);
        WorkingSet = new WorkingSet(Lru, _counters);
        Swap = new SwapState(swap, cpus, clusterSlots);
    }

    /// <summary>The cgroup that all tasks are in; null without a limit.</summary>
    public Memcg.MemcgState? Memcg { get; }

    /// <summary>Lists and batches.</summary>
    public LruState Lru { get; }

    /// <summary>What evicted pages have left behind.</summary>
    public WorkingSet WorkingSet { get; }

    /// <summary>The swap area and its cache.</summary>
    public SwapState Swap { get; }

    /// <summary>What is known of files beside their pages.</summary>
    public PageCache.FileTable Files { get; } = new();

    /// <summary>Shadow entries of file pages that were evicted, by file and offset.</summary>
    public PageCache.PageCacheTable FileShadows { get; } = new();

    /// <summary>Pages being written (<c>nr_writeback</c>).</summary>
    public long Writeback { get; internal set; }

    /// <summary>Pages that areas lock in memory (<c>nr_mlock</c>).</summary>
    public long Mlocked { get; internal set; }

    /// <summary>Times kswapd was woken from its sleep.</summary>
    public long KswapdWakes { get; private set; }

    /// <summary>Whether kswapd works.</summary>
    public bool KswapdAwake { get; private set; }

    /// <summary>The last pages taken off were taken by kswapd.</summary>
    internal bool ByKswapd { get; set; }

    /// <summary>A counter.</summary>
    public long this[VmEvent counter] => _counters[(int)counter];

    internal void Count(VmEvent counter, long times = 1) => _counters[(int)counter] += times;

    public void Apply(in KswapdWake e, in EventHeader header)
    {
        KswapdAwake = true;
        KswapdWakes++;
        Count(VmEvent.Pageoutrun);
    }

    public void Apply(in KswapdSleep e, in EventHeader header)
    {
        KswapdAwake = e.Rest is KswapdRest.LowWmarkHitQuickly or KswapdRest.HighWmarkHitQuickly;
        if (KswapdAwake)
        {
            Count(e.Rest == KswapdRest.LowWmarkHitQuickly ? VmEvent.KswapdLowWmarkHitQuickly : VmEvent.KswapdHighWmarkHitQuickly);
            Count(VmEvent.Pageoutrun);
        }
    }

    public void Apply(in ReclaimCost e, in EventHeader header) => WorkingSet.NoteCost(e.FilePages, e.Written);

    public void Apply(in ReclaimRound e, in EventHeader header) => WorkingSet.Snapshot();

    internal void HashInto(ref XxHash64 hash)
    {
        Lru.HashInto(ref hash);
        WorkingSet.HashInto(ref hash);
        Swap.HashInto(ref hash);
        Files.HashInto(ref hash);
        FileShadows.HashInto(ref hash);
        hash.AddSpan<long>(_counters);
        hash.Add(Writeback);
        hash.Add(Mlocked);
        hash.Add(KswapdWakes);
        hash.Add((KswapdAwake ? 1 : 0) | (ByKswapd ? 2 : 0));
        Memcg?.HashInto(ref hash);
    }
}
