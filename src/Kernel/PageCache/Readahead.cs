using System.Numerics;
using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Kernel.Buddy;
using Sim.Kernel.Memcg;
using Sim.Kernel.Mm;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Zones;

namespace Sim.Kernel.PageCache;

/// <summary>
/// Reads pages of files, and others that will probably be wanted (mm/readahead.c, and <c>do_sync_mmap_readahead</c> of
/// mm/filemap.c, Linux 6.1). It never waits: whoever needs a page looks into the cache afterwards.
/// </summary>
internal sealed class Readahead
{
    /// <summary>Quietly, and without going back to files for memory (<c>readahead_gfp_mask</c>).</summary>
    private const GfpFlags AheadGfp = (GfpFlags.HighUserMovable | GfpFlags.NoRetry | GfpFlags.NoWarn) & ~GfpFlags.Fs;

    /// <summary>Pages of the largest request that suits the device (<c>io_pages</c>): 1,280 KiB (<c>BLK_DEF_MAX_SECTORS</c>), unless a device takes less.</summary>
    private const int DevicePages = 320;

    private readonly AddressSpaces _spaces;
    private readonly ReclaimState _state;
    private readonly ChargedPages _pages;
    private readonly FrameTable _frames;
    private readonly Journal _journal;
    private readonly FileIo _io;
    private readonly int _max;

    public Readahead(AddressSpaces spaces, FrameTable frames, ChargedPages pages, Journal journal, FileIo io, PageCacheOptions options)
    {
        _spaces = spaces;
        _state = spaces.Reclaim!;
        _pages = pages;
        _frames = frames;
        _journal = journal;
        _io = io;
        _max = options.ReadaheadPages;
    }

    /// <summary>Most pages read ahead together.</summary>
    public int MaxPages => _max;

    /// <summary>A call needs pages of which the first is missing (<c>page_cache_sync_ra</c>).</summary>
    public void OnMissing(int file, long pgoff, long wanted, CpuClock cpu, long cause)
    {
        if (_max == 0)
        {
            Read(file, pgoff, 1, 0, cpu, cause);
            return;
        }
        OnDemand(file, pgoff, wanted, marked: false, cpu, cause);
    }

    /// <summary>A call or an access has come to a marked page (<c>page_cache_async_ra</c>).</summary>
    public void OnMarked(int file, long pgoff, long pfn, long wanted, CpuClock cpu, long cause)
    {
        // In the kernel the mark of a page being written would be another one, which shares its bit (PG_reclaim).
        if (_max == 0 || _frames[pfn].Has(PageFlags.Writeback))
        {
            return;
        }
        var e = new FileMark(pfn);
        EventHeader header = _journal.Emit(in e, cause);
        _spaces.Apply(in e, in header);
        _pages.Pin(pfn);
        OnDemand(file, pgoff, wanted, marked: true, cpu, cause);
        _pages.Pin(-1);
    }

    /// <summary>A mapped page is missing: pages around it are read, unless that has been in vain lately.</summary>
    public void OnFault(int file, long pgoff, VmFlags area, CpuClock cpu, long cause)
    {
        if ((area & VmFlags.RandomRead) != 0 || _max == 0)
        {
            return;
        }
        if ((area & VmFlags.SequentialRead) != 0)
        {
            OnMissing(file, pgoff, _max, cpu, cause);
            return;
        }
        if (_state.Files[file].Misses + 1 > FileTable.LotsOfMisses)
        {
            Move(file, new ReadaheadWindow(pgoff, 0, 0), miss: true, cause);
            return;
        }
        var window = new ReadaheadWindow(Math.Max(0, pgoff - (_max / 2)), _max, _max / 4);
        long at = Move(file, window, miss: true, cause);
        Read(file, window.Start, window.Pages, window.AsyncPages, cpu, at);
    }

    /// <summary>A program will need a range (<c>force_page_cache_ra</c>), which is read in pieces of 2 MiB.</summary>
    public void OnWish(int file, long pgoff, long pages, CpuClock cpu, long cause)
    {
        const long Piece = 512;
        pages = Math.Min(pages, Math.Max(_max, DevicePages));
        for (long done = 0; done < pages; done += Piece)
        {
            Read(file, pgoff + done, Math.Min(Piece, pages - done), 0, cpu, cause);
        }
    }

    /// <summary>Begins to read one page that is not in the cache, as its asker must have it (<c>filemap_create_folio</c>).</summary>
    /// <returns>Its frame; -1, or <see cref="PageAllocator.Blocked"/> when the asker has to wait for memory.</returns>
    public long ReadOne(int file, long pgoff, int pid, CpuClock cpu, long cause)
    {
        long pfn = _pages.AllocOrWait(GfpFlags.HighUserMovable, KernelUser.PageCache, cpu, cause, pid);
        if (pfn >= 0)
        {
            Begin(file, pgoff, pfn, marker: false, cpu, cause);
            _io.Submit(cpu, cause);
        }
        return pfn;
    }

