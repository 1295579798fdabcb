using Sim.Engine.Events;
using Sim.Hardware.Paging;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Swap;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Mm;

/// <content>Pages that come back from the swap area, and slots that are given up (mm/memory.c, mm/swap_state.c, Linux 6.1).</content>
public sealed partial class AddressSpaces : IApply<SwapRead>, IApply<SwapReadEnd>, IApply<SwapReadahead>, IApply<FaultSwap>
{
    public void Apply(in SwapRead e, in EventHeader header)
    {
        ref Frame frame = ref _frames[e.Pfn];
        (frame.Use, frame.Flags) = (FrameUse.Anon, PageFlags.SwapCache | PageFlags.Locked | (e.Ahead ? PageFlags.Readahead : 0));
        Refault(ref frame, (int)e.Slot);
        Reclaim!.Swap.AddToCache((int)e.Slot, e.Pfn);
        ReverseMap.SetMapping(e.Pfn, (int)e.Slot);
        Reclaim.Count(VmEvent.Pswpin);
        Reclaim.Count(VmEvent.Pgpgin);
        Reclaim.Count(VmEvent.SwapRa, e.Ahead ? 1 : 0);
    }

    public void Apply(in SwapReadEnd e, in EventHeader header) => _frames[e.Pfn].Flags &= ~PageFlags.Locked;

    public void Apply(in SwapReadahead e, in EventHeader header)
    {
        SwapState swap = Reclaim!.Swap;
        bool bySlots = swap.Area.AnyRotational, hit = false;
        if (e.ReadaheadPages == 0)
        {
            hit = TakeReadaheadMark((int)e.Slot);
        }
        if (bySlots)
        {
            swap.NoteWindow(e.Slot, e.ReadaheadPages, hit);
            return;
        }
        AddressSpace mm = this[e.Pid];
        SwapWindow before = SwapWindowOf(mm, (ulong)e.Vpn << 12);
        int pages = e.ReadaheadPages > 0 ? e.ReadaheadPages : before.Pages, hits = e.ReadaheadPages > 0 ? 0 : Math.Min(before.Hits + (hit ? 1 : 0), 63);
        Areas[mm.Areas.Handle(mm.Areas.Find((ulong)e.Vpn << 12))].SwapReadahead = (e.Vpn << 12) | ((long)pages << 6) | (long)hits;
    }

    /// <summary>A page of the swap cache is asked for; true when it had been read ahead, and nobody had asked before.</summary>
    private bool TakeReadaheadMark(int slot)
    {
        ref Frame frame = ref _frames[Reclaim!.Swap.Find(slot)];
        bool hit = frame.Has(PageFlags.Readahead);
        frame.Flags &= ~PageFlags.Readahead;
        Reclaim.Count(VmEvent.SwapRaHit, hit ? 1 : 0);
        return hit;
    }

    /// <summary>What is known of reading ahead: of the area an address lies in, or with a device that seeks of the whole area of slots.</summary>
    internal SwapWindow SwapWindowOf(AddressSpace mm, ulong address)
    {
        if (Reclaim!.Swap.Area.AnyRotational)
        {
            return Reclaim.Swap.Window;
        }
        long info = Areas[mm.Areas.Handle(mm.Areas.Find(address))].SwapReadahead;
        // An area starts with four hits (GET_SWAP_RA_VAL).
        return info == 0 ? new SwapWindow(0, 0, 4) : new SwapWindow(info >> 12, (int)(info >> 6) & 63, (int)info & 63);
    }

    /// <summary>The pages a window stands for: ahead or behind where faults follow each other, around it otherwise (<c>swap_ra_info</c>).</summary>
    internal (long Start, long End) SwapRangeOf(AddressSpace mm, ulong address, long before, int window)
    {
        ref readonly VmArea area = ref Areas[mm.Areas.Handle(mm.Areas.Find(address))];
        long vpn = (long)(address >> 12), left, right;
        if (vpn == before + 1)
        {
            (left, right) = (vpn, vpn + window);
        }
        else if (before == vpn + 1)
        {
            (left, right) = (vpn - window + 1, vpn + 1);
        }
        else
        {
            left = vpn - ((window - 1) / 2);
            right = left + window;
        }
        long tableStart = vpn & -(long)_tables.Mode.EntriesPerTable;
        return (Math.Max(Math.Max(left, (long)(area.VmStart >> 12)), tableStart),
            Math.Min(Math.Min(right, (long)(area.VmEnd >> 12)), tableStart + _tables.Mode.EntriesPerTable));
    }

