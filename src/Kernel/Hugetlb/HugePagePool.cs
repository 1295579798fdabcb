using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Kernel.Buddy;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Hugetlb;

/// <summary>
/// Fills and empties the pool of huge pages as <c>vm.nr_hugepages</c> says (mm/hugetlb.c of 6.1: <c>set_max_huge_pages</c>,
/// <c>alloc_pool_huge_page</c>): a request of the huge-page order that tries hard and says nothing when it fails.
/// </summary>
public sealed class HugePagePool(HugetlbState state, PageAllocator allocator, Journal journal, long clearPagePs)
{
    /// <summary>How the pool asks for a page.</summary>
    public const GfpFlags PoolGfp =
        GfpFlags.HighUserMovable | GfpFlags.NoWarn | GfpFlags.RetryMayFail | GfpFlags.Compound | GfpFlags.ThisNode;

    private readonly int _order = allocator.State.Profile.PageblockOrder;

    /// <summary>The pool.</summary>
    public HugetlbState State => state;

    /// <summary>Writes <c>nr_hugepages</c>; returns how many there are then. The first failure ends the attempt.</summary>
    public int SetPages(int wanted, CpuClock cpu, long cause)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(wanted);
        while (state.Pages < wanted)
        {
            long pfn = allocator.AllocPages(_order, PoolGfp, KernelUser.Hugetlb, cpu, cause);
            if (pfn < 0)
            {
                var failed = new HugetlbAllocFailed(state.Pages, wanted);
                EventHeader at = journal.Emit(in failed, cause);
                state.Apply(in failed, in at);
                break;
            }
            cpu.Charge(clearPagePs << _order);
            Change(pfn, added: true, cause);
        }
        while (state.Pages > wanted)
        {
            long pfn = state.Last;
            allocator.FreePages(pfn, _order, cpu, Change(pfn, added: false, cause));
        }
        return state.Pages;
    }

    private long Change(long pfn, bool added, long cause)
    {
        var change = new HugetlbPool(pfn, added);
        EventHeader header = journal.Emit(in change, cause);
        state.Apply(in change, in header);
        return header.Sequence;
    }
}