    /// <summary>The algorithm of <c>ondemand_readahead</c>: windows that follow each other grow.</summary>
    private void OnDemand(int file, long pgoff, long wanted, bool marked, CpuClock cpu, long cause)
    {
        FileState state = _state.Files[file];
        ReadaheadWindow window = state.Window;
        // Who asks for more than a window gets as much as suits the device.
        int max = (int)Math.Max(_max, Math.Min(wanted, DevicePages));
        if (pgoff == 0)
        {
            window = First(pgoff, wanted, max);
        }
        else if (window.Pages > 0 && (pgoff == window.Start + window.Pages - window.AsyncPages || pgoff == window.Start + window.Pages))
        {
            int next = Math.Max(window.Pages, Next(window.Pages, max));
            window = new ReadaheadWindow(window.Start + window.Pages, next, next);
        }
        else if (marked)
        {
            long start = pgoff + 1;
            while (start - pgoff <= max && _spaces.Cache.Find(file, start) >= 0)
            {
                start++;
            }
            if (start - pgoff > max)
            {
                return;
            }
            int next = Next((int)Math.Min(start - pgoff + wanted, max), max);
            window = new ReadaheadWindow(start, next, next);
        }
        else if (wanted > max || pgoff - state.PreviousEnd is 0 or 1)
        {
            window = First(pgoff, wanted, max);
        }
        else
        {
            long history = History(file, pgoff, max);
            if (history <= wanted)
            {
                // A small read at random: as it is.
                Read(file, pgoff, wanted, 0, cpu, cause);
                return;
            }
            history = history >= pgoff ? history * 2 : history;
            window = new ReadaheadWindow(pgoff, (int)Math.Min(history + wanted, max), 1);
        }
        if (pgoff == window.Start && window.Pages == window.AsyncPages)
        {
            // The read would come to its own mark at once.
            int more = Next(window.Pages, max);
            window = window.Pages + more <= max
                ? window with { Pages = window.Pages + more, AsyncPages = more }
                : window with { Pages = max, AsyncPages = max / 2 };
        }
        long at = Move(file, window, miss: false, cause);
        Read(file, window.Start, window.Pages, window.AsyncPages, cpu, at);
    }

    /// <summary>The first window (<c>get_init_ra_size</c>).</summary>
    private static ReadaheadWindow First(long pgoff, long wanted, int max)
    {
        long rounded = (long)BitOperations.RoundUpToPowerOf2((ulong)Math.Clamp(wanted, 1, int.MaxValue));
        int pages = (int)(rounded <= max / 32 ? rounded * 4 : rounded <= max / 4 ? rounded * 2 : max);
        return new ReadaheadWindow(pgoff, pages, (int)(pages > wanted ? pages - wanted : pages));
    }

    /// <summary>The length of the next window (<c>get_next_ra_size</c>).</summary>
    private static int Next(int pages, int max) => pages < max / 16 ? pages * 4 : pages <= max / 2 ? pages * 2 : max;

    /// <summary>Pages in the cache right before one: what a sequential reader has left (<c>count_history_pages</c>).</summary>
    private long History(int file, long pgoff, int max)
    {
        long pages = 0;
        while (pages < max && pages < pgoff && _spaces.Cache.Find(file, pgoff - 1 - pages) >= 0)
        {
            pages++;
        }
        return pages;
    }

    private long Move(int file, in ReadaheadWindow window, bool miss, long cause)
    {
        var e = new FileReadahead(file, window.Start, window.Pages, window.AsyncPages, miss);
        EventHeader header = _journal.Emit(in e, cause);
        _spaces.Apply(in e, in header);
        return header.Sequence;
    }

    /// <summary>Reads what is missing of a range, as far as the file goes (<c>do_page_cache_ra</c>).</summary>
    private void Read(int file, long start, long pages, int asyncPages, CpuClock cpu, long cause)
    {
        // The mark is so far before the end of what the file has: a window that reaches behind it is cut first.
        long end = Math.Min(start + pages, _spaces.FilePages(file)), marked = end - asyncPages;
        for (long pgoff = start; pgoff < end; pgoff++)
        {
            if (_spaces.Cache.Find(file, pgoff) >= 0)
            {
                continue;
            }
            long pfn = _pages.TryAlloc(AheadGfp, KernelUser.PageCache, cpu, cause);
            if (pfn < 0)
            {
                break;
            }
            Begin(file, pgoff, pfn, pgoff == marked, cpu, cause);
        }
        _io.Submit(cpu, cause);
    }

    private void Begin(int file, long pgoff, long pfn, bool marker, CpuClock cpu, long cause)
    {
        var e = new FileRead(file, pgoff, pfn, marker);
        EventHeader header = _journal.Emit(in e, cause);
        _spaces.Apply(in e, in header);
        _pages.AddToLru(pfn, unevictable: false, cpu, header.Sequence);
        _io.Gather((int)pfn, write: false, cpu, header.Sequence);
    }
}