    public void Apply(in FaultSwap e, in EventHeader header)
    {
        AddressSpace mm = this[e.Pid];
        ulong address = (ulong)e.Vpn << 12;
        PagingMode mode = _tables.Mode;
        SwapState swap = Reclaim!.Swap;
        ref Frame frame = ref _frames[e.Pfn];
        ref readonly VmArea area = ref Areas[mm.Areas.Handle(mm.Areas.Find(address))];
        ulong entry = _tables.ReadPte(mm.Root, address);
        int slot = SwapFormat.SlotOf(mode, entry);
        if (e.Direct)
        {
            frame.Use = FrameUse.Anon;
            Refault(ref frame, slot);
            Reclaim.Count(VmEvent.Pswpin);
        }
        swap.DropEntry(slot);
        if (ShouldLeaveSwapCache(e.Pfn, area.VmFlags, e.Write) && MayLeaveSwapCache(e.Pfn))
        {
            LeaveSwapCache(Blocks.Head(e.Pfn));
        }
        // A device that needs pages to stay as they are while it writes them (SWP_STABLE_WRITES), zram, has written them at once.
        bool exclusive = e.Direct || SwapFormat.IsExclusive(mode, entry) || ReferenceCount(e.Pfn) == 0;
        if (Blocks.IsPiece(e.Pfn))
        {
            Blocks.AddPieces(Blocks.Head(e.Pfn), 1);
        }
        else
        {
            frame.Index = unchecked((int)area.PgoffOf(address));
        }
        frame.MapCount++;
        ReverseMap.Add(e.Pfn, e.Pid, e.Vpn);
        mm.AnonRss++;
        mm.SwapEntries--;
        mm.HiwaterRss = Math.Max(mm.HiwaterRss, mm.Rss);
        SetEntry(mm, address, e.Pfn, area.VmPageProt | (!exclusive ? PageProtection.NotExclusive : e.Write ? Written : 0));
        if ((area.VmFlags & VmFlags.Locked) != 0)
        {
            LockPage((int)e.Pfn);
        }
        if (e.Direct)
        {
            // Past the cache the only copy is the page itself.
            frame.Flags |= PageFlags.Dirty;
        }
        if (exclusive || !e.Write)
        {
            CountFault(e.Pid, e.Major);
        }
    }

    /// <summary>A page that was evicted comes back: is it part of the working set?</summary>
    private void Refault(ref Frame frame, int slot)
    {
        uint shadow = Reclaim!.Swap.Area.Shadow(slot);
        if (shadow != 0)
        {
            Reclaim.WorkingSet.Refault(ref frame, shadow, Reclaim.Swap.Area.Free > 0);
        }
    }

    /// <summary>
    /// Nothing maps an anonymous page any more; true when its frame is free: nobody else needs what the swap cache has of it
    /// (<c>free_swap_cache</c>).
    /// </summary>
    private bool LeavesSwapCache(long pfn)
    {
        if (Reclaim is null)
        {
            return true;
        }
        ref Frame frame = ref _frames[pfn];
        if (frame.Has(PageFlags.SwapCache))
        {
            if (frame.Has(PageFlags.Writeback | PageFlags.Locked) || IsSwapped(pfn))
            {
                return false;
            }
            LeaveSwapCache(pfn);
        }
        Reclaim.Lru.Remove((int)pfn);
        return true;
    }

    /// <summary>The page, or block, and its slot part; the slot's content is no longer the page's.</summary>
    private void LeaveSwapCache(long pfn)
    {
        ref Frame frame = ref _frames[pfn];
        for (long piece = pfn; piece < pfn + (frame.State == FrameState.Tail ? 1 : 1L << frame.Order); piece++)
        {
            Reclaim!.Swap.RemoveFromCache(ReverseMap.Mapping(piece), 0);
            ReverseMap.SetMapping(piece, 0);
        }
        frame.Flags = (frame.Flags & ~PageFlags.SwapCache) | PageFlags.Dirty;
    }

    /// <summary>An entry that names a slot is gone (<c>free_swap_and_cache</c>).</summary>
    private void DropSlot(AddressSpace mm, int slot)
    {
        mm.SwapEntries--;
        DropSlot(slot);
    }

    /// <summary>A slot is named once less; when nobody needs it, its page leaves the swap cache with it.</summary>
    private void DropSlot(int slot)
    {
        SwapState swap = Reclaim!.Swap;
        swap.DropEntry(slot);
        long pfn = swap.Area.CountOf(slot) == 0 ? swap.Find(slot) : -1;
        if (pfn >= 0 && Blocks.IsPiece(pfn))
        {
            ReleaseIfUnmapped(Blocks.Head(pfn));
        }
        else if (pfn >= 0 && _frames[pfn].MapCount == 0 && LeavesSwapCache(pfn))
        {
            _frames[pfn].Use = FrameUse.None;
            Released.Add(pfn);
        }
    }
}
