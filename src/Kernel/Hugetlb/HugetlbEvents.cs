using Sim.Engine.Events;

namespace Sim.Kernel.Hugetlb;

/// <summary>The pool of huge pages got a block, or gave one back.</summary>
/// <param name="Pfn">First frame of the block.</param>
/// <param name="Added">It got it.</param>
[Event(110, "hugetlb.pool")]
public readonly partial record struct HugetlbPool([Unit("pfn")] long Pfn, bool Added);

/// <summary>The pool of huge pages asked for a block in vain (htlb_buddy_alloc_fail).</summary>
/// <param name="Pages">Pages that it has.</param>
/// <param name="Wanted">Pages that it was to have (nr_hugepages).</param>
[Event(111, "hugetlb.alloc_failed")]
public readonly partial record struct HugetlbAllocFailed(long Pages, long Wanted);
