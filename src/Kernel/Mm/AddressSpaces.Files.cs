using Sim.Engine.Events;
using Sim.Kernel.PageCache;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Reclaim.Generations;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Mm;

/// <content>Pages of files that come from a device (mm/filemap.c, mm/readahead.c, Linux 6.1).</content>
public sealed partial class AddressSpaces :
    IApply<FileRead>, IApply<FileReadEnd>, IApply<FileReadahead>, IApply<FileMark>, IApply<FilePageAccess>,
    IApply<FileWriteback>, IApply<FileTruncate>
{
    /// <summary>Pages that a file has: its length, or as far as it was ever mapped when nobody told it.</summary>
    public long FilePages(int file)
    {
        long pages = Cache.Size(file);
        return pages < long.MaxValue ? pages : Reclaim?.Files.Find(file)?.MappedPages ?? 0;
    }

    public void Apply(in FileRead e, in EventHeader header)
    {
        AddToCache(e.File, e.Pgoff, e.Pfn);
        _frames[e.Pfn].Flags |= PageFlags.Locked | (e.Marker ? PageFlags.Readahead : 0);
        Reclaim!.Count(VmEvent.Pgpgin);
    }

    public void Apply(in FileReadEnd e, in EventHeader header) => _frames[e.Pfn].Flags &= ~PageFlags.Locked;

    public void Apply(in FileReadahead e, in EventHeader header)
    {
        FileState file = Reclaim!.Files[e.File];
        if (e.WindowPages > 0)
        {
            file.Window = new ReadaheadWindow(e.FromPgoff, e.WindowPages, e.AsyncPages);
        }
        if (e.Miss)
        {
            file.Misses = Math.Min(file.Misses + 1, FileTable.LotsOfMisses * 10);
        }
    }

    public void Apply(in FileMark e, in EventHeader header) => _frames[e.Pfn].Flags &= ~PageFlags.Readahead;

    public void Apply(in FilePageAccess e, in EventHeader header)
    {
        FileState file = Reclaim!.Files[e.File];
        if (e.Write)
        {
            SetDirty(e.Pfn, header.TimePs);
            return;
        }
        // Several reads of one page count as one.
        if (file.LastRead != e.Pgoff)
        {
            MarkAccessed((int)e.Pfn);
        }
        (file.LastRead, file.LastReadToEnd) = (e.Pgoff, e.ToEnd);
    }

    public void Apply(in FileWriteback e, in EventHeader header)
    {
        for (int entry = ReverseMap.First(e.Pfn); entry != 0; entry = ReverseMap.Next(entry))
        {
            (int pid, long vpn) = ReverseMap[entry];
            ulong address = (ulong)vpn << 12;
            long table = _tables.FindLeafTable(this[pid].Root, address, out _);
            _tables.Write(table, address, _tables.Read(table, address) & ~(ulong)Written);
        }
        ClearDirty(e.Pfn);
        _frames[e.Pfn].Flags |= PageFlags.Writeback;
        Reclaim!.Writeback++;
        Reclaim.Count(VmEvent.Pgpgout);
    }

    /// <summary>Areas lose what lies behind the end, private copies too (<c>unmap_mapping_range</c>), then the cache does.</summary>
    public void Apply(in FileTruncate e, in EventHeader header)
    {
        Released.Clear();
        for (int pid = 1; pid <= MaxPid; pid++)
        {
            if (Find(pid) is not { } mm)
            {
                continue;
            }
            for (AreaCursor at = mm.Areas.Find(0); mm.Areas.IsValid(at); at = mm.Areas.Next(at))
            {
                ref readonly VmArea area = ref Areas[mm.Areas.Handle(at)];
                if (area.VmFile == e.File && area.VmPgoff + area.Pages > e.Pages)
                {
                    UnmapPages(mm, area.VmStart + ((ulong)Math.Max(0, e.Pages - area.VmPgoff) << 12), area.VmEnd, area.VmFile);
                }
            }
        }
        Cache.SetSize(e.File, e.Pages);
        for (long end = Cache.End(e.File), pgoff = e.Pages; pgoff < end; pgoff++)
        {
            long pfn = Cache.Remove(e.File, pgoff);
            if (pfn >= 0)
            {
                ClearDirty(pfn);
                Reclaim?.Lru.Remove((int)pfn);
                _frames[pfn].Use = FrameUse.None;
                ReverseMap.SetMapping(pfn, 0);
                Released.Add(pfn);
            }
        }
        for (long end = Reclaim?.FileShadows.End(e.File) ?? 0, pgoff = e.Pages; pgoff < end; pgoff++)
        {
            Reclaim!.FileShadows.Remove(e.File, pgoff);
        }
    }

    /// <summary>A page is newer than what its device has (<c>folio_mark_dirty</c>).</summary>
    private void SetDirty(long pfn, long timePs)
    {
        ref Frame frame = ref _frames[pfn];
        int file = ReverseMap.Mapping(pfn);
        if (Reclaim is null || frame.Has(PageFlags.Dirty))
        {
            return;
        }
        frame.Flags = (frame.Flags | PageFlags.Dirty) & ~PageFlags.Reclaim;
        if (file > 0 && frame.Use == FrameUse.File)
        {
            Reclaim.Files[file].Dirty.Add((uint)frame.Index, timePs);
            Reclaim.Files.Dirty++;
            Reclaim.Count(VmEvent.NrDirtied);
        }
    }

    /// <summary>The device is about to have what the page holds, or need not.</summary>
    private void ClearDirty(long pfn)
    {
        ref Frame frame = ref _frames[pfn];
        int file = ReverseMap.Mapping(pfn);
        if (file > 0 && frame.Use == FrameUse.File && frame.Has(PageFlags.Dirty))
        {
            Reclaim!.Files[file].Dirty.Remove((uint)frame.Index);
            Reclaim.Files.Dirty--;
        }
        frame.Flags &= ~PageFlags.Dirty;
    }

    /// <summary>A call has used a page: the second time makes it active (<c>folio_mark_accessed</c>).</summary>
    private void MarkAccessed(int pfn)
    {
        ref Frame frame = ref _frames.At(pfn);
        if (Reclaim!.Lru.Generations is not null)
        {
            GenerationState.CountUse(ref frame);
        }
        else if (!frame.Has(PageFlags.Referenced))
        {
            frame.Flags |= PageFlags.Referenced;
        }
        else if (!frame.Has(PageFlags.Active | PageFlags.Unevictable))
        {
            bool listed = frame.Has(PageFlags.Lru);
            if (listed)
            {
                Reclaim!.Lru.Take(pfn);
                Reclaim.Count(VmEvent.Pgactivate);
            }
            frame.Flags = (frame.Flags | PageFlags.Active) & ~PageFlags.Referenced;
            if (listed)
            {
                Reclaim!.Lru.Put(pfn);
            }
            Reclaim!.WorkingSet.AgeBy(1);
        }
    }

    /// <summary>A frame becomes a page of a file or of shared memory; one that was evicted finds its shadow.</summary>
    private void AddToCache(int file, long pgoff, long pfn)
    {
        ref Frame frame = ref _frames[pfn];
        frame.Use = file < 0 ? FrameUse.Shmem : FrameUse.File;
        frame.Index = unchecked((int)pgoff);
        frame.MapCount = 0;
        ReverseMap.SetMapping(pfn, file);
        Cache.Add(file, pgoff, pfn);
        if (file < 0)
        {
            SharedMemory.ResidentPages++;
        }
        else if (Reclaim is not null)
        {
            RefaultFile(ref frame, file, pgoff);
        }
    }
}
