using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Kernel.Buddy;
using Sim.Kernel.Memcg;
using Sim.Kernel.Mm;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Faults;

/// <summary>
/// Writes to pages of private areas that are mapped read-only: they go on in place where nobody else refers to the page, and need a copy
/// otherwise (<c>do_wp_page</c>, <c>wp_page_copy</c> of mm/memory.c, Linux 6.1).
/// </summary>
internal sealed class WriteProtectFaults(AddressSpaces spaces, FrameTable frames, ChargedPages pages, Journal journal, ITlbFlush tlb, MmCosts costs)
{
    /// <summary>
    /// A page with more references than its entry's, the swap cache's, a batch's and one by chance is copied without a closer look.
    /// </summary>
    private const int HopelessReferences = 3;

    private const GfpFlags ZeroedGfp = GfpFlags.HighUserMovable | GfpFlags.Zero;

    private readonly ITlbFlush _tlb = tlb;
    private readonly long _clearPs = costs.ClearPageNs * 1000L, _copyPs = costs.CopyPageNs * 1000L;

    /// <summary>Makes the page writable, or maps a copy in its place.</summary>
    /// <param name="mm">The address space.</param>
    /// <param name="address">Address of the access.</param>
    /// <param name="entry">Its entry, which maps a page read-only.</param>
    /// <param name="major">The same fault had to wait for the page.</param>
    /// <param name="cpu">Charged the time; its batch may be drained.</param>
    /// <param name="cause">Event that led here.</param>
    public FaultResult Handle(AddressSpace mm, ulong address, ulong entry, bool major, CpuClock cpu, long cause)
    {
        long vpn = (long)(address >> 12), old = spaces.Tables.Mode.PfnOf(entry);
        if (MayReuse(old, entry, cpu, cause))
        {
            var reuse = new FaultReuse(mm.Pid, vpn);
            EventHeader header = journal.Emit(in reuse, cause);
            spaces.Apply(in reuse, in header);
            Flush(mm, address, cpu, header.Sequence);
            return FaultResult.Resolved;
        }
        bool zero = old == spaces.ZeroPfn;
        pages.Pin(old);
        long pfn = pages.AllocOrWait(zero ? ZeroedGfp : GfpFlags.HighUserMovable, mm.Pid, cpu, cause);
        pages.Pin(-1);
        if (pfn < 0)
        {
            return pfn == PageAllocator.Blocked ? FaultResult.Blocked : FaultResult.OutOfMemory;
        }
        cpu.Charge(zero ? _clearPs : _copyPs);
        var cow = new FaultCow(mm.Pid, vpn, pfn, major);
        EventHeader at = journal.Emit(in cow, cause);
        spaces.Apply(in cow, in at);
        pages.AddToLru(pfn, unevictable: false, cpu, at.Sequence);
        Flush(mm, address, cpu, at.Sequence);
        return FaultResult.Resolved;
    }

    /// <summary>
    /// The page is the process's alone, marked so or found to be. A page that is on no list may be in this CPU's batch, which is drained for
    /// it; one in another CPU's batch has a reference too many.
    /// </summary>
    private bool MayReuse(long pfn, ulong entry, CpuClock cpu, long cause)
    {
        if (pfn == spaces.ZeroPfn || frames[pfn].Use != FrameUse.Anon)
        {
            return false;
        }
        if ((entry & (ulong)PageProtection.NotExclusive) == 0)
        {
            return true;
        }
        if (spaces.ReferenceCount(pfn) > HopelessReferences)
        {
            return false;
        }
        if (!frames[spaces.Blocks.Head(pfn)].Has(PageFlags.Lru))
        {
            pages.DrainLru(cpu, cause);
        }
        return spaces.IsAlone(pfn);
    }

    private void Flush(AddressSpace mm, ulong address, CpuClock cpu, long cause) =>
        _tlb.FlushRange(mm, address & ~0xfffUL, (address & ~0xfffUL) + 4096, cpu.Id, cause);
}
