using Sim.Engine.Events;
using Sim.Hardware.Paging;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Swap;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Mm;

/// <content>Pages that programs say something about: not needed, cold, locked in memory (mm/madvise.c, mm/mlock.c, mm/swap.c, Linux 6.1).</content>
public sealed partial class AddressSpaces : IApply<VmaCold>
{
    public void Apply(in VmaCold e, in EventHeader header)
    {
        AddressSpace mm = this[e.Pid];
        ulong at = (ulong)e.Vpn << 12;
        for (ulong end = at + ((ulong)e.Pages << 12); at < end;)
        {
            long table = _tables.FindLeafTable(mm.Root, at, out int missing);
            if (table < 0)
            {
                ulong large = missing == 0 ? _tables.ReadLarge(mm.Root, at) : 0;
                if (large != 0 && IsOwnBlock(large, at, end, out long head) && _frames[head].Has(PageFlags.Lru))
                {
                    _tables.WriteLarge(mm.Root, at, head, _tables.Mode.FlagsOf(large) & ~PteFlags.Accessed);
                    Deactivate((int)head);
                }
                at = _tables.SpanEnd(at, missing + 1);
                continue;
            }
            for (ulong stop = Math.Min(end, _tables.SpanEnd(at, 1)); at < stop; at += 4096)
            {
                ulong entry = _tables.Read(table, at);
                if (IsOwnPage(entry, out long pfn) && _frames[pfn].Has(PageFlags.Lru))
                {
                    _tables.Write(table, at, entry & ~(ulong)PteFlags.Accessed);
                    Deactivate((int)pfn);
                }
            }
        }
    }

    /// <summary>The frames of the pages of a range, of one page table at most, that reclaim may take, and that nobody else maps.</summary>
    internal void CollectOwnPages(AddressSpace mm, ulong start, ulong end, List<int> pfns)
    {
        if (_tables.ReadLarge(mm.Root, start) is var large and not 0)
        {
            if (IsOwnBlock(large, start, end, out long head))
            {
                pfns.Add((int)head);
            }
            return;
        }
        for (ulong at = start; at < end; at += 4096)
        {
            if (IsOwnPage(_tables.ReadPte(mm.Root, at), out long pfn))
            {
                pfns.Add((int)pfn);
            }
        }
    }

    private bool IsOwnPage(ulong entry, out long pfn)
    {
        pfn = _tables.Mode.PfnOf(entry);
        return SwapFormat.IsPage(entry) && pfn != ZeroPfn && _frames[pfn].MapCount == 1 && !Blocks.IsPiece(pfn);
    }

    /// <summary>The range has all of a huge page that is this process's alone.</summary>
    private bool IsOwnBlock(ulong large, ulong at, ulong end, out long head)
    {
        head = _tables.Mode.PfnOf(large);
        return head != HugeZeroPfn && _frames[head].MapCount == 1 && !_frames[head].Has(PageFlags.SwapCache)
            && (at & ((1UL << _tables.Mode.ShiftOf(1)) - 1)) == 0 && _tables.SpanEnd(at, 1) <= end;
    }

    /// <summary>An active page goes to the inactive list (<c>lru_deactivate_fn</c>).</summary>
    private void Deactivate(int pfn)
    {
        ref Frame frame = ref _frames.At(pfn);
        if ((frame.Has(PageFlags.Active) || Reclaim!.Lru.Generations is not null) && !frame.Has(PageFlags.Unevictable))
        {
            Reclaim!.Lru.Take(pfn);
            frame.Flags &= ~PageFlags.Active;
            Reclaim.Lru.Put(pfn);
            Reclaim.Count(VmEvent.Pgdeactivate, 1L << frame.Order);
        }
        frame.Flags &= ~PageFlags.Referenced;
    }

    /// <summary>Whether what a page holds can be forgotten: not when another process, or the swap area, has it too (<c>madvise_free_pte_range</c>).</summary>
    private bool Forgets(long pfn)
    {
        ref Frame frame = ref _frames[pfn];
        if (Reclaim is null || !frame.Has(PageFlags.SwapCache | PageFlags.Dirty))
        {
            return true;
        }
        if (frame.MapCount != 1 || (frame.Has(PageFlags.SwapCache)
            && (frame.Has(PageFlags.Writeback | PageFlags.Locked) || Reclaim.Swap.Area.CountOf(ReverseMap.Mapping(pfn)) > 0)))
        {
            return false;
        }
        if (frame.Has(PageFlags.SwapCache))
        {
            LeaveSwapCache(pfn);
        }
        frame.Flags &= ~PageFlags.Dirty;
        return true;
    }

