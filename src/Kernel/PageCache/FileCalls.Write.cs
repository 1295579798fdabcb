using Sim.Engine.Events;
using Sim.Kernel.Buddy;
using Sim.Kernel.Mm;
using Sim.Kernel.Tasks;
using Sim.Kernel.Zones;

namespace Sim.Kernel.PageCache;

/// <content>
/// Writing files (<c>generic_perform_write</c> of mm/filemap.c), bringing them to the device (<c>file_write_and_wait_range</c>), and
/// making them shorter (<c>truncate_setsize</c> of mm/truncate.c, Linux 6.1).
/// </content>
internal sealed partial class FileCalls
{
    /// <summary>Writes, as far as it goes; the file grows with it.</summary>
    /// <returns>Bytes, or minus an errno; <see cref="Errno.ERESTARTSYS"/> when the task sleeps.</returns>
    public long Write(TaskContext task, MappedFile file, ulong buffer, long length, long offset, long entry)
    {
        Errno refused = !file.Writable || file.Symbol <= 0 ? Errno.EBADF : length < 0 || offset < 0 ? Errno.EINVAL : Errno.None;
        if (refused != Errno.None)
        {
            return -(long)refused;
        }
        ref Progress progress = ref Begin(task.Pid, file.Symbol, offset, length, write: true);
        Errno error = Errno.None;
        while (progress.Done < length && task.KilledBy == 0)
        {
            long at = offset + progress.Done, pgoff = at >> Page.Shift, start = at & (Page.Size - 1);
            long bytes = Math.Min(length - progress.Done, Page.Size - start);
            long pfn = FindForWrite(task, file.Symbol, pgoff, whole: bytes == Page.Size, entry);
            if (pfn == PageAllocator.Blocked)
            {
                task.Block(entry);
                return -(long)Errno.ERESTARTSYS;
            }
            error = pfn < 0 ? Errno.ENOMEM
                : task.CopyUser(buffer + (ulong)progress.Done, bytes, write: false, _copyPs, entry) > 0 ? Errno.EFAULT : Errno.None;
            if (task.IsBlocked)
            {
                return -(long)Errno.ERESTARTSYS;
            }
            if (error != Errno.None)
            {
                break;
            }
            // The copy may have faulted, and reclaim for that have taken the page.
            if (_spaces.Cache.Find(file.Symbol, pgoff) != pfn)
            {
                continue;
            }
            bool dirties = !_frames[pfn].Has(PageFlags.Dirty);
            long cause = Wrote(file.Symbol, pgoff, pfn, start + bytes == Page.Size, entry);
            progress.Done += bytes;
            if (_throttle is not null && _throttle.MustPause(task.Pid, dirties, task.Cpu, cause))
            {
                // Made again with nothing left to do, the call returns.
                task.Block(entry);
                return -(long)Errno.ERESTARTSYS;
            }
        }
        long done = progress.Done;
        progress = default;
        return done > 0 || error == Errno.None ? done : -(long)error;
    }

    /// <summary>Begins to write all that is dirty of a file, and waits until all of it is on the device.</summary>
    /// <returns>0, or minus an errno; <see cref="Errno.ERESTARTSYS"/> when the task sleeps.</returns>
    public long Fsync(TaskContext task, MappedFile file, long entry)
    {
        if (file.Symbol <= 0)
        {
            return -(long)Errno.EBADF;
        }
        if (_writer is null)
        {
            return 0;
        }
        long from = 0;
        _writer.Write(file.Symbol, ref from, int.MaxValue, task.Cpu, entry);
        return WaitForPages(task, file.Symbol, 0, PageFlags.Writeback, entry) ? 0 : -(long)Errno.ERESTARTSYS;
    }

