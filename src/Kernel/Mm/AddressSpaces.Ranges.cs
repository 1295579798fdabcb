using Sim.Engine.Events;
using Sim.Hardware.Paging;
using Sim.Kernel.Swap;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Mm;

/// <summary>Changes of areas, with the page-table entries under them.</summary>
public sealed partial class AddressSpaces :
    IApply<VmaMmap>, IApply<VmaMunmap>, IApply<VmaMprotect>, IApply<VmaBrk>, IApply<VmaGrow>
{
    public void Apply(in VmaMmap e, in EventHeader header)
    {
        if (e.File < 0)
        {
            SharedMemory.Map(-e.File, e.Pages, (e.Flags & (int)VmFlags.NoReserve) == 0);
        }
        else if (e.File > 0)
        {
            Reclaim?.Files.NoteMapped(e.File, e.Pgoff + e.Pages);
        }
        this[e.Pid].LockedVm += LockedPages((VmFlags)e.Flags, e.Pages);
        ulong start = (ulong)e.Vpn << 12;
        _editor.Map(this[e.Pid], start, start + ((ulong)e.Pages << 12), (VmFlags)e.Flags, e.File, e.Pgoff);
    }

    public void Apply(in VmaMunmap e, in EventHeader header)
    {
        Released.Clear();
        Gather.Clear();
        ulong start = (ulong)e.Vpn << 12;
        UnmapRange(this[e.Pid], start, start + ((ulong)e.Pages << 12));
    }

    public void Apply(in VmaMprotect e, in EventHeader header)
    {
        AddressSpace mm = this[e.Pid];
        ulong start = (ulong)e.Vpn << 12, end = start + ((ulong)e.Pages << 12);
        _editor.Protect(mm, start, end, (VmFlags)e.Flags);
        Gather.Clear();
        ProtectPages(mm, start, end, in Areas[mm.Areas.Handle(mm.Areas.Find(start))]);
    }

    public void Apply(in VmaBrk e, in EventHeader header)
    {
        Released.Clear();
        Gather.Clear();
        AddressSpace mm = this[e.Pid];
        ulong from = PageAlign(mm.Brk), to = PageAlign((ulong)e.Brk);
        if (to > from)
        {
            _editor.MapHeap(mm, from, to, mm.HeapFlags);
        }
        else if (to < from)
        {
            UnmapRange(mm, to, from);
        }
        mm.Brk = (ulong)e.Brk;
    }

    public void Apply(in VmaGrow e, in EventHeader header)
    {
        AddressSpace mm = this[e.Pid];
        ulong start = (ulong)e.Vpn << 12;
        AreaCursor at = mm.Areas.Find(start);
        PrepareAnonVma(mm, at);
        ref readonly VmArea area = ref Areas[mm.Areas.Handle(at)];
        mm.LockedVm += LockedPages(area.VmFlags, (long)((area.VmStart - start) >> 12));
        _editor.GrowDown(mm, start);
    }

    /// <summary>Flags of heap areas (<c>VM_DATA_DEFAULT_FLAGS | VM_ACCOUNT</c>).</summary>
    public const VmFlags HeapFlags = VmFlags.Read | VmFlags.Write | VmFlags.MayAccess | VmFlags.Account;

    /// <summary>Rounds an address up to a page.</summary>
    public static ulong PageAlign(ulong address) => (address + 0xfff) & ~0xfffUL;

    /// <summary>Unmaps pages area by area, then the areas, then the tables that only they needed.</summary>
    private void UnmapRange(AddressSpace mm, ulong start, ulong end)
    {
        for (AreaCursor at = mm.Areas.Find(start); mm.Areas.IsValid(at) && mm.Areas.Start(at) < end; at = mm.Areas.Next(at))
        {
            ref readonly VmArea area = ref Areas[mm.Areas.Handle(at)];
            ulong from = Math.Max(start, area.VmStart), to = Math.Min(end, area.VmEnd);
            UnmapPages(mm, from, to, area.VmFile);
            mm.LockedVm -= LockedPages(area.VmFlags, (long)((to - from) >> 12));
            if (area.VmFile < 0 && SharedMemory.Unmap(-area.VmFile, (long)((to - from) >> 12)))
            {
                ReleaseSharedMemory(-area.VmFile);
            }
        }
        _editor.Unmap(mm, start, end);
        AreaCursor behind = mm.Areas.Find(start), before = mm.Areas.Previous(behind);
        ulong gapStart = mm.Areas.IsValid(before) ? mm.Areas.End(before) : 0;
        ulong gapEnd = mm.Areas.IsValid(behind) ? mm.Areas.Start(behind) : ulong.MaxValue;
        int first = Released.Count;
        mm.PageTables -= _tables.FreeTables(mm.Root, start, end, gapStart, gapEnd, Released);
        for (int i = first; i < Released.Count; i++)
        {
            _frames[Released[i]].Use = FrameUse.None;
        }
        if (Released.Count > first)
        {
            Gather.AddTables(start);
        }
    }

    private void UnmapPages(AddressSpace mm, ulong start, ulong end, int file)
    {
        for (ulong at = start; at < end;)
        {
            long table = _tables.FindLeafTable(mm.Root, at, out int missing);
            if (table < 0)
            {
                if (missing == 0)
                {
                    UnmapLarge(mm, at);
                }
                at = _tables.SpanEnd(at, missing + 1);
                continue;
            }
            for (ulong stop = Math.Min(end, _tables.SpanEnd(at, 1)); at < stop; at += 4096)
            {
                ulong entry = _tables.Read(table, at);
                if (entry != 0)
                {
                    _tables.Write(table, at, 0);
                    if (SwapFormat.IsPage(entry))
                    {
                        MarkIfWritten(entry);
                        Gather.AddPage(at);
                        DropPage(mm, at, _tables.Mode.PfnOf(entry), file);
                    }
                    else
                    {
                        DropSlot(mm, SwapFormat.SlotOf(_tables.Mode, entry));
                    }
                }
            }
        }
    }

    private void ProtectPages(AddressSpace mm, ulong start, ulong end, in VmArea area)
    {
        const PteFlags Kept = PteFlags.Accessed | PteFlags.Dirty | PageProtection.NotExclusive;
        PagingMode mode = _tables.Mode;
        bool write = (area.VmFlags & VmFlags.Write) != 0, shared = (area.VmFlags & VmFlags.Shared) != 0;
        bool cleanToo = _layout.Rules.CleanPagesBecomeWritable;
        for (ulong at = start; at < end;)
        {
            long table = _tables.FindLeafTable(mm.Root, at, out int missing);
            if (table < 0)
            {
                if (missing == 0)
                {
                    ProtectLarge(mm, at, area.VmPageProt);
                }
                at = _tables.SpanEnd(at, missing + 1);
                continue;
            }
            for (ulong stop = Math.Min(end, _tables.SpanEnd(at, 1)); at < stop; at += 4096)
            {
                ulong entry = _tables.Read(table, at);
                if (!SwapFormat.IsPage(entry))
                {
                    continue;
                }
                long pfn = mode.PfnOf(entry);
                PteFlags flags = area.VmPageProt | (mode.FlagsOf(entry) & Kept);
                // A dirty page that need not be copied spares its process the next write fault (can_change_pte_writable).
                bool dirty = (flags & PteFlags.Dirty) != 0;
                if (write && pfn != ZeroPfn && (shared ? dirty : (dirty || cleanToo) && _frames[pfn].Use == FrameUse.Anon && (flags & PageProtection.NotExclusive) == 0))
                {
                    flags |= PteFlags.Write;
                }
                ulong changed = mode.MakeEntry(pfn, flags);
                if (((changed ^ entry) & ~(ulong)PageProtection.NotExclusive) != 0)
                {
                    Gather.AddPage(at);
                }
                _tables.Write(table, at, changed);
            }
        }
    }

    /// <summary>One mapping of a frame less (<c>page_remove_rmap</c>); an anonymous frame without mappings is free.</summary>
    private void DropPage(AddressSpace mm, ulong address, long pfn, int file)
    {
        if (pfn == ZeroPfn)
        {
            return;
        }
        ref Frame frame = ref _frames[pfn];
        frame.MapCount--;
        ReverseMap.Remove(pfn, mm.Pid, (long)(address >> 12));
        if (frame.Has(PageFlags.Mlocked))
        {
            UnlockPage((int)pfn);
        }
        if (frame.Use == FrameUse.Anon && Blocks.IsPiece(pfn))
        {
            mm.AnonRss--;
            DropPiece(pfn);
        }
        else if (frame.Use == FrameUse.Anon)
        {
            mm.AnonRss--;
            if (frame.MapCount == 0 && LeavesSwapCache(pfn))
            {
                frame.Use = FrameUse.None;
                Released.Add(pfn);
            }
        }
        else if (file < 0)
        {
            mm.ShmemRss--;
        }
        else
        {
            mm.FileRss--;
        }
    }

    private void ReleaseSharedMemory(int number)
    {
        // An object may be as long as all of user space, with a page or two in the cache or the swap area.
        long pages = SharedMemory.Pages(number);
        long end = pages > Cache.Count + SharedMemory.SwapEntries.Count
            ? Math.Min(pages, Math.Max(Cache.End(-number), SharedMemory.SwapEntries.End(-number))) : pages;
        for (long pgoff = 0; pgoff < end; pgoff++)
        {
            long pfn = Cache.Remove(-number, pgoff);
            if (pfn < 0)
            {
                DropSharedSlot(number, pgoff);
            }
            else
            {
                SharedMemory.ResidentPages--;
                Reclaim?.Lru.Remove((int)pfn);
                _frames[pfn].Use = FrameUse.None;
                ReverseMap.SetMapping(pfn, 0);
                Released.Add(pfn);
            }
        }
    }
}
