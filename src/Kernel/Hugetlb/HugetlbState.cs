using Sim.Engine.Events;

namespace Sim.Kernel.Hugetlb;

/// <summary>The pool of huge pages (<c>struct hstate</c>). Sourced state; only <c>Apply</c> changes it.</summary>
public sealed class HugetlbState : IApply<HugetlbPool>, IApply<HugetlbAllocFailed>
{
    private readonly List<long> _free = [];

    /// <summary>Huge pages in the pool (<c>nr_hugepages</c>).</summary>
    public int Pages => _free.Count;

    /// <summary>Blocks it got (<c>htlb_buddy_alloc_success</c>).</summary>
    public long Successes { get; private set; }

    /// <summary>Times it got none (<c>htlb_buddy_alloc_fail</c>).</summary>
    public long Failures { get; private set; }

    /// <summary>First frame of the page that the pool gives back next.</summary>
    internal long Last => _free[^1];

    public void Apply(in HugetlbPool e, in EventHeader header)
    {
        if (e.Added)
        {
            _free.Add(e.Pfn);
            Successes++;
        }
        else
        {
            _free.RemoveAt(_free.Count - 1);
        }
    }

    public void Apply(in HugetlbAllocFailed e, in EventHeader header) => Failures++;

    /// <summary>Appends the state to a state hash.</summary>
    public void HashInto(ref XxHash64 hash)
    {
        hash.Add(Successes);
        hash.Add(Failures);
        foreach (long pfn in _free)
        {
            hash.Add(pfn);
        }
    }
}
