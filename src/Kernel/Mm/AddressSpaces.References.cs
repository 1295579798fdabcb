using Sim.Kernel.Zones;

namespace Sim.Kernel.Mm;

/// <content>Who refers to an anonymous page (<c>folio_ref_count</c>), and what follows for writing to it in place (mm/memory.c, Linux 6.1).</content>
public sealed partial class AddressSpaces
{
    /// <summary>
    /// References to an anonymous page, or to the block it lies in, told from who can hold one: an entry that maps it, the swap cache (one
    /// for each page of a block), and a CPU's batch or who took it off its list. A kernel without lists has neither of the last. That of
    /// the caller is not among them.
    /// </summary>
    /// <param name="pfn">A frame in use for anonymous memory.</param>
    internal int ReferenceCount(long pfn)
    {
        long head = Blocks.Head(pfn);
        ref readonly Frame frame = ref _frames[head];
        int maps = Blocks.IsPiece(head) ? Blocks.EntireMaps(head) + Blocks.PieceMaps(head) : frame.MapCount;
        return maps + CacheReferences(head) + (Reclaim is not null && !frame.Has(PageFlags.Lru) ? 1 : 0);
    }

    /// <summary>
    /// A page that is not marked as one process's alone may still be written in place by the process that maps it: once the page has given
    /// its slot up, if it can, nobody but one entry refers to it (<c>do_wp_page</c>, <c>do_huge_pmd_wp_page</c>).
    /// </summary>
    internal bool IsAlone(long pfn)
    {
        long head = Blocks.Head(pfn);
        int cached = CacheReferences(head);
        return ReferenceCount(head) == 1 + cached && (cached == 0 || MayLeaveSwapCache(head));
    }

    /// <summary>The page, or its whole block, can give its slot up: it is not being written, and no entry names the slot (<c>folio_free_swap</c>).</summary>
    internal bool MayLeaveSwapCache(long pfn) => !_frames[Blocks.Head(pfn)].Has(PageFlags.Writeback) && !IsSwapped(pfn);

    private int CacheReferences(long head) => _frames[head].Has(PageFlags.SwapCache) ? 1 << _frames[head].Order : 0;

    /// <summary>
    /// A page that is about to be mapped again, of which its entry gave up the slot, should leave the swap cache: slots are scarce, it will
    /// not be reclaimed, or it is to be written and nobody else has it (<c>should_try_to_free_swap</c>; the task's own reference is one more there).
    /// </summary>
    private bool ShouldLeaveSwapCache(long pfn, VmFlags area, bool write)
    {
        ref readonly Frame frame = ref _frames[Blocks.Head(pfn)];
        return frame.Has(PageFlags.SwapCache)
            && (Reclaim!.Swap.Area.IsFull || (area & VmFlags.Locked) != 0 || frame.Has(PageFlags.Mlocked) || (write && ReferenceCount(pfn) == 1));
    }
}