    /// <summary>The page goes to the inactive list of files, where it is freed without being written (<c>lru_lazyfree_fn</c>).</summary>
    private void MakeLazyFree(int pfn)
    {
        ref Frame frame = ref _frames.At(pfn);
        if (Reclaim is null || !frame.Has(PageFlags.Lru) || frame.Has(PageFlags.LazyFree | PageFlags.SwapCache | PageFlags.Unevictable))
        {
            return;
        }
        Reclaim.Lru.Take(pfn);
        frame.Flags = (frame.Flags & ~(PageFlags.Active | PageFlags.Referenced)) | PageFlags.LazyFree;
        Reclaim.Lru.Put(pfn);
        Reclaim.Count(VmEvent.Pglazyfree);
    }

    /// <summary>True when an entry that maps the page has been written through.</summary>
    internal bool IsWritten(long pfn)
    {
        for (int entry = ReverseMap.First(pfn); entry != 0; entry = ReverseMap.Next(entry))
        {
            (int pid, long vpn) = ReverseMap[entry];
            if ((_tables.ReadPte(this[pid].Root, (ulong)vpn << 12) & (ulong)PteFlags.Dirty) != 0)
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>The pages of a range are locked, or no longer.</summary>
    private void LockPages(AddressSpace mm, ulong start, ulong end, bool locks)
    {
        for (ulong at = start; Reclaim is not null && at < end;)
        {
            long table = _tables.FindLeafTable(mm.Root, at, out int missing);
            if (table < 0)
            {
                ulong large = missing == 0 ? _tables.ReadLarge(mm.Root, at) : 0;
                if (large != 0 && _tables.Mode.PfnOf(large) is var head && head != HugeZeroPfn)
                {
                    _ = locks ? LockPage((int)head) : UnlockPage((int)head);
                }
                at = _tables.SpanEnd(at, missing + 1);
                continue;
            }
            for (ulong stop = Math.Min(end, _tables.SpanEnd(at, 1)); at < stop; at += 4096)
            {
                ulong entry = _tables.Read(table, at);
                long pfn = _tables.Mode.PfnOf(entry);
                // Pages of a block are not locked one by one (mlock_pte_range).
                if (!SwapFormat.IsPage(entry) || pfn == ZeroPfn || Blocks.IsPiece(pfn))
                {
                    continue;
                }
                _ = locks ? LockPage((int)pfn) : UnlockPage((int)pfn);
            }
        }
    }

    /// <summary>A locked area maps the page: it goes to the unevictable list (<c>mlock_folio</c>).</summary>
    private bool LockPage(int pfn)
    {
        ref Frame frame = ref _frames[pfn];
        if (Reclaim is null || frame.State == FrameState.Tail || frame.Has(PageFlags.Mlocked) || ReverseMap.First(pfn) == 0)
        {
            return false;
        }
        long pages = 1L << frame.Order;
        Reclaim.Mlocked += pages;
        Reclaim.Count(VmEvent.UnevictablePgsMlocked, pages);
        bool listed = frame.Has(PageFlags.Lru);
        if (listed)
        {
            Reclaim.Lru.Take(pfn);
            Reclaim.Count(VmEvent.UnevictablePgsCulled, frame.Has(PageFlags.Unevictable) ? 0 : pages);
        }
        frame.Flags = (frame.Flags & ~PageFlags.Active) | PageFlags.Unevictable | PageFlags.Mlocked;
        if (listed)
        {
            Reclaim.Lru.Put(pfn);
        }
        return true;
    }

    /// <summary>Unless another locked area maps it, the page is one as others again (<c>munlock_page</c>).</summary>
    private bool UnlockPage(int pfn)
    {
        ref Frame frame = ref _frames[pfn];
        if (!frame.Has(PageFlags.Mlocked) || IsLocked(pfn))
        {
            return false;
        }
        long pages = 1L << frame.Order;
        Reclaim!.Mlocked -= pages;
        Reclaim.Count(VmEvent.UnevictablePgsMunlocked, pages);
        bool listed = frame.Has(PageFlags.Lru);
        if (listed)
        {
            Reclaim.Lru.Take(pfn);
            Reclaim.Count(VmEvent.UnevictablePgsRescued, pages);
        }
        frame.Flags &= ~(PageFlags.Mlocked | PageFlags.Unevictable);
        if (listed)
        {
            Reclaim.Lru.Put(pfn);
        }
        return true;
    }

    private bool IsLocked(int pfn)
    {
        for (int entry = ReverseMap.First(pfn); entry != 0; entry = ReverseMap.Next(entry))
        {
            (int pid, long vpn) = ReverseMap[entry];
            AddressSpace mm = this[pid];
            if ((Areas[mm.Areas.Handle(mm.Areas.Find((ulong)vpn << 12))].VmFlags & VmFlags.Locked) != 0
                && (!Blocks.IsPiece(pfn) || _tables.ReadLarge(mm.Root, (ulong)vpn << 12) != 0))
            {
                return true;
            }
        }
        return false;
    }
}