    /// <summary>Gives a file another length.</summary>
    /// <returns>0, or minus an errno; <see cref="Errno.ERESTARTSYS"/> when the task sleeps, until pages are read or written that are to go.</returns>
    public long Truncate(TaskContext task, MappedFile file, long length, long entry)
    {
        Errno refused = length < 0 ? Errno.EINVAL : !file.Writable || file.Symbol <= 0 ? Errno.EBADF : Errno.None;
        if (refused != Errno.None)
        {
            return -(long)refused;
        }
        long pages = (length + Page.Size - 1) >> Page.Shift;
        if (!WaitForPages(task, file.Symbol, pages, PageFlags.Writeback | PageFlags.Locked, entry))
        {
            return -(long)Errno.ERESTARTSYS;
        }
        var e = new FileTruncate(file.Symbol, pages);
        EventHeader header = _journal.Emit(in e, entry);
        _spaces.Apply(in e, in header);
        for (int pid = 1; pid <= _spaces.MaxPid; pid++)
        {
            FlushBehind(pid, file.Symbol, pages, task, header.Sequence);
        }
        FrameList released = _spaces.Released;
        for (int i = 0; i < released.Count; i++)
        {
            _allocator.FreePages(released[i], _frames[released[i]].Order, task.Cpu, header.Sequence);
        }
        return 0;
    }

    private void FlushBehind(int pid, int file, long pages, TaskContext task, long cause)
    {
        if (_spaces.Find(pid) is not { } mm)
        {
            return;
        }
        for (AreaCursor at = mm.Areas.Find(0); mm.Areas.IsValid(at); at = mm.Areas.Next(at))
        {
            ref readonly VmArea area = ref _spaces.Areas[mm.Areas.Handle(at)];
            if (area.VmFile == file && area.VmPgoff + area.Pages > pages)
            {
                _tlb.FlushRange(mm, area.VmStart, area.VmEnd, task.Cpu.Id, cause);
            }
        }
    }

    /// <summary>The task sleeps as long as a page of a file has one of the flags; true when none has.</summary>
    private bool WaitForPages(TaskContext task, int file, long from, PageFlags flags, long entry)
    {
        for (long end = _spaces.Cache.End(file), pgoff = from; pgoff < end; pgoff++)
        {
            long pfn = _spaces.Cache.Find(file, pgoff);
            if (pfn >= 0 && _frames[pfn].Has(flags))
            {
                _io!.WaitFor(pfn, task.Pid);
                task.Block(entry);
                return false;
            }
        }
        return true;
    }

    /// <summary>
    /// The page to write to: in the cache, new, or read first, and nothing ahead of it, when part of what it holds stays
    /// (<c>ext4_block_write_begin</c>, fs/ext4/inode.c).
    /// </summary>
    private long FindForWrite(TaskContext task, int file, long pgoff, bool whole, long cause)
    {
        long pfn = _spaces.Cache.Find(file, pgoff);
        if (pfn < 0 && !whole && pgoff < _spaces.Cache.Size(file))
        {
            pfn = _readahead?.ReadOne(file, pgoff, task.Pid, task.Cpu, cause) ?? _faults.ReadPage(file, pgoff, task.Cpu, cause);
            if (pfn < 0)
            {
                return pfn;
            }
        }
        if (pfn >= 0)
        {
            return WhenRead(task.Pid, pfn);
        }
        pfn = _pages.AllocOrWait(GfpFlags.HighUserMovable, KernelUser.PageCache, task.Cpu, cause, task.Pid);
        if (pfn < 0)
        {
            return pfn;
        }
        var e = new CacheAdd(file, pgoff, pfn);
        EventHeader header = _journal.Emit(in e, cause);
        _spaces.Apply(in e, in header);
        _pages.AddToLru(pfn, unevictable: false, task.Cpu, header.Sequence);
        return pfn;
    }

    private long Wrote(int file, long pgoff, long pfn, bool toEnd, long cause)
    {
        if (pgoff >= _spaces.Cache.Size(file))
        {
            var grown = new CacheSize(file, pgoff + 1);
            EventHeader at = _journal.Emit(in grown, cause);
            _spaces.Apply(in grown, in at);
        }
        if (_spaces.Reclaim is null)
        {
            return cause;
        }
        var e = new FilePageAccess(file, pgoff, pfn, Write: true, toEnd);
        EventHeader header = _journal.Emit(in e, cause);
        _spaces.Apply(in e, in header);
        return header.Sequence;
    }
}
