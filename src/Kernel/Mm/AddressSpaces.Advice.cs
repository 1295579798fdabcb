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

    /// <summary>The frames of the pages of a range that reclaim may take, and that nobody else maps.</summary>
    internal void CollectOwnPages(AddressSpace mm, ulong start, ulong end, List<int> pfns)
    {
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
        return SwapFormat.IsPage(entry) && pfn != ZeroPfn && _frames[pfn].MapCount == 1;
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
            Reclaim.Count(VmEvent.Pgdeactivate);
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
            && (frame.Has(PageFlags.Writeback | PageFlags.Locked) || Reclaim.Swap.Area.Count(ReverseMap.Mapping(pfn)) > 0)))
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
                at = _tables.SpanEnd(at, missing + 1);
                continue;
            }
            for (ulong stop = Math.Min(end, _tables.SpanEnd(at, 1)); at < stop; at += 4096)
            {
                ulong entry = _tables.Read(table, at);
                long pfn = _tables.Mode.PfnOf(entry);
                if (!SwapFormat.IsPage(entry) || pfn == ZeroPfn)
                {
                    continue;
                }
                if (locks)
                {
                    LockPage((int)pfn);
                }
                else
                {
                    UnlockPage((int)pfn);
                }
            }
        }
    }

    /// <summary>A locked area maps the page: it goes to the unevictable list (<c>mlock_folio</c>).</summary>
    private void LockPage(int pfn)
    {
        ref Frame frame = ref _frames[pfn];
        if (Reclaim is null || frame.Order > 0 || frame.Has(PageFlags.Mlocked) || ReverseMap.First(pfn) == 0)
        {
            return;
        }
        Reclaim.Mlocked++;
        Reclaim.Count(VmEvent.UnevictablePgsMlocked);
        bool listed = frame.Has(PageFlags.Lru);
        if (listed)
        {
            Reclaim.Lru.Take(pfn);
            Reclaim.Count(VmEvent.UnevictablePgsCulled, frame.Has(PageFlags.Unevictable) ? 0 : 1);
        }
        frame.Flags = (frame.Flags & ~PageFlags.Active) | PageFlags.Unevictable | PageFlags.Mlocked;
        if (listed)
        {
            Reclaim.Lru.Put(pfn);
        }
    }

    /// <summary>Unless another locked area maps it, the page is one as others again (<c>munlock_page</c>).</summary>
    private void UnlockPage(int pfn)
    {
        ref Frame frame = ref _frames[pfn];
        if (!frame.Has(PageFlags.Mlocked) || IsLocked(pfn))
        {
            return;
        }
        Reclaim!.Mlocked--;
        Reclaim.Count(VmEvent.UnevictablePgsMunlocked);
        bool listed = frame.Has(PageFlags.Lru);
        if (listed)
        {
            Reclaim.Lru.Take(pfn);
            Reclaim.Count(VmEvent.UnevictablePgsRescued);
        }
        frame.Flags &= ~(PageFlags.Mlocked | PageFlags.Unevictable);
        if (listed)
        {
            Reclaim.Lru.Put(pfn);
        }
    }

    private bool IsLocked(int pfn)
    {
        for (int entry = ReverseMap.First(pfn); entry != 0; entry = ReverseMap.Next(entry))
        {
            (int pid, long vpn) = ReverseMap[entry];
            AddressSpace mm = this[pid];
            if ((Areas[mm.Areas.Handle(mm.Areas.Find((ulong)vpn << 12))].VmFlags & VmFlags.Locked) != 0)
            {
                return true;
            }
        }
        return false;
    }
}
