using Sim.Engine.Events;
using Sim.Kernel.Buddy;
using Sim.Kernel.Faults;
using Sim.Kernel.Memcg;
using Sim.Kernel.Mm;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Tasks;
using Sim.Kernel.Zones;

namespace Sim.Kernel.PageCache;

/// <summary>
/// Reading files through the page cache (<c>filemap_read</c> of mm/filemap.c, Linux 6.1); FileCalls.Write.cs writes them. A call that
/// has to sleep is made again by its program, and goes on where it was. Execution state.
/// </summary>
internal sealed partial class FileCalls
{
    private struct Progress
    {
        public long Offset, Length, Done;
        public int File;
        public bool Write;
    }

    private readonly AddressSpaces _spaces;
    private readonly FrameTable _frames;
    private readonly Journal _journal;
    private readonly PageFaultHandler _faults;
    private readonly Readahead? _readahead;
    private readonly FileIo? _io;
    private readonly PageWriter? _writer;
    private readonly DirtyThrottle? _throttle;
    private readonly PageAllocator _allocator;
    private readonly ChargedPages _pages;
    private readonly ITlbFlush _tlb;
    private readonly long _copyPs;
    private Progress[] _progress = new Progress[16];

    public FileCalls(
        AddressSpaces spaces, PageAllocator allocator, Journal journal, PageFaultHandler faults, MemoryReclaim? reclaim, ITlbFlush tlb, MmCosts costs)
    {
        _spaces = spaces;
        _allocator = allocator;
        _frames = allocator.State.Frames;
        _journal = journal;
        _faults = faults;
        _pages = reclaim?.SwapFaults.Pages ?? new ChargedPages(allocator, journal, null, null, null);
        _readahead = reclaim?.Readahead;
        _io = reclaim?.Files;
        _writer = reclaim?.Writer;
        _throttle = reclaim?.Throttle;
        _tlb = tlb;
        _copyPs = costs.UserCopyPageNs * 1000L;
    }

    /// <summary>Tells a file's length.</summary>
    public void Create(int file, long pages, long cause)
    {
        var e = new CacheSize(file, pages);
        EventHeader header = _journal.Emit(in e, cause);
        _spaces.Apply(in e, in header);
    }

    /// <summary>Reads up to the file's end.</summary>
    /// <returns>Bytes, or minus an errno; <see cref="Errno.ERESTARTSYS"/> when the task sleeps.</returns>
    public long Read(TaskContext task, MappedFile file, ulong buffer, long length, long offset, long entry)
    {
        Errno refused = !file.Readable || file.Symbol <= 0 ? Errno.EBADF : length < 0 || offset < 0 ? Errno.EINVAL : Errno.None;
        if (refused != Errno.None)
        {
            return -(long)refused;
        }
        ref Progress progress = ref Begin(task.Pid, file.Symbol, offset, length, write: false);
        long size = _spaces.Cache.Size(file.Symbol);
        long end = size < long.MaxValue >> Page.Shift ? Math.Min(offset + length, size << Page.Shift) : offset + length;
        Errno error = Errno.None;
        while (offset + progress.Done < end && task.KilledBy == 0)
        {
            long at = offset + progress.Done, pgoff = at >> Page.Shift, last = (end + Page.Size - 1) >> Page.Shift;
            long pfn = Find(task.Pid, file.Symbol, pgoff, last - pgoff, task, entry);
            if (pfn == PageAllocator.Blocked)
            {
                task.Block(entry);
                return -(long)Errno.ERESTARTSYS;
            }
            if (pfn < 0)
            {
                error = Errno.ENOMEM;
                break;
            }
            long bytes = Math.Min(end - at, Page.Size - (at & (Page.Size - 1)));
            if (task.CopyUser(buffer + (ulong)progress.Done, bytes, write: true, _copyPs, entry) > 0)
            {
                if (task.IsBlocked)
                {
                    return -(long)Errno.ERESTARTSYS;
                }
                error = Errno.EFAULT;
                break;
            }
            Accessed(file.Symbol, pgoff, pfn, ((at + bytes) & (Page.Size - 1)) == 0, entry);
            progress.Done += bytes;
        }
        long done = progress.Done;
        progress = default;
        return done > 0 || error == Errno.None ? done : -(long)error;
    }

    /// <summary>The page in the cache, read if need be (<c>filemap_get_pages</c>); the task waits until it is.</summary>
    private long Find(int pid, int file, long pgoff, long wanted, TaskContext task, long cause)
    {
        if (_readahead is null)
        {
            return _faults.ReadPage(file, pgoff, task.Cpu, cause);
        }
        long pfn = _spaces.Cache.Find(file, pgoff);
        if (pfn < 0)
        {
            _readahead.OnMissing(file, pgoff, wanted, task.Cpu, cause);
            pfn = _spaces.Cache.Find(file, pgoff);
            if (pfn < 0)
            {
                pfn = _readahead.ReadOne(file, pgoff, pid, task.Cpu, cause);
                if (pfn < 0)
                {
                    return pfn;
                }
            }
        }
        if (_frames[pfn].Has(PageFlags.Readahead))
        {
            _readahead.OnMarked(file, pgoff, pfn, wanted, task.Cpu, cause);
        }
        return WhenRead(pid, pfn);
    }

    /// <summary>A page of the cache, or that its task has to wait until it is read.</summary>
    private long WhenRead(int pid, long pfn)
    {
        if (!_frames[pfn].Has(PageFlags.Locked))
        {
            return pfn;
        }
        _io!.WaitFor(pfn, pid);
        return PageAllocator.Blocked;
    }

    private void Accessed(int file, long pgoff, long pfn, bool toEnd, long cause)
    {
        if (_readahead is not null)
        {
            var e = new FilePageAccess(file, pgoff, pfn, Write: false, toEnd);
            EventHeader header = _journal.Emit(in e, cause);
            _spaces.Apply(in e, in header);
        }
    }

    private ref Progress Begin(int pid, int file, long offset, long length, bool write)
    {
        if (pid >= _progress.Length)
        {
            Array.Resize(ref _progress, Math.Max(pid + 1, _progress.Length * 2));
        }
        ref Progress progress = ref _progress[pid];
        if ((progress.File, progress.Offset, progress.Length, progress.Write) != (file, offset, length, write))
        {
            progress = new Progress { File = file, Offset = offset, Length = length, Write = write };
        }
        return ref progress;
    }
}
