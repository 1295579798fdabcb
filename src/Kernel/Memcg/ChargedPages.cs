using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Kernel.Buddy;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Memcg;

/// <summary>Pages of processes and files: allocates them, charges them to the cgroup where there is one, and brings them to the lists.</summary>
internal sealed class ChargedPages(
    PageAllocator allocator, Journal journal, LruState? lru, MemoryCgroup? group, PolicyReclaim? policy, PageReclaimer? reclaimer = null)
{
    /// <summary>Chooses the pages that go; null where the kernel's lists do.</summary>
    public PolicyReclaim? Policy => policy;

    /// <summary>Pages are asked for by a fault, in an area that is not read in sequence or at random (<c>in_lru_fault</c>).</summary>
    public bool InFault { get; set; }

    /// <summary>Keeps a page while others are asked for, as a reference to it does in the kernel; -1 for none any longer.</summary>
    public void Pin(long pfn)
    {
        if (reclaimer is not null)
        {
            reclaimer.Pinned = pfn;
        }
    }

    /// <summary>Asks for a page; <see cref="PageAllocator.AllocPagesOrWait"/> tells the answers.</summary>
    /// <param name="gfp">Zone, mobility and urgency.</param>
    /// <param name="owner">For whom.</param>
    /// <param name="cpu">Charged the time.</param>
    /// <param name="cause">Event that led here.</param>
    /// <param name="waiter">Task that would sleep; 0 for the owner.</param>
    public long AllocOrWait(GfpFlags gfp, int owner, CpuClock cpu, long cause, int waiter = 0)
    {
        long answer = group?.MakeRoom(gfp, waiter == 0 ? owner : waiter, cpu, cause) ?? 0;
        return answer < 0 ? answer : Charged(allocator.AllocPagesOrWait(0, gfp, owner, cpu, cause, waiter), cause);
    }

    /// <summary>Asks for a page that can be done without: nobody waits for it.</summary>
    /// <returns>Its pfn; -1 for none.</returns>
    public long TryAlloc(GfpFlags gfp, int owner, CpuClock cpu, long cause)
    {
        long answer = group?.MakeRoom(gfp | GfpFlags.NoRetry, 0, cpu, cause) ?? 0;
        return answer < 0 ? -1 : Charged(allocator.AllocPages(0, gfp, owner, cpu, cause), cause);
    }

    /// <summary>A page joins the lists, in a kernel that has them.</summary>
    public void AddToLru(long pfn, bool unevictable, CpuClock cpu, long cause)
    {
        if (lru is null)
        {
            return;
        }
        LruFeed.Tell(lru, journal, InFault, cause);
        LruFeed.Add(lru, journal, pfn, unevictable, cpu, cause);
        if (!unevictable)
        {
            policy?.Join(pfn);
        }
    }

    /// <summary>Puts the pages that a CPU has gathered on the lists, in a kernel that has them (<c>lru_add_drain</c>).</summary>
    public void DrainLru(CpuClock cpu, long cause)
    {
        if (lru is not null)
        {
            LruFeed.Drain(lru, journal, cpu, cause);
        }
    }

    private long Charged(long pfn, long cause)
    {
        if (pfn >= 0)
        {
            group?.Charge(pfn, cause);
            LruFeed.Tell(lru, journal, InFault, cause);
        }
        return pfn;
    }
}
