using Sim.Engine.Events;
using Sim.Hardware.Paging;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Mm;

/// <content>What reclaim changes of pages: references, lists, mappings, caches (mm/vmscan.c, mm/rmap.c, Linux 6.1).</content>
public sealed partial class AddressSpaces :
    IApply<LruIsolate>, IApply<LruDeactivate>, IApply<ReclaimKeep>, IApply<ReclaimUnmap>, IApply<ReclaimPageout>, IApply<WritebackEnd>,
    IApply<ReclaimFree>
{
    /// <summary>Lists and swap area; null in a kernel that does not reclaim.</summary>
    public ReclaimState? Reclaim { get; }

    /// <summary>What the <c>lru.isolate</c> or <c>lru.deactivate</c> applied last did; tells the decider, no part of the state.</summary>
    internal (int Taken, int Deactivated) LastIsolation { get; private set; }

    /// <summary>
    /// Entries of huge pages whose accessed bits the event applied last has cleared: unlike those of pages they are flushed
    /// (<c>pmdp_clear_flush_young</c>). Tells the decider, no part of the state.
    /// </summary>
    internal List<(int Pid, long Vpn)> OldBlocks { get; } = [];

    /// <summary>True for a page of a file; one of shared memory is on the lists of anonymous pages.</summary>
    internal bool IsFilePage(long pfn) => _frames[pfn].Use == FrameUse.File;

    /// <summary>
    /// How many entries that map a page have their accessed bit set, whether one of those is in an executable area, and any in a locked one
    /// (<c>folio_referenced</c>, without clearing the bits).
    /// </summary>
    public int References(long pfn, out bool executable, out bool locked)
    {
        int references = 0;
        executable = locked = false;
        for (long end = pfn + (1L << _frames[pfn].Order); pfn < end; pfn++)
        {
            for (int entry = ReverseMap.First(pfn); entry != 0; entry = ReverseMap.Next(entry))
            {
                (int pid, long vpn) = ReverseMap[entry];
                AddressSpace mm = this[pid];
                ulong address = (ulong)vpn << 12;
                VmFlags flags = Areas[mm.Areas.Handle(mm.Areas.Find(address))].VmFlags;
                locked |= (flags & VmFlags.Locked) != 0;
                if ((_tables.ReadPte(mm.Root, address) & (ulong)PteFlags.Accessed) != 0)
                {
                    references++;
                    executable |= (flags & VmFlags.Exec) != 0;
                }
            }
        }
        return references;
    }

    public void Apply(in LruIsolate e, in EventHeader header)
    {
        int taken = Reclaim!.Lru.Isolate(e.Lru, e.MaxPages, e.Highest);
        Reclaim.ByKswapd = e.Kswapd;
        Reclaim.Count(e.Kswapd ? VmEvent.PgscanKswapd : VmEvent.PgscanDirect, taken);
        Reclaim.Count(e.Lru.IsFile() ? VmEvent.PgscanFile : VmEvent.PgscanAnon, taken);
        LastIsolation = (taken, 0);
    }

    public void Apply(in LruDeactivate e, in EventHeader header)
    {
        LruState lru = Reclaim!.Lru;
        int taken = lru.Isolate(e.Lru, e.MaxPages, e.Highest), deactivated = 0;
        OldBlocks.Clear();
        Reclaim.Count(VmEvent.Pgrefill, taken);
        for (int pfn; (pfn = lru.FirstIsolated) >= 0;)
        {
            ref Frame frame = ref _frames.At(pfn);
            bool executable = TakeReferences(pfn);
            lru.Release(pfn);
            // Code of files stays; what is swapped does not, shared memory included (shrink_active_list).
            if (!executable || LruLists.IsSwapBacked(in frame))
            {
                frame.Flags = (frame.Flags & ~PageFlags.Active) | PageFlags.Workingset;
                deactivated += 1 << frame.Order;
            }
            else
            {
                Reclaim.WorkingSet.AgeBy(1);
            }
            lru.Put(pfn);
        }
        Reclaim.Count(VmEvent.Pgdeactivate, deactivated);
        LastIsolation = (taken, deactivated);
    }

    public void Apply(in ReclaimKeep e, in EventHeader header)
    {
        ref Frame frame = ref _frames[e.Pfn];
        OldBlocks.Clear();
        if (e.Reason == KeepReason.Rewritten)
        {
            frame.Flags &= ~PageFlags.LazyFree;
        }
        bool activates = e.Reason is not (KeepReason.Referenced or KeepReason.MayNot);
        if (e.Reason is KeepReason.Referenced or KeepReason.Activated)
        {
            TakeReferences(e.Pfn);
            frame.Flags |= PageFlags.Referenced;
        }
        else
        {
            // Looking at its references took the mark of calls that had used it, too; one that is being written or read is not looked at.
            frame.Flags &= e.Reason == KeepReason.Writeback || frame.Has(PageFlags.Locked) ? ~PageFlags.None : ~PageFlags.Referenced;
            frame.Flags |= e.Reason is KeepReason.Writeback or KeepReason.Dirty ? PageFlags.Reclaim : PageFlags.None;
        }
        if (activates)
        {
            frame.Flags |= PageFlags.Active;
            Reclaim!.Count(VmEvent.Pgactivate, 1L << frame.Order);
            Reclaim.WorkingSet.AgeBy(1u << frame.Order);
            // A page in use gives its slot up when the area is more than half full.
            if (frame.Has(PageFlags.SwapCache) && !frame.Has(PageFlags.Writeback) && Reclaim.Swap.Area.IsFull && !IsSwapped(e.Pfn))
            {
                LeaveSwapCache(e.Pfn);
            }
        }
        RejectInGenerations(ref frame);
        PutBack((int)e.Pfn);
    }

    public void Apply(in ReclaimUnmap e, in EventHeader header)
    {
        ref Frame frame = ref _frames[e.Pfn];
        Swap.SwapState swap = Reclaim!.Swap;
        bool lazy = frame.Has(PageFlags.LazyFree), anon = frame.Use == FrameUse.Anon && !lazy;
        frame.Flags &= ~PageFlags.Referenced;
        int pages = 1 << frame.Order;
        if (e.Slot != 0)
        {
            if (pages == 1)
            {
                swap.TakeSlot(e.Cpu, (int)e.Slot);
            }
            for (int i = 0; i < pages; i++)
            {
                swap.AddToCache((int)e.Slot + i, e.Pfn + i);
                ReverseMap.SetMapping(e.Pfn + i, (int)e.Slot + i);
            }
            frame.Flags |= PageFlags.SwapCache | PageFlags.Dirty;
        }
        for (long piece = e.Pfn; piece < e.Pfn + pages; piece++)
        {
            UnmapEntries(piece, anon, lazy, header.TimePs);
        }
    }

    /// <summary>Takes a page, perhaps of a block whose own entries are split, out of all page tables.</summary>
    private void UnmapEntries(long pfn, bool anon, bool lazy, long timePs)
    {
        ref Frame frame = ref _frames[pfn];
        Swap.SwapState swap = Reclaim!.Swap;
        int slot = anon ? ReverseMap.Mapping(pfn) : 0;
        for (int entry; (entry = ReverseMap.First(pfn)) != 0;)
        {
            (int pid, long vpn) = ReverseMap[entry];
            AddressSpace mm = this[pid];
            ulong address = (ulong)vpn << 12;
            long table = _tables.FindLeafTable(mm.Root, address, out _);
            ulong pte = _tables.Read(table, address);
            if ((pte & (ulong)PteFlags.Dirty) != 0)
            {
                SetDirty(Blocks.Head(pfn), timePs);
            }
            _tables.Write(table, address, anon ? Swap.SwapFormat.Entry(_tables.Mode, slot, (pte & (ulong)PageProtection.NotExclusive) == 0) : 0);
            ReverseMap.Remove(pfn, pid, vpn);
            if (anon)
            {
                swap.Area.AddEntry(slot);
                mm.AnonRss--;
                mm.SwapEntries++;
            }
            else if (lazy)
            {
                mm.AnonRss--;
            }
            else if (ReverseMap.Mapping(pfn) < 0)
            {
                mm.ShmemRss--;
            }
            else
            {
                mm.FileRss--;
            }
        }
        if (frame.MapCount > 0 && Blocks.IsPiece(pfn))
        {
            Blocks.AddPieces(Blocks.Head(pfn), -frame.MapCount);
        }
        frame.MapCount = 0;
    }

    public void Apply(in ReclaimPageout e, in EventHeader header)
    {
        ref Frame frame = ref _frames[e.Pfn];
        ClearDirty(e.Pfn);
        int pages = 1 << frame.Order;
        Reclaim!.Count(VmEvent.NrVmscanWrite, pages);
        Reclaim.Count(VmEvent.Pgpgout, e.Done ? 0 : pages);
        if (frame.Use == FrameUse.Anon)
        {
            Reclaim.Count(VmEvent.Pswpout, pages);
            for (int i = 0; i < pages; i++)
            {
                Reclaim.Swap.Area.Store(ReverseMap.Mapping(e.Pfn + i));
            }
            HugePages = pages > 1 ? HugePages with { Swpouts = HugePages.Swpouts + 1 } : HugePages;
        }
        if (e.Done)
        {
            Reclaim.Count(VmEvent.NrWritten, pages);
            return;
        }
        frame.Flags |= PageFlags.Writeback | PageFlags.Reclaim;
        Reclaim.Writeback += pages;
        RejectInGenerations(ref frame);
        PutBack((int)e.Pfn);
    }

    public void Apply(in WritebackEnd e, in EventHeader header)
    {
        ref Frame frame = ref _frames[e.Pfn];
        bool rotates = frame.Has(PageFlags.Reclaim) && frame.Has(PageFlags.Lru) && !frame.Has(PageFlags.Unevictable | PageFlags.Dirty);
        frame.Flags &= ~PageFlags.Writeback;
        Reclaim!.Writeback -= 1L << frame.Order;
        Reclaim.Count(VmEvent.NrWritten, 1L << frame.Order);
        if (rotates)
        {
            // Active by now only because it was met while it was written: to the end of the inactive list all the same.
            if (frame.Has(PageFlags.Active))
            {
                Reclaim.Lru.Take((int)e.Pfn);
                frame.Flags &= ~PageFlags.Active;
                Reclaim.Lru.Put((int)e.Pfn);
            }
            Reclaim.Lru.Rotate((int)e.Pfn);
            Reclaim.Count(VmEvent.Pgrotated, 1L << frame.Order);
        }
        frame.Flags &= ~PageFlags.Reclaim;
    }

    public void Apply(in ReclaimFree e, in EventHeader header)
    {
        ref Frame frame = ref _frames[e.Pfn];
        Reclaim!.Lru.Release((int)e.Pfn);
        int pages = 1 << frame.Order;
        Reclaim.Count(Reclaim.ByKswapd ? VmEvent.PgstealKswapd : VmEvent.PgstealDirect, pages);
        bool lazy = frame.Has(PageFlags.LazyFree);
        Reclaim.Count(LruLists.IsSwapBacked(in frame) ? VmEvent.PgstealAnon : VmEvent.PgstealFile, pages);
        int mapping = ReverseMap.Mapping(e.Pfn);
        if (lazy)
        {
            Reclaim.Count(VmEvent.Pglazyfreed);
        }
        else if (pages > 1)
        {
            ReleaseBlock(e.Pfn, pages);
        }
        else if (frame.Use == FrameUse.Anon)
        {
            // A page that no entry names will not come back.
            bool wanted = Reclaim.Swap.Area.CountOf(mapping) > 0;
            Reclaim.Swap.RemoveFromCache(mapping, wanted ? Reclaim.WorkingSet.Evict(in frame) : 0);
        }
        else if (frame.Use == FrameUse.Shmem)
        {
            // Never written to: it comes back as zeroes, and leaves nothing behind.
            Cache.Remove(mapping, (uint)frame.Index);
            SharedMemory.ResidentPages--;
        }
        else
        {
            Cache.Remove(mapping, (uint)frame.Index);
            Reclaim.FileShadows.Add(mapping, (uint)frame.Index, Reclaim.WorkingSet.Evict(in frame));
        }
        ReverseMap.SetMapping(e.Pfn, 0);
        frame.Use = FrameUse.None;
        frame.Flags = PageFlags.None;
        frame.Uses = 0;
    }

    /// <summary>A block leaves the swap cache and is to be freed; all its pages leave the same shadow.</summary>
    private void ReleaseBlock(long head, int pages)
    {
        uint shadow = IsSwapped(head) ? Reclaim!.WorkingSet.Evict(in _frames[head]) : 0;
        Reclaim!.WorkingSet.AgeBy(shadow == 0 ? 0 : (uint)pages - 1);
        for (long pfn = head; pfn < head + pages; pfn++)
        {
            int slot = ReverseMap.Mapping(pfn);
            Reclaim.Swap.RemoveFromCache(slot, Reclaim.Swap.Area.CountOf(slot) > 0 ? shadow : 0);
            ReverseMap.SetMapping(pfn, 0);
        }
        Blocks.End(head);
    }

    /// <summary>Some entry names the slot of a page of the swap cache, or of a page of its block (<c>folio_swapped</c>).</summary>
    internal bool IsSwapped(long pfn)
    {
        long head = Blocks.Head(pfn);
        for (long piece = head; piece < head + (1L << _frames[head].Order); piece++)
        {
            if (Reclaim!.Swap.Area.CountOf(ReverseMap.Mapping(piece)) > 0)
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>An isolated page goes back to the list its flags name.</summary>
    private void PutBack(int pfn)
    {
        Reclaim!.Lru.Release(pfn);
        Reclaim.Lru.Put(pfn);
    }

    /// <summary>Clears the accessed bits of a page's entries; true when one was set in an executable area.</summary>
    private bool TakeReferences(long pfn)
    {
        bool executable = false;
        for (long end = pfn + (1L << _frames[pfn].Order); pfn < end; pfn++)
        {
            for (int entry = ReverseMap.First(pfn); entry != 0; entry = ReverseMap.Next(entry))
            {
                (int pid, long vpn) = ReverseMap[entry];
                AddressSpace mm = this[pid];
                ulong address = (ulong)vpn << 12;
                long table = _tables.FindLeafTable(mm.Root, address, out _);
                ulong pte = table >= 0 ? _tables.Read(table, address) : _tables.ReadLarge(mm.Root, address);
                if ((pte & (ulong)PteFlags.Accessed) == 0)
                {
                    continue;
                }
                if (table >= 0)
                {
                    _tables.Write(table, address, pte & ~(ulong)PteFlags.Accessed);
                }
                else
                {
                    _tables.WriteLarge(mm.Root, address, pfn, _tables.Mode.FlagsOf(pte) & ~PteFlags.Accessed);
                    OldBlocks.Add((pid, vpn));
                }
                executable |= (Areas[mm.Areas.Handle(mm.Areas.Find(address))].VmFlags & VmFlags.Exec) != 0;
            }
        }
        return executable;
    }

    /// <summary>A page of a file comes into the cache; one that was evicted finds its shadow.</summary>
    private void RefaultFile(ref Frame frame, int file, long pgoff)
    {
        long shadow = Reclaim!.FileShadows.Remove(file, pgoff);
        if (shadow > 0)
        {
            Reclaim.WorkingSet.Refault(ref frame, (uint)shadow, Reclaim.Swap.Area.Free > 0);
        }
    }

    /// <summary>
    /// A written entry is gone: its page of shared memory is dirty (<c>zap_pte_range</c>). One of a file was marked when the entry was
    /// made writable.
    /// </summary>
    private void MarkIfWritten(ulong entry)
    {
        long pfn = _tables.Mode.PfnOf(entry);
        if (Reclaim is not null && pfn != ZeroPfn && (entry & (ulong)PteFlags.Dirty) != 0 && _frames[pfn].Use == FrameUse.Shmem)
        {
            _frames[pfn].Flags |= PageFlags.Dirty;
        }
    }
}
