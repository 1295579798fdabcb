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
        Reclaim.Count(VmEvent.Pgrefill, taken);
        for (int pfn; (pfn = lru.FirstIsolated) >= 0;)
        {
            ref Frame frame = ref _frames.At(pfn);
            bool executable = TakeReferences(pfn);
            lru.Release(pfn);
            if (!executable || LruLists.IsSwapBacked(in frame))
            {
                frame.Flags = (frame.Flags & ~PageFlags.Active) | PageFlags.Workingset;
                deactivated++;
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
            Reclaim!.Count(VmEvent.Pgactivate);
            Reclaim.WorkingSet.AgeBy(1);
            // A page in use gives its slot up when the area is more than half full.
            if (frame.Has(PageFlags.SwapCache) && !frame.Has(PageFlags.Writeback) && Reclaim.Swap.Area.IsFull
                && Reclaim.Swap.Area.Count(ReverseMap.Mapping(e.Pfn)) == 0)
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
        if (e.Slot != 0)
        {
            swap.Add(e.Cpu, (int)e.Slot, e.Pfn);
            ReverseMap.SetMapping(e.Pfn, (int)e.Slot);
            frame.Flags |= PageFlags.SwapCache | PageFlags.Dirty;
        }
        int slot = anon ? ReverseMap.Mapping(e.Pfn) : 0;
        for (int entry; (entry = ReverseMap.First(e.Pfn)) != 0;)
        {
            (int pid, long vpn) = ReverseMap[entry];
            AddressSpace mm = this[pid];
            ulong address = (ulong)vpn << 12;
            long table = _tables.FindLeafTable(mm.Root, address, out _);
            ulong pte = _tables.Read(table, address);
            if ((pte & (ulong)PteFlags.Dirty) != 0)
            {
                SetDirty(e.Pfn, header.TimePs);
            }
            _tables.Write(table, address, anon ? Swap.SwapFormat.Entry(_tables.Mode, slot, (pte & (ulong)PageProtection.NotExclusive) == 0) : 0);
            ReverseMap.Remove(e.Pfn, pid, vpn);
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
            else if (ReverseMap.Mapping(e.Pfn) < 0)
            {
                mm.ShmemRss--;
            }
            else
            {
                mm.FileRss--;
            }
        }
        frame.MapCount = 0;
    }

    public void Apply(in ReclaimPageout e, in EventHeader header)
    {
        ref Frame frame = ref _frames[e.Pfn];
        ClearDirty(e.Pfn);
        Reclaim!.Count(VmEvent.NrVmscanWrite);
        Reclaim.Count(VmEvent.Pgpgout, e.Done ? 0 : 1);
        if (frame.Use == FrameUse.Anon)
        {
            Reclaim.Count(VmEvent.Pswpout);
            Reclaim.Swap.Area.Store(ReverseMap.Mapping(e.Pfn));
        }
        if (e.Done)
        {
            Reclaim.Count(VmEvent.NrWritten);
            return;
        }
        frame.Flags |= PageFlags.Writeback | PageFlags.Reclaim;
        Reclaim.Writeback++;
        RejectInGenerations(ref frame);
        PutBack((int)e.Pfn);
    }

    public void Apply(in WritebackEnd e, in EventHeader header)
    {
        ref Frame frame = ref _frames[e.Pfn];
        bool rotates = frame.Has(PageFlags.Reclaim) && frame.Has(PageFlags.Lru) && !frame.Has(PageFlags.Unevictable | PageFlags.Dirty);
        frame.Flags &= ~PageFlags.Writeback;
        Reclaim!.Writeback--;
        Reclaim.Count(VmEvent.NrWritten);
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
            Reclaim.Count(VmEvent.Pgrotated);
        }
        frame.Flags &= ~PageFlags.Reclaim;
    }

    public void Apply(in ReclaimFree e, in EventHeader header)
    {
        ref Frame frame = ref _frames[e.Pfn];
        Reclaim!.Lru.Release((int)e.Pfn);
        Reclaim.Count(Reclaim.ByKswapd ? VmEvent.PgstealKswapd : VmEvent.PgstealDirect);
        bool lazy = frame.Has(PageFlags.LazyFree);
        Reclaim.Count(LruLists.IsSwapBacked(in frame) ? VmEvent.PgstealAnon : VmEvent.PgstealFile);
        int mapping = ReverseMap.Mapping(e.Pfn);
        if (lazy)
        {
            Reclaim.Count(VmEvent.Pglazyfreed);
        }
        else if (frame.Use == FrameUse.Anon)
        {
            // A page that no entry names will not come back.
            bool wanted = Reclaim.Swap.Area.Count(mapping) > 0;
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
        for (int entry = ReverseMap.First(pfn); entry != 0; entry = ReverseMap.Next(entry))
        {
            (int pid, long vpn) = ReverseMap[entry];
            AddressSpace mm = this[pid];
            ulong address = (ulong)vpn << 12;
            long table = _tables.FindLeafTable(mm.Root, address, out _);
            ulong pte = _tables.Read(table, address);
            if ((pte & (ulong)PteFlags.Accessed) != 0)
            {
                _tables.Write(table, address, pte & ~(ulong)PteFlags.Accessed);
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
