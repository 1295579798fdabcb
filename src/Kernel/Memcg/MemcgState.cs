using Sim.Engine.Events;

namespace Sim.Kernel.Memcg;

/// <summary>
/// The memory cgroup that all tasks are in: which pages are charged to it, and what it counts (mm/memcontrol.c, Linux 6.1, as with
/// <c>cgroup.memory=nokmem</c>: page tables and kernel stacks are not charged). CPUs hold no charges in stock, so the usage is exact.
/// Sourced state.
/// </summary>
public sealed class MemcgState : IApply<MemcgCharge>, IApply<MemcgMax>, IApply<MemcgOom>
{
    private readonly ulong[] _charged;

    internal MemcgState(long frames, long maxPages)
    {
        _charged = new ulong[(frames + 63) >> 6];
        MaxPages = maxPages;
    }

    /// <summary>The limit (<c>memory.max</c>).</summary>
    public long MaxPages { get; }

    /// <summary>Pages charged (<c>memory.current</c>).</summary>
    public long Pages { get; private set; }

    /// <summary>Most pages ever charged (<c>memory.peak</c>).</summary>
    public long PeakPages { get; private set; }

    /// <summary>Times a charge met the limit (<c>max</c> of <c>memory.events</c>).</summary>
    public long MaxEvents { get; private set; }

    /// <summary>Times nothing could be reclaimed (<c>oom</c>).</summary>
    public long OomEvents { get; private set; }

    /// <summary>Processes killed (<c>oom_kill</c>).</summary>
    public long OomKills { get; private set; }

    /// <summary>The next process killed is killed for the cgroup.</summary>
    internal bool IsUnderOom { get; private set; }

    /// <summary>Whether a page is charged.</summary>
    public bool IsCharged(long pfn) => (_charged[pfn >> 6] & (1UL << (int)pfn)) != 0;

    public void Apply(in MemcgCharge e, in EventHeader header)
    {
        _charged[e.Pfn >> 6] |= 1UL << (int)e.Pfn;
        PeakPages = Math.Max(PeakPages, ++Pages);
    }

    public void Apply(in MemcgMax e, in EventHeader header) => MaxEvents++;

    public void Apply(in MemcgOom e, in EventHeader header)
    {
        OomEvents++;
        IsUnderOom = true;
    }

    /// <summary>Frames are freed: those that were charged no longer are.</summary>
    internal void Uncharge(int pfn, int order)
    {
        for (int end = pfn + (1 << order); pfn < end; pfn++)
        {
            ref ulong word = ref _charged[pfn >> 6];
            Pages -= (long)(word >> pfn) & 1;
            word &= ~(1UL << pfn);
        }
    }

    /// <summary>A page moved to another frame (<c>mem_cgroup_migrate</c>).</summary>
    internal void Move(long from, long to)
    {
        if (IsCharged(from))
        {
            _charged[from >> 6] &= ~(1UL << (int)from);
            _charged[to >> 6] |= 1UL << (int)to;
        }
    }

    /// <summary>The kill that follows <c>memcg.oom</c>; true when it is the cgroup's.</summary>
    internal bool CountKill()
    {
        bool own = IsUnderOom;
        OomKills += own ? 1 : 0;
        IsUnderOom = false;
        return own;
    }

    internal void HashInto(ref XxHash64 hash)
    {
        hash.AddSpan<ulong>(_charged);
        hash.Add(Pages);
        hash.Add(PeakPages);
        hash.Add(MaxEvents);
        hash.Add(OomEvents);
        hash.Add(OomKills);
        hash.Add(IsUnderOom ? 1 : 0);
    }
}
