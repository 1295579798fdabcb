using Sim.Engine.Events;
using Sim.Kernel.PageCache;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Mm;

/// <content>Pages of files that come from a device (mm/filemap.c, mm/readahead.c, Linux 6.1).</content>
public sealed partial class AddressSpaces :
    IApply<FileRead>, IApply<FileReadEnd>, IApply<FileReadahead>, IApply<FileMark>, IApply<FilePageAccess>
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
        // Several reads of one page count as one.
        if (file.LastRead != e.Pgoff)
        {
            MarkAccessed((int)e.Pfn);
        }
        (file.LastRead, file.LastReadToEnd) = (e.Pgoff, e.ToEnd);
    }

    /// <summary>A call has used a page: the second time makes it active (<c>folio_mark_accessed</c>).</summary>
    private void MarkAccessed(int pfn)
    {
        ref Frame frame = ref _frames.At(pfn);
        if (!frame.Has(PageFlags.Referenced))
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
        frame.Use = FrameUse.File;
        frame.Index = unchecked((int)pgoff);
        frame.MapCount = 0;
        ReverseMap.SetMapping(pfn, file);
        Cache.Add(file, pgoff, pfn);
        if (Reclaim is not null)
        {
            RefaultFile(ref frame, file, pgoff);
        }
    }
}
